import { cellFunction } from '../../activations/index.js';
import {
  type DirectionWeights,
  directionWeights,
  optionsOf,
  type RecurrentNode,
  readRecurrentNode,
} from '../../conventions/onnx/recurrentNode.js';
import { RnnError } from '../../errors.js';
import type { Kernels, RecurrenceResult } from '../../layers/layer.js';
import { type Call as AnyCall, need, type Operator, type Operators } from '../../ops/operator.js';
import { type GraphValue, shapeError } from '../../ops/value.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import { allocate, formatShape, precisionOf, sizeOf, sliceRow, type Tensor } from '../../tensor/tensor.js';
import { quantisedLstm } from './quantisedLstm.js';

type Call = AnyCall & { readonly kernels: Kernels };

/** RNN, LSTM and GRU on the engine's recurrence. `readRecurrentNode` checks the attributes. */
const recurrent: Operator = {
  // biome-ignore format: a table
  attributes: [
    'activation_alpha', 'activation_beta', 'activations', 'clip', 'direction', 'hidden_size', 'input_forget', 'layout',
    'linear_before_reset',
  ],
  run,
};

export const RECURRENT: Operators = {
  RNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  'com.microsoft.DynamicQuantizeLSTM': quantisedLstm(recurrent),
};

/** @returns Y [T, dirs, N, M] (layout 1: [N, T, dirs, M]), Y_h [dirs, N, M] ([N, dirs, M]), Y_c */
function run(call: Call): GraphValue[] {
  const node = readRecurrentNode(call.node);
  const X = need(call, 0);
  const [, , , B, lengths, h0, c0, P] = call.inputs;
  if (X.shape.length !== 3) throw shapeError('X has the wrong rank', formatShape(X.shape), '[steps, batch, features]');
  const x: Tensor = node.layout === 0 ? swapBatchAndTime(X) : X;
  const [N, T] = x.shape;
  const W = need(call, 1);
  const all = directionWeights(node, W, need(call, 2), B, P);
  checkFeatures(X.shape, W);
  const M = all[0].recurrentKernel.shape[0];
  const mask = lengths && maskOf(lengths, N, T);
  const initial = initialStates(node, [h0, c0], N, M);
  const runs = node.directions.map((_, i) => oneDirection(call, node, i, all[i], { x, mask, initial: initial?.[i] }));
  const Y = joinSequences(node, runs, M);
  return [Y, ...node.cell.states.map((_, s) => joinStates(node, runs, s, M))];
}

interface Run {
  readonly x: Tensor;
  readonly mask?: Uint8Array;
  readonly initial?: readonly Tensor[];
}

function oneDirection(
  { kernels }: Call,
  node: RecurrentNode,
  i: number,
  weights: DirectionWeights,
  { x, mask, initial }: Run,
): RecurrenceResult {
  const { activation, recurrentActivation, outputActivation, reverse } = node.directions[i];
  const act = cellFunction(activation);
  return kernels.recurrence({
    cell: node.cell,
    options: optionsOf(node, weights),
    act,
    sig: recurrentActivation === null ? act : cellFunction(recurrentActivation),
    actOut: outputActivation === null ? act : cellFunction(outputActivation),
    activation,
    recurrentActivation,
    outputActivation,
    units: weights.recurrentKernel.shape[0],
    weights: { ...weights },
    x,
    mask,
    initial,
    reverse,
    zeroOutputForMask: true,
    trace: false,
    sequence: true,
  });
}

/** @param x shape of X, features last @param W [dirs, G·M, D] @throws RnnError E_ONNX_SHAPE */
export function checkFeatures(x: readonly number[], { shape: [, , D] }: GraphValue): void {
  if (x[2] !== D) throw shapeError(`X has ${x[2]} features, W needs ${D}`, formatShape(x), `${D} features`);
}

/** @throws RnnError E_ONNX_SHAPE, E_LENGTHS */
export function checkLengths({ data, shape }: GraphValue, N: number, T: number): void {
  if (data.length !== N) throw shapeError('sequence_lens needs one length per sample', formatShape(shape), formatShape([N]));
  const wrong = data.findIndex(n => !Number.isInteger(n) || n < 0 || n > T);
  if (wrong >= 0) {
    throw new RnnError('shape', 'E_LENGTHS', `sequence_lens[${wrong}] is ${data[wrong]}, but there are ${T} steps`, {
      where: 'sequence_lens',
      expected: `0 to ${T}`,
      found: String(data[wrong]),
    });
  }
}

/** Converts sequence_lens [N] to a mask [N·T], 1 for every real step. @throws RnnError E_LENGTHS */
function maskOf(lengths: GraphValue, N: number, T: number): Uint8Array {
  checkLengths(lengths, N, T);
  const mask = new Uint8Array(N * T);
  for (let n = 0; n < N; n++) mask.fill(1, n * T, n * T + lengths.data[n]);
  return mask;
}

/** Converts initial_h, initial_c [dirs, N, M] (layout 1: [N, dirs, M]) to states by direction, then state; a missing one is zero. */
function initialStates(
  node: RecurrentNode,
  given: readonly (GraphValue | undefined)[],
  N: number,
  M: number,
): readonly (readonly Tensor[])[] | undefined {
  const states = given.slice(0, node.cell.states.length);
  if (states.every(s => s === undefined)) return undefined;
  const dirs = node.directions.length;
  const like = precisionOf(states.find(s => s !== undefined)!);
  const byDirection = states.map((s): Tensor => {
    if (!s) return { shape: [dirs, N, M], data: allocate(dirs * N * M, like) };
    const expected = node.layout === 0 ? [dirs, N, M] : [N, dirs, M];
    if (formatShape(s.shape) !== formatShape(expected))
      throw shapeError('an initial state has the wrong shape', formatShape(s.shape), formatShape(expected));
    return node.layout === 0 ? s : swapBatchAndTime(s);
  });
  return node.directions.map((_, i) => byDirection.map(s => sliceRow(s, i)));
}

function joinSequences(node: RecurrentNode, runs: readonly RecurrenceResult[], M: number): GraphValue {
  const [N, T] = runs[0].sequence!.shape;
  const dirs = runs.length;
  const shape = node.layout === 0 ? [T, dirs, N, M] : [N, T, dirs, M];
  const data = allocate(sizeOf(shape), precisionOf(runs[0].sequence!));
  runs.forEach(({ sequence }, d) => {
    for (let n = 0; n < N; n++) {
      for (let t = 0; t < T; t++) {
        const at = node.layout === 0 ? (t * dirs + d) * N + n : (n * T + t) * dirs + d;
        data.set(sequence!.data.subarray((n * T + t) * M, (n * T + t + 1) * M), at * M);
      }
    }
  });
  return { kind: 'float', shape, data };
}

function joinStates(node: RecurrentNode, runs: readonly RecurrenceResult[], s: number, M: number): GraphValue {
  const [N] = runs[0].states[s].shape;
  const dirs = runs.length;
  const data = allocate(dirs * N * M, precisionOf(runs[0].states[s]));
  runs.forEach(({ states }, d) => {
    data.set(states[s].data, d * N * M);
  });
  const byDirection: Tensor = { shape: [dirs, N, M], data };
  return { kind: 'float', ...(node.layout === 0 ? byDirection : swapBatchAndTime(byDirection)) };
}
