import type { Tensor } from '../../src/tensor/tensor.js';

/** Where tolerances come from: one table, each with its reason. */
export const TOLERANCE = {
  /** float32 engine against a float32 framework: both round every sum, up to some thousand terms */
  float32: 2e-6,
  /** float64 against PyTorch's doubles: another order of summation */
  float64: 1e-12,
} as const;

/** Shape, then every value within `tolerance` (absolute, relative to values above 1). Reports the worst. */
export function expectClose(actual: Tensor, expected: Tensor, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  let worst = -1;
  let largest = -1;
  for (let k = 0; k < expected.data.length; k++) {
    const a = actual.data[k];
    const e = expected.data[k];
    const difference = Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e)) ? 0 : Math.abs(a - e) / Math.max(1, Math.abs(e));
    if (!(difference <= largest)) [largest, worst] = [difference, k];
  }
  if (!(largest <= tolerance) && worst >= 0) {
    throw new Error(
      `largest difference ${largest} at [${position(worst, expected.shape)}]: expected ${expected.data[worst]}, got ${actual.data[worst]}, tolerance ${tolerance}`,
    );
  }
}

/** As many numbers, each at most `allowed` off; infinities and NaN where they are expected. One assertion: of jest's each costs 50 µs. */
export function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, allowed: number): void {
  expect(actual.length).toBe(expected.length);
  const isNear = (a: number, e: number) => (Number.isFinite(e) ? Math.abs(a - e) <= allowed : Object.is(a, e));
  const wrong = Array.from(expected, (e, k) => [k, actual[k], e] as const).filter(([, a, e]) => !isNear(a, e));
  if (wrong.length > 0)
    throw new Error(
      `${wrong.length} of ${expected.length} numbers are more than ${allowed} off: ${wrong
        .slice(0, 5)
        .map(([k, a, e]) => `[${k}] expected ${e}, got ${a}`)
        .join('; ')}`,
    );
}

function position(k: number, shape: readonly number[]): string {
  const at: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(k % shape[axis]);
    k = Math.floor(k / shape[axis]);
  }
  return at.join(', ');
}
