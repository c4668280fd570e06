import { exp } from '../numerics/exp.js';
import { log1p } from '../numerics/log1p.js';
import type { RowActivation } from './activation.js';
import { rowMaximum } from './softmax.js';

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
