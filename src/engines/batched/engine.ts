import type { Kernels } from '../../layers/layer.js';
import { allocate, type Precision, precisionOf, type Tensor } from '../../tensor/tensor.js';
import type { Engine } from '../engine.js';
import { walk } from '../walk.js';
import { accumulate } from './matmul.js';
import { recurrence } from './recurrence.js';

/** All samples at once, float32 unless asked for float64. Same equations as `manual`, other products. */
export const batched: Engine = {
  name: 'batched',
  defaultDtype: 'f32',
  run: async (model, weights, input, options) => walk(model, weights, input, options, kernels(options.dtype)),
  runGraph: async ({ model }, inputs, options) => {
    const { evaluateGraph } = await import('../graph/evaluate.js');
    return evaluateGraph(model, inputs, kernels(options.dtype));
  },
};

function kernels(precision: Precision): Kernels {
  return { precision, allocate: length => allocate(length, precision), affine, recurrence };
}

/** x [..., D] · kernel [D, K] + bias [K] */
function affine(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor {
  const [D, K] = kernel.shape;
  const rows = x.data.length / D;
  const data = allocate(rows * K, precisionOf(x));
  if (bias) for (let r = 0; r < rows; r++) data.set(bias.data, r * K);
  accumulate({ data, start: 0, stride: K }, { data: x.data, start: 0, stride: D }, kernel.data, rows, D, K);
  return { shape: [...x.shape.slice(0, -1), K], data };
}
