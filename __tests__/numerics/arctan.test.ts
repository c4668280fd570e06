import { arccos, arcsin, arctan } from '../../src/numerics/arctan.js';

const ulps = (a: number, b: number): number => Math.abs(a - b) / (Math.abs(b) * 2 ** -52 || Number.MIN_VALUE);

it('the arctangent is that of the machine to one unit in the last place, for small and large numbers', () => {
  for (let k = -3000; k <= 3000; k++) {
    const x = Math.sign(k) * Math.exp(Math.abs(k) / 100 - 15) * (1 + k / 7919);
    expect(ulps(arctan(x), Math.atan(x))).toBeLessThanOrEqual(1);
  }
  expect([Infinity, -Infinity, NaN, 0, -0, 1].map(arctan)).toEqual([Math.PI / 2, -Math.PI / 2, NaN, 0, -0, Math.PI / 4]);
});

it('its inverses of sine and cosine are within a few units, and NaN beyond ±1', () => {
  for (let k = -500; k <= 500; k++) {
    expect(Math.abs(arcsin(k / 500) - Math.asin(k / 500))).toBeLessThan(1e-15);
    expect(Math.abs(arccos(k / 500) - Math.acos(k / 500))).toBeLessThan(1e-15);
  }
  expect([arcsin(1.01), arccos(-1.01)]).toEqual([NaN, NaN]);
});
