import { sigmoid32, tanh32 } from '../../src/numerics/float32.js';
import * as reference from './reference.js';

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** Every `stride`-th float32 whose absolute value lies in [least, most), both signs. */
function* every(stride: number, least: number, most: number): Generator<number> {
  floats[0] = most;
  const end = bits[0];
  floats[0] = least;
  for (let word = bits[0]; word < end; word += stride) {
    for (const sign of [0, 0x80000000]) {
      bits[0] = word + sign;
      yield floats[0];
    }
  }
}

// scripts/proveActivations.mjs checks all 2^32 inputs; here a sample, dense where the results are neither 0 nor 1
describe.each([
  ['sigmoid32', sigmoid32, reference.sigmoid, 103],
  ['tanh32', tanh32, reference.tanh, 10],
] as const)('%s', (_name, f, truth, most) => {
  it('is within 2 ulp of a 300-bit evaluation', () => {
    let worst = { ulps: 0, x: Number.NaN };
    for (const [stride, least, to] of [
      [20011, 1e-5, most],
      [300007, 1e-30, 1e-5],
    ]) {
      for (const x of every(stride, least, to)) {
        const ulps = reference.ulps(f(x), truth(x), 24);
        if (!(ulps <= worst.ulps)) worst = { ulps, x };
      }
    }
    expect(worst.ulps).toBeGreaterThan(0.6);
    expect(`${worst.ulps <= 2} at ${worst.x}: ${worst.ulps}`).toMatch(/^true/);
  });

  it('gives float32 values', () => {
    for (const x of every(30000001, 1e-40, 100)) expect(Math.fround(f(x))).toBe(f(x));
  });
});

describe('edges', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: ninf } = Number;
  const [tiny, huge] = [2 ** -149, 3.4028234663852886e38];
  // biome-ignore format: one function to a line
  it.each([
    ['sigmoid32', sigmoid32, [[nan, nan], [inf, 1], [ninf, 0], [0, 0.5], [-0, 0.5], [tiny, 0.5], [huge, 1], [-huge, 0], [-103.97207641601562, tiny], [18, 1]]],
    ['tanh32', tanh32, [[nan, nan], [inf, 1], [ninf, -1], [0, 0], [-0, -0], [tiny, tiny], [-tiny, -tiny], [huge, 1], [-huge, -1], [9.125, 1]]],
  ] as const)('%s', (_name, f, cases) => {
    for (const [x, y] of cases) expect([x, f(x)]).toEqual([x, y]);
  });
});
