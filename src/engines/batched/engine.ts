import type { Kernels } from '../../layers/layer.js';
import { allocate, type Precision, precisionOf, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { Engine, EngineOptions } from '../engine.js';
import { walk } from '../walk.js';
import { type Kernel, loadedKernel, loadKernel } from './kernel.js';
import { productWith } from './product.js';
import { recurrence } from './recurrence.js';

/**
 * All samples at once, float32 unless asked for float64. Same equations as `manual`, other products: on the WASM kernel where there is one and
 * enough to do, else in plain TypeScript, with the same bits.
 */
export const batched: Engine = {
  name: 'batched',
  defaultDtype: 'f32',
  run: async (model, weights, input, options) => {
    const steps = input.x.shape[0] * (input.x.shape[1] ?? 1);
    return walk(model, weights, input, options, kernels(options.dtype, await kernelFor(steps * countOf(weights), options)));
  },
  runGraph: async ({ model }, inputs, options) => {
    const { evaluateGraph } = await import('../graph/evaluate.js');
    return evaluateGraph(model, inputs, kernels(options.dtype, await kernelFor(Number.POSITIVE_INFINITY, options)));
  },
};

/** Multiply-adds from which compiling the kernel (some milliseconds) is made good; plain TypeScript does about 10^9 a second. */
const WORTH_COMPILING = 2e6;

async function kernelFor(multiplyAdds: number, { dtype }: EngineOptions): Promise<Kernel | undefined> {
  if (dtype !== 'f32') return undefined;
  return loadedKernel(false) ?? (multiplyAdds >= WORTH_COMPILING ? loadKernel(false) : undefined);
}

function countOf(weights: Weights): number {
  let count = 0;
  for (const w of weights.values()) count += w.data.length;
  return count;
}

function kernels(precision: Precision, kernel: Kernel | undefined): Kernels {
  return {
    precision,
    allocate: length => allocate(length, precision),
    affine: (x, w, bias) => affine(x, w, bias, kernel),
    recurrence: args => recurrence(args, kernel),
  };
}

/** x [..., D] · w [D, K] + bias [K] */
function affine(x: Tensor, w: Tensor, bias: Tensor | undefined, kernel: Kernel | undefined): Tensor {
  const [D, K] = w.shape;
  const rows = x.data.length / D;
  const data = allocate(rows * K, precisionOf(x));
  kernel?.reset();
  productWith(w, bias?.data, kernel)({ data, start: 0, stride: K }, { data: x.data, start: 0, stride: D }, rows);
  return { shape: [...x.shape.slice(0, -1), K], data };
}
