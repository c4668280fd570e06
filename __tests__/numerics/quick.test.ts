import { quickSigmoid, quickTanh } from '../../src/numerics/quick.js';

/** Math.exp and Math.tanh are within 3e-16 of the value: another way to the same numbers. */
const SPREAD = Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 200).flatMap(x => [x, x / 1e3, x / 1e9]);

it('σ is within 1e-15 of the value', () => {
  const off = SPREAD.filter(x => !(Math.abs(quickSigmoid(x) - 1 / (1 + Math.exp(-x))) < 1e-15));
  expect(off).toEqual([]);
});

it('tanh keeps 14 digits down to the smallest arguments', () => {
  const off = SPREAD.filter(x => !(Math.abs(quickTanh(x) - Math.tanh(x)) <= 1e-14 * Math.abs(Math.tanh(x))));
  expect(off).toEqual([]);
});

it('infinities saturate, a NaN passes', () => {
  expect([quickSigmoid(Infinity), quickTanh(Infinity), quickTanh(-Infinity), quickTanh(0)]).toEqual([1, 1, -1, 0]);
  expect(quickSigmoid(-Infinity)).toBeLessThan(1e-17);
  expect([quickSigmoid(Number.NaN), quickTanh(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
});
