import type { FloatArray, Tensor } from './tensor.js';

/** Distance of two numbers: 0 if they are equal, including NaN with NaN and equal infinities; Infinity if only one is finite. */
export function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const d = Math.abs(a - b);
  return Number.isNaN(d) ? Infinity : d;
}

/** Largest distance in [from, to) and its index; −1 for an empty range. */
export function largestDifference(a: FloatArray, b: FloatArray, from = 0, to = a.length): { abs: number; index: number } {
  let abs = 0;
  let index = from < to ? from : -1;
  for (let k = from; k < to; k++) {
    const d = distance(a[k], b[k]);
    if (d > abs) [abs, index] = [d, k];
  }
  return { abs, index };
}

/** Largest finite absolute value, 0 for none. */
export function largestMagnitude(a: ArrayLike<number>): number {
  let most = 0;
  for (let k = 0; k < a.length; k++) {
    const v = Math.abs(a[k]);
    if (v > most && v !== Infinity) most = v;
  }
  return most;
}

const LEAST_SCALE = 1e-30;

/** Root mean square of the finite values, at least 1e-30. */
export function scaleOf({ data }: Tensor): number {
  // divided by the largest one first, because its square may overflow
  const most = largestMagnitude(data);
  if (most === 0) return LEAST_SCALE;
  let sum = 0;
  let count = 0;
  for (let k = 0; k < data.length; k++) {
    if (!Number.isFinite(data[k])) continue;
    sum += (data[k] / most) ** 2;
    count++;
  }
  return Math.max(LEAST_SCALE, most * Math.sqrt(sum / count));
}
