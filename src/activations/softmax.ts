import { exp } from '../numerics/exp.js';
import type { RowActivation } from './activation.js';

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

/** The largest of x[from, to), NaN if there is one. */
export function rowMaximum(x: ArrayLike<number>, from: number, to: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) if (!(x[i] <= most)) most = x[i];
  return most;
}
