import { activated } from '../../layers/activation.js';
import type { Kernels, RecurrenceArgs } from '../../layers/layer.js';
import { isRecurrent, type LayerSpec, type ModelSpec, type RecurrentSpec } from '../../model/spec.js';
import { sameShape, type Tensor, toPrecision } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { walk } from '../walk.js';
import { batchedKernels } from './engine.js';
import { fusedCell } from './fused.js';
import { residentRecurrence } from './fusedKernel.js';
import { type Kernel, loadKernel, ownKernel } from './kernel.js';
import { productWith } from './product.js';

/**
 * A network that is run many times: its weights stay packed in a separate kernel, and memory for x and the states is laid out once per shape of
 * x. A call then copies x in, runs, and copies y out. The bits are the same as on the engine's other paths.
 */
export interface ResidentNetwork {
  /** x [N, T, D] -> y, a new array. @throws RnnError E_INPUT_SHAPE */
  run(x: Tensor): Tensor;
}

/** Computes a layer's output from the output of the layer before. */
type Stage = (x: Float32Array) => Float32Array;

interface Laid {
  readonly shape: readonly number[];
  readonly outputShape: readonly number[];
  /** undefined if not possible for this network or this size */
  readonly stages: readonly Stage[] | undefined;
}

/** Prepares a network whose weights stay in the kernel's memory from call to call. */
export async function residentNetwork(model: ModelSpec, weights: Weights): Promise<ResidentNetwork> {
  const shared = await loadKernel(false);
  const own = await ownKernel(false);
  let laid: Laid | undefined;
  return {
    run(x) {
      if (laid?.stages && x.data instanceof Float32Array && sameShape(x.shape, laid.shape)) {
        let data = x.data;
        for (const stage of laid.stages) data = stage(data);
        return { shape: laid.outputShape, data };
      }
      const known = laid !== undefined && sameShape(x.shape, laid.shape);
      const seen: RecurrenceArgs[] = [];
      const y = walk(model, weights, { x }, { dtype: 'f32', trace: false }, watching(batchedKernels('f32', shared), seen)).y;
      if (!known) laid = { shape: x.shape, outputShape: y.shape, stages: own && stagesOf(model, weights, x.shape, seen, own) };
      return y;
    },
  };
}

/** Wraps kernels to record the arguments of all recurrences, which have the weights and options as an engine sees them. */
function watching(kernels: Kernels, seen: RecurrenceArgs[]): Kernels {
  return {
    ...kernels,
    recurrence(args) {
      seen.push(args);
      return kernels.recurrence(args);
    },
  };
}

/** Returns a stage for every layer of a chain; undefined if that is not possible for a layer or for the size. */
function stagesOf(
  model: ModelSpec,
  weights: Weights,
  [N, T]: readonly number[],
  recurrences: readonly RecurrenceArgs[],
  kernel: Kernel,
): Stage[] | undefined {
  kernel.reset();
  const stages: Stage[] = [];
  const waiting = [...recurrences];
  let before = model.input.name;
  let rows = N * T;
  try {
    for (const layer of model.layers) {
      if (layer.inputs.length !== 1 || layer.inputs[0] !== before) return undefined;
      before = layer.name;
      const stage = isRecurrent(layer) ? recurrent(layer, waiting, kernel) : dense(layer, weights, rows, kernel);
      if (!stage) return undefined;
      if (isRecurrent(layer) && !layer.returnSequences) rows = N;
      stages.push(stage);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined; // more than a separate kernel may hold
    throw error;
  }
  return before === model.output ? stages : undefined;
}

function recurrent(layer: RecurrentSpec, waiting: RecurrenceArgs[], kernel: Kernel): Stage | undefined {
  if (layer.bidirectional || layer.stateful || (layer.goBackwards && layer.returnSequences)) return undefined;
  const args = waiting.shift();
  const kind = args && !args.mask && fusedCell(args);
  return kind ? residentRecurrence(args, kind, kernel) : undefined;
}

function dense(layer: LayerSpec, weights: Weights, rows: number, kernel: Kernel): Stage | undefined {
  if (layer.kind !== 'dense') return undefined;
  const W = toPrecision(weights.get(`${layer.name}/Wo`)!, 'f32');
  const bias = weights.get(`${layer.name}/bo`);
  const [D, K] = W.shape;
  const product = productWith(W, bias && toPrecision(bias, 'f32').data, kernel);
  return x => {
    const data = new Float32Array(rows * K);
    product({ data, start: 0, stride: K }, { data: x, start: 0, stride: D }, rows);
    return layer.activation === 'linear' ? data : (activated(layer.activation, { shape: [rows, K], data }).data as Float32Array);
  };
}
