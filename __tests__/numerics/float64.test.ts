import { erf, erfc } from '../../src/numerics/erf.js';
import { exp } from '../../src/numerics/exp.js';
import { expm1 } from '../../src/numerics/expm1.js';
import { log1p } from '../../src/numerics/log1p.js';
import { sigmoid } from '../../src/numerics/sigmoid.js';
import { tanh } from '../../src/numerics/tanh.js';
import * as reference from './reference.js';

/** Weyl sequence in [0, 1): dense, reproducible, and no generator of ours. */
function* weyl(count: number): Generator<number> {
  for (let i = 1, u = 0; i <= count; i++) {
    u = (u + 0.6180339887498949) % 1;
    yield u;
  }
}

/** `count` values in each of the ranges [bounds[0], bounds[1]), [bounds[2], bounds[3]) … */
function between(count: number, ...bounds: readonly number[]): number[] {
  const xs: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) for (const u of weyl(count)) xs.push(bounds[i] + (bounds[i + 1] - bounds[i]) * u);
  return xs;
}

/** values spread evenly over exponents, both signs */
function logarithmic(least: number, most: number, count: number): number[] {
  const xs: number[] = [];
  for (const u of weyl(count)) {
    const x = 2 ** (least + (most - least) * u);
    xs.push(x, -x);
  }
  return xs;
}

function worst(f: (x: number) => number, truth: (x: number) => reference.Big, xs: readonly number[]): { ulps: number; x: number } {
  let most = { ulps: 0, x: Number.NaN };
  for (const x of xs) {
    const u = reference.ulps(f(x), truth(x));
    if (!(u <= most.ulps)) most = { ulps: u, x };
  }
  return most;
}

describe('the reference itself', () => {
  it('knows constants to the last digit of a double', () => {
    expect(reference.ulps(Math.E, reference.exp(1))).toBeLessThan(0.5);
    expect(reference.ulps(Math.LN2, reference.log1p(1))).toBeLessThan(0.5);
    expect(reference.ulps(0.7615941559557649, reference.tanh(1))).toBeLessThan(0.5);
    expect(reference.ulps(0.8427007929497149, reference.erf(1))).toBeLessThan(0.5);
    expect(reference.ulps(0.15729920705028513, reference.erfc(1))).toBeLessThan(0.5);
    expect(reference.ulps(0.2689414213699951, reference.sigmoid(-1))).toBeLessThan(0.5);
  });

  it('counts ulps: the neighbour of a rounded value is half to one and a half away', () => {
    const away = reference.ulps(Math.E + 2 ** -51, reference.exp(1));
    expect(away).toBeGreaterThan(0.5);
    expect(away).toBeLessThan(1.5);
  });
});

// biome-ignore format: one function to a line
describe.each([
  ['exp', exp, reference.exp, 0.52, between(1500, -708, -690, -40, 40, -1, 1, 600, 709.78)],
  ['exp into the subnormal numbers', exp, reference.exp, 0.76, between(2000, -745, -708)],
  ['expm1', expm1, reference.expm1, 1, [...between(1500, -45, 45, -0.5, 0.5, -0.126, 0.126, 0, 709), ...logarithmic(-60, 3, 500)]],
  ['tanh', tanh, reference.tanh, 0.6, [...between(2000, -23, 23, -1, 1, -0.26, 0.26), ...logarithmic(-60, 4, 500)]],
  ['sigmoid', sigmoid, reference.sigmoid, 0.6, [...between(2000, -708, -690, -41, 41, -3, 3), ...logarithmic(-60, 6, 500)]],
  ['sigmoid into the subnormal numbers', sigmoid, reference.sigmoid, 0.76, between(2000, -745, -708)],
  ['log1p', log1p, reference.log1p, 1, [...between(1500, -1, 1, -0.3, 0.5, 0, 1000), ...logarithmic(-60, -0.01, 500), ...between(200, 1e10, 1e15)]],
  ['erf', erf, reference.erf, 1, [...between(1000, -6.1, 6.1, -1.3, 1.3), ...logarithmic(-60, 2, 300)]],
] as const)('%s', (_name, f, truth, bound, xs) => {
  it(`is within ${bound} ulp of a 300-bit evaluation`, () => {
    const most = worst(f, truth, xs);
    expect(most.ulps).toBeGreaterThan(0.4); // a comparison that always says 0 proves nothing
    expect(`${most.ulps <= bound} at ${most.x}: ${most.ulps}`).toMatch(/^true/);
  });
});

it('erfc is within 3 ulp up to x = 11', () => {
  expect(worst(erfc, reference.erfc, between(800, -6, 6, 0.4, 11)).ulps).toBeLessThan(3);
});

describe('edges', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: ninf, MIN_VALUE: tiny, MAX_VALUE: huge } = Number;
  // biome-ignore format: one function to a line
  it.each([
    ['exp', exp, [[nan, nan], [inf, inf], [ninf, 0], [0, 1], [-0, 1], [huge, inf], [-huge, 0], [tiny, 1], [709.782712893384, 1.7976931348622732e308], [709.7827128933841, inf], [-745.1332191019411, tiny], [-745.1332191019412, 0]]],
    ['expm1', expm1, [[nan, nan], [inf, inf], [ninf, -1], [0, 0], [-0, -0], [huge, inf], [-huge, -1], [tiny, tiny], [-tiny, -tiny]]],
    ['tanh', tanh, [[nan, nan], [inf, 1], [ninf, -1], [0, 0], [-0, -0], [huge, 1], [-huge, -1], [tiny, tiny], [-tiny, -tiny]]],
    ['sigmoid', sigmoid, [[nan, nan], [inf, 1], [ninf, 0], [0, 0.5], [-0, 0.5], [huge, 1], [-huge, 0], [tiny, 0.5]]],
    ['log1p', log1p, [[nan, nan], [inf, inf], [ninf, nan], [-1, ninf], [-2, nan], [0, 0], [-0, -0], [tiny, tiny], [-tiny, -tiny], [huge, 709.782712893384]]],
    ['erf', erf, [[nan, nan], [inf, 1], [ninf, -1], [0, 0], [-0, -0], [huge, 1], [-huge, -1], [tiny, tiny]]],
    ['erfc', erfc, [[nan, nan], [inf, 0], [ninf, 2], [0, 1], [-0, 1], [27, 5.23705e-319], [27.3, 0], [30, 0]]],
  ] as const)('%s', (_name, f, cases) => {
    for (const [x, y] of cases) expect([x, f(x)]).toEqual([x, y]);
  });
});
