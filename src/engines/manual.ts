import { stepContext } from '../cells/cell.js';
import type { Kernels, RecurrenceArgs, RecurrenceResult } from '../layers/layer.js';
import { productBy } from '../layers/product.js';
import { pass } from '../ops/room.js';
import type { FloatArray, Precision, Tensor } from '../tensor/tensor.js';
import type { Engine } from './engine.js';
import { startRecording } from './recording.js';
import { biasRows, columnsOf } from './recurrentWeights.js';
import { walk } from './walk.js';

/**
 * The textbook loop: one sample, one step, one product after the other, in float64. Written to be read beside the equations in cells/; the
 * fast engine is `batched`. Both call the same cells, so comparing them checks products, layout and precision.
 */
export const manual: Engine = {
  name: 'manual',
  defaultDtype: 'f64',
  async run(model, weights, input, options) {
    const kernels = manualKernels(options.dtype);
    if (!options.together || options.dtype !== 'f64') return walk(model, weights, input, options, kernels);
    const { kernelsTogether } = await import('./together.js');
    return walk(model, weights, input, options, await kernelsTogether(kernels, options.together));
  },
  runGraph: async ({ model }, inputs, options) => {
    const { evaluateGraph } = await import('./graph/evaluate.js');
    return evaluateGraph(model, inputs, manualKernels(options.dtype));
  },
};

const KERNELS = kernelsOf('f64', length => new Float64Array(length));

function kernelsOf(precision: Precision, allocate: Kernels['allocate']): Kernels {
  return { precision, allocate, affine, product: productBy({ allocate, affine }), recurrence };
}

/** --dtype f32: the same loop with every stored number rounded to float32. */
export function manualKernels(precision: Precision): Kernels {
  return precision === 'f64' ? KERNELS : kernelsOf('f32', length => new Float32Array(length));
}

/** The recurrence over time for every sample. x [N, T, D] -> sequence [N, T, P], last [N, P], states. */
function recurrence(args: RecurrenceArgs): RecurrenceResult {
  const { cell, x, mask, reverse, weights } = args;
  const [N, T] = x.shape;
  const M = args.units;
  const Wx = weights.kernel!;
  const Wp = weights.projection;
  const P = Wp ? Wp.shape[1] : M;
  const [b, bRecurrent] = biasRows(args);
  const WhOf = columnsOf(weights.recurrentKernel!, M);
  const record = startRecording(args, like(x), P);

  for (let n = 0; n < N; n++) {
    let state = record.initial(n); // h_0 (and c_0)
    for (let step = 0; step < T; step++) {
      const t = reverse ? T - 1 - step : step;
      if (mask && mask[n * T + t] === 0) {
        record.masked(n, t, state);
        continue;
      }
      const gates = plus(times(row(x, n * T + t), Wx), b); // x_t·Wx + b
      const recurrent = (h: FloatArray, from: number, to: number) => plus(times(h, WhOf(from, to)), bRecurrent?.subarray(from * M, to * M)); // h·Wh (+ b')
      const next = cell.states.map(() => like(x)(M));
      cell.step(stepContext(args, { N: 1, M, gates, state, next, recurrent, peepholes: weights.peepholes?.data }));
      if (Wp) next[0] = times(next[0], Wp); // h·Wp
      state = next;
      record.step(n, t, gates, state);
    }
    record.finish(n, state);
  }
  return record.result();
}

/** y = x·W + b for every row of x: [..., D] -> [..., K] */
function affine(x: Tensor, W: Tensor, b?: Tensor): Tensor {
  const [D, K] = W.shape;
  const rows = x.data.length / D;
  const data = like(x)(rows * K);
  for (let r = 0; r < rows; r++) {
    data.set(plus(times(row(x, r), W), b?.data), r * K);
    pass(D * K);
  }
  return { shape: [...x.shape.slice(0, -1), K], data };
}

/**
 * The product of a row vector [D] and a matrix [D, K]: out[k] = Σ_d v[d]·W[d, k], summed in the order of d in float64. Goes through W row by
 * row, in memory order, and takes four rows per pass, which does not change a bit.
 */
function times(v: FloatArray, W: Tensor): FloatArray {
  const [D, K] = W.shape;
  const w = W.data;
  const sums = new Float64Array(K);
  let d = 0;
  for (; d + 3 < D; d += 4) {
    const [a, b, c, e] = [d * K, (d + 1) * K, (d + 2) * K, (d + 3) * K];
    for (let k = 0; k < K; k++) sums[k] = sums[k] + v[d] * w[a + k] + v[d + 1] * w[b + k] + v[d + 2] * w[c + k] + v[d + 3] * w[e + k];
  }
  for (; d < D; d++) for (let k = 0; k < K; k++) sums[k] += v[d] * w[d * K + k];
  return w instanceof Float32Array ? new Float32Array(sums) : sums;
}

function plus(v: FloatArray, b: FloatArray | undefined): FloatArray {
  if (b) for (let k = 0; k < v.length; k++) v[k] += b[k];
  return v;
}

/** Row r of a tensor, seen as a matrix whose rows run along the last axis. */
function row(t: Tensor, r: number): FloatArray {
  const width = t.shape[t.shape.length - 1];
  return t.data.subarray(r * width, (r + 1) * width);
}

/** Returns a function that allocates arrays in the precision of t. */
function like(t: Tensor): (length: number) => FloatArray {
  return length => (t.data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length));
}
