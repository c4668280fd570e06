import { exp } from '../numerics/exp.js';
import { log1p } from '../numerics/log1p.js';
import type { RowActivation } from './activation.js';

/** Activations that see the whole last axis. */

/** exp(x - max) / sum(exp(x - max)) over the last axis */
export const softmax: RowActivation = {
  kind: 'row',
  name: 'softmax',
  keras: 'softmax',
  torch: 'softmax',
  onnx: 'Softmax',
  create: () => (x, from, to, out) => {
    const most = rowMaximum(x, from, to);
    let sum = 0;
    for (let i = from; i < to; i++) sum += exp(x[i] - most);
    for (let i = from; i < to; i++) out[i] = exp(x[i] - most) / sum;
  },
};

/** Maximum of x[from, to); NaN if any element is NaN. */
function rowMaximum(x: ArrayLike<number>, from: number, to: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) if (!(x[i] <= most)) most = x[i];
  return most;
}

/** x - max - log(sum(exp(x - max))) over the last axis */
export const logSoftmax: RowActivation = {
  kind: 'row',
  name: 'log_softmax',
  keras: 'log_softmax',
  torch: 'log_softmax',
  onnx: 'LogSoftmax',
  create: () => (x, from, to, out) => {
    const most = rowMaximum(x, from, to);
    let sum = 0;
    for (let i = from; i < to; i++) sum += exp(x[i] - most);
    const log = log1p(sum - 1); // the largest element contributes 1
    for (let i = from; i < to; i++) out[i] = x[i] - most - log;
  },
};

/** max(0, x - tau), tau = (s_1 + ... + s_k - 1)/k of the partial sums s of the sorted row: as Keras 3 computes it */
export const sparsemax: RowActivation = {
  kind: 'row',
  name: 'sparsemax',
  keras: 'sparsemax',
  create: () => (x, from, to, out) => {
    const tau = tauOf(x, from, to);
    for (let i = from; i < to; i++) out[i] = Math.max(x[i] - tau, 0);
  },
};

/**
 * tau = (s_1 + … + s_k − 1)/k, where s_j is the sum of the j largest elements and k the largest index with 1 + k·x_(k) > s_k. Martins and
 * Astudillo (2016) have (s_k − 1)/k; but every backend of Keras 3.6 to 3.15 sums all s_j, and networks were trained with that. NaN if the
 * row contains NaN or +∞.
 */
function tauOf(x: ArrayLike<number>, from: number, to: number): number {
  const row: number[] = [];
  for (let i = from; i < to; i++) row.push(x[i]);
  if (row.some(value => !(value < Number.POSITIVE_INFINITY))) return Number.NaN;
  row.sort((a, b) => b - a);
  let [sum, sums, tau] = [0, 0, Number.NaN];
  for (let k = 1; k <= row.length; k++) {
    sum += row[k - 1];
    if (!(1 + k * row[k - 1] > sum)) break;
    sums += sum;
    tau = (sums - 1) / k;
  }
  return tau;
}
