import { exp } from '../../numerics/exp.js';
import { allocate, precisionOf, type Tensor } from '../../tensor/tensor.js';
import type { Value } from '../layer.js';

/** Which of the S positions step t of a sample may look at: the mask of the values, and with `causal` none after t. */
export function visible(values: Value, causal: boolean): ((n: number, t: number, s: number) => boolean) | undefined {
  const { mask, tensor } = values;
  if (!mask && !causal) return undefined;
  const S = tensor.shape[1];
  return (n, t, s) => (mask === undefined || mask[n * S + s] === 1) && (!causal || s <= t);
}

/** Softmax over the last axis of one row of scores, in place: e^(x − max), summed in the order of the axis. */
export function softmaxRow(row: Float64Array): void {
  let most = -Infinity;
  for (const v of row) if (v > most || Number.isNaN(v)) most = v;
  let sum = 0;
  for (let s = 0; s < row.length; s++) {
    row[s] = exp(row[s] - most);
    sum += row[s];
  }
  for (let s = 0; s < row.length; s++) row[s] /= sum;
}

/** weights [S] · values [S, V] of sample n, written at `to`. Values may be one head of several: `stride` numbers apart, from `start`. */
export function weightedSum(
  weights: Float64Array,
  value: (s: number) => number,
  V: number,
  data: Tensor['data'],
  out: Tensor['data'],
  to: number,
): void {
  for (let v = 0; v < V; v++) {
    let sum = 0;
    for (let s = 0; s < weights.length; s++) sum += weights[s] * data[value(s) + v];
    out[to + v] = sum;
  }
}

/** Zeros of [N, T, V] in the precision of a tensor. */
export function emptyLike(t: Tensor, shape: readonly number[]): { shape: readonly number[]; data: Tensor['data'] } {
  return {
    shape,
    data: allocate(
      shape.reduce((a, b) => a * b, 1),
      precisionOf(t),
    ),
  };
}
