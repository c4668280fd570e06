import { backgroundOf, colourOf, position, type Scale } from '../../src/report/palette.js';

/** The colours of heat maps, as ColorBrewer's RdBu and matplotlib's viridis have them, and what terminals of fewer colours show of them. */
const AROUND: Scale = { kind: 'diverging', low: -2, high: 2 };
const ABOVE: Scale = { kind: 'sequential', low: 0, high: 1 };
const hex = (x: number, scale: Scale) =>
  colourOf(x, scale)
    .map(v => v.toString(16).padStart(2, '0'))
    .join('');

it('a number stands between the ends of its scale, and never beyond', () => {
  expect([-3, -2, -1, 0, 1, 2, 9].map(x => position(x, AROUND))).toEqual([0, 0, 0.25, 0.5, 0.75, 1, 1]);
  expect([-1, 0, 0.25, 1, 2].map(x => position(x, ABOVE))).toEqual([0, 0, 0.25, 1, 1]);
  expect(position(Number.NaN, ABOVE)).toBeNaN();
});

it('the ends and the middle have the colours of the two scales, and what lies between is mixed', () => {
  expect([-2, 0, 2].map(x => hex(x, AROUND))).toEqual(['053061', 'e4e4e4', '67001f']);
  expect([-1.6, 1.6].map(x => hex(x, AROUND))).toEqual(['2166ac', 'b2182b']);
  expect([0, 1].map(x => hex(x, ABOVE))).toEqual(['440154', 'fde725']);
  // half of the way from 440154 to 482878
  expect(hex(1 / 18, ABOVE)).toBe('461566');
  expect(hex(Number.NaN, ABOVE)).toBe('808080');
});

it('sixteen colours: each fifth of the scale has one, the upper end the last', () => {
  const all = (scale: Scale, places: readonly number[]) => places.map(x => backgroundOf(x, scale, 1));
  expect(all(ABOVE, [0, 0.19, 0.21, 0.39, 0.41, 0.59, 0.61, 0.79, 0.81, 1])).toEqual([
    '40;97',
    '40;97',
    '44;97',
    '44;97',
    '46;30',
    '46;30',
    '42;30',
    '42;30',
    '43;30',
    '43;30',
  ]);
  expect(all(AROUND, [-2, -1.1, 0, 1.1, 2])).toEqual(['44;97', '46;30', '47;30', '43;30', '41;97']);
  expect(backgroundOf(Number.NaN, AROUND, 1)).toBe('45;97');
});

it('256 colours: the nearest of the cube and of the greys; 24 bits: the colour itself; none: nothing', () => {
  expect([-2, 0, 2].map(x => backgroundOf(x, AROUND, 2))).toEqual(['48;5;23', '48;5;254', '48;5;52']);
  expect([-2, 0].map(x => backgroundOf(x, AROUND, 3))).toEqual(['48;2;5;48;97', '48;2;228;228;228']);
  expect(backgroundOf(1, AROUND, 0)).toBe('');
});
