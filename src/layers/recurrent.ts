import type { ActivationSpec } from '../activations/activation.js';
import { cellFunction } from '../activations/index.js';
import type { Cell, CellOptions, WeightShape } from '../cells/cell.js';
import { CELLS, type CellName, getCell } from '../cells/index.js';
import { factor } from '../cells/weightShapes.js';
import { flipTime } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { isRowActivation } from './activation.js';
import { bothWays, type MergeMode, merge, mergedWidth } from './bidirectional.js';
import { multiply, sequenceOf, widthOf } from './dims.js';
import type { Field, LayerBase, LayerContext, LayerKind, LayerResult, RecurrenceArgs, RecurrenceResult, Value } from './layer.js';

/** A cell run over time, in one direction or both. What the cell computes is in cells/; how the loop runs is the engine's. */
export interface RecurrentSpec extends LayerBase {
  readonly kind: CellName;
  readonly units: number;
  readonly activation: ActivationSpec;
  /** gate activation; null for the plain RNN */
  readonly recurrentActivation: ActivationSpec | null;
  /** activation of the cell state on its way out (ONNX); null: the same as `activation` */
  readonly outputActivation: ActivationSpec | null;
  readonly returnSequences: boolean;
  /** true where `returnSequences` was inferred from the next layer */
  readonly inferredSequences: boolean;
  readonly useBias: boolean;
  /** PyTorch and ONNX: an input and a recurrent bias */
  readonly twoBiases: boolean;
  readonly resetAfter: boolean;
  /** run t = T−1 … 0; a sequence of outputs stays in processing order (Keras) */
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  /** how the two directions are merged; null: one direction */
  readonly bidirectional: MergeMode | null;
  /** LSTM projection width (PyTorch proj_size), or null */
  readonly projection: number | null;
  /** masked steps output zeros instead of repeating the last output (Keras zero_output_for_mask; PyTorch and ONNX always) */
  readonly zeroOutputForMask: boolean;
  readonly peepholes: boolean;
  readonly clip: number | null;
  readonly inputForget: boolean;
  /** Keras unrolls the loop: padded steps of a backward direction are then zeroed where the mask, read forwards, says */
  readonly unroll?: boolean;
  /** class that Keras shows for it, if not that of the cell */
  readonly kerasClass?: string | null;
  /** Keras: the forget gate's bias starts at 1; affects initialisation only */
  readonly unitForgetBias: boolean;
}

const FIELDS: Record<string, Field> = {
  units: { type: 'size' },
  activation: { type: 'activation', default: 'tanh' },
  outputActivation: { type: 'activation', default: null },
  returnSequences: { type: 'boolean', default: false },
  inferredSequences: { type: 'boolean', default: false },
  useBias: { type: 'boolean', default: true },
  twoBiases: { type: 'boolean', default: false },
  goBackwards: { type: 'boolean', default: false },
  stateful: { type: 'boolean', default: false },
  bidirectional: { type: 'choice', choices: ['concat', 'sum', 'mul', 'ave'], default: null },
  zeroOutputForMask: { type: 'boolean', default: false },
  clip: { type: 'number', min: 0, default: null },
  unroll: { type: 'boolean', default: false },
  kerasClass: { type: 'choice', choices: ['RNN', 'CuDNNLSTM', 'CuDNNGRU', 'SimpleRNNCell', 'LSTMCell', 'GRUCell'], default: null },
};

/** Values of options that the cell does not have. */
export const FIXED_OPTIONS = {
  recurrentActivation: null,
  projection: null,
  peepholes: false,
  inputForget: false,
  unitForgetBias: false,
  resetAfter: false,
};

/** Whether a gate or the candidate sees its whole row, as softmax does. */
export function hasRowFunction({ activation, recurrentActivation, outputActivation }: RecurrentSpec): boolean {
  return [activation, recurrentActivation, outputActivation].some(isRowActivation);
}

const BIAS_ROWS = new Map<string, number>();

/** How many rows of biases the layer has. */
export function biasRows(layer: RecurrentSpec): number {
  const { kind, useBias, twoBiases, resetAfter, peepholes, inputForget } = layer;
  const variant = `${kind} ${useBias} ${twoBiases} ${resetAfter} ${peepholes} ${inputForget}`;
  const known = BIAS_ROWS.get(variant);
  if (known !== undefined) return known;
  const bias = getCell(layer.kind)
    .weightShapes(1, 1, cellOptions(layer))
    .find(({ role }) => role === 'bias');
  const rows = bias === undefined ? 0 : bias.shape.length;
  BIAS_ROWS.set(variant, rows);
  return rows;
}

function recurrentLayer(cell: Cell): LayerKind<RecurrentSpec> {
  return {
    name: cell.name,
    letter: 'M',
    reads: 'sequence',
    passesMask: layer => layer.returnSequences,
    stepwise: ({ bidirectional, goBackwards, stateful }) => bidirectional === null && !goBackwards && !stateful,
    grammar: {
      sizes: { form: 'units', example: '64', counts: [1, 1], fields: ([units]) => ({ units }) },
      activation: true,
      options: { nobias: { set: { useBias: false } } },
    },
    kerasClass: layer => (layer.bidirectional ? 'Bidirectional' : (layer.kerasClass ?? cell.keras?.className ?? cell.title)),
    fields: { ...FIELDS, ...cell.fields },
    keras: { classes: {}, config: () => ({}), path: (_layer, weight) => kerasPath(weight) },

    weightShapes(layer, [input], symbols) {
      const letters = { D: input[input.length - 1].symbol, M: symbols.units, P: symbols.projection };
      const one = cell.weightShapes(widthOf(input), layer.units, cellOptions(layer), letters);
      if (!layer.bidirectional) return one;
      return ['forward', 'backward'].flatMap(way => one.map((w): WeightShape => ({ ...w, name: `${way}/${w.name}` })));
    },

    outputShape(layer, [input], symbols) {
      const [N, T] = sequenceOf(input);
      const one = { symbol: layer.projection === null ? symbols.units : symbols.projection, size: layer.projection ?? layer.units };
      const width = layer.bidirectional ? mergedWidth(layer.bidirectional, one) : one;
      return layer.returnSequences ? [N, T, width] : [N, width];
    },

    otherOutputs(layer, [[N]], symbols) {
      const output = { symbol: layer.projection === null ? symbols.units : symbols.projection, size: layer.projection ?? layer.units };
      const shapes = cell.states.map((state, s) => ({
        suffix: state,
        shape: [N, s === 0 ? output : { symbol: symbols.units, size: layer.units }],
      }));
      if (!layer.bidirectional) return shapes;
      return ['forward', 'backward'].flatMap(way => shapes.map(({ suffix, shape }) => ({ suffix: `${way}/${suffix}`, shape })));
    },

    cost(layer, [input], symbols) {
      const [, T] = sequenceOf(input);
      const D = widthOf(input);
      const M = layer.units;
      const G = cell.gates.length;
      const P = layer.projection ?? M;
      const ways = layer.bidirectional ? 2 : 1;
      const each = cell.elementwise(M, cellOptions(layer));
      const gates = G > 1 ? `${G}*${symbols.units}` : symbols.units;
      const products = `${factor(input[2].symbol)}*${gates}+${layer.projection === null ? symbols.units : symbols.projection}*${gates}`;
      const projected = layer.projection === null ? '' : `+${symbols.units}*${symbols.projection}`;
      return {
        matmul: multiply(ways, T.size, (BigInt(D) + BigInt(P)) * BigInt(G * M) + (layer.projection === null ? 0n : BigInt(M) * BigInt(P))),
        bias: multiply(ways, T.size, biasRows(layer) * G * M),
        elementwise: multiply(ways, T.size, each.multiplyAdds),
        activations: multiply(ways, T.size, each.activations),
        formula: `${ways === 2 ? '2*' : ''}${factor(T.symbol)}*(${products}${projected})`,
      };
    },

    formula(layer, [input], symbols) {
      const rowsOfBias = biasRows(layer);
      const gates = cell.gates.length > 1 ? `${cell.gates.length}*` : '';
      const rows = layer.projection === null ? symbols.units : symbols.projection;
      const extras = `${layer.projection === null ? '' : `+${symbols.units}*${symbols.projection}`}${layer.peepholes ? `+3*${symbols.units}` : ''}`;
      const one = `${gates}${symbols.units}*(${input[input.length - 1].symbol}+${rows}${rowsOfBias ? `+${rowsOfBias}` : ''})${extras}`;
      return !layer.bidirectional ? one : extras ? `2*(${one})` : `2*${one}`;
    },

    apply: (layer, [input], context) => (layer.bidirectional ? applyBoth(layer, input, context) : applyOne(layer, input, context)),
  };
}

/** A layer kind for each cell, by its name. */
export const recurrentKinds: Readonly<Record<string, LayerKind<RecurrentSpec>>> = Object.fromEntries(
  CELLS.map(cell => [cell.name, recurrentLayer(cell)]),
);

export function cellOptions(layer: RecurrentSpec): CellOptions {
  const { useBias, twoBiases, resetAfter, projection, peepholes, clip, inputForget } = layer;
  return { useBias, twoBiases, resetAfter, projection, peepholes, clip, inputForget };
}

/** 'Wh' -> cell/vars/1, 'backward/Wh' -> backward_layer/cell/vars/1 */
function kerasPath(weight: string): string {
  const [name, way] = weight.split('/').reverse();
  return `${way ? `${way}_layer/` : ''}cell/vars/${['Wx', 'Wh', 'bh'].indexOf(name)}`;
}

function applyOne(layer: RecurrentSpec, input: Value, context: LayerContext): LayerResult {
  const run = runDirection(layer, input, context, '', layer.goBackwards, context.initial);
  return output(layer, run.last, inOrder(layer, run.sequence), run.sequence, [run]);
}

/** Forward and backward over the same input, merged. Keras flips the backward sequence to time order before merging; so do PyTorch and ONNX. */
function applyBoth(layer: RecurrentSpec, input: Value, context: LayerContext): LayerResult {
  const [initialForward, initialBackward] = bothWays(context.initial);
  const forward = runDirection(layer, input, context, 'forward/', layer.goBackwards, initialForward);
  const backward = runDirection(layer, input, context, 'backward/', !layer.goBackwards, initialBackward);
  const mode = layer.bidirectional!;
  const sequence = forward.sequence && merge(mode, forward.sequence, backward.sequence!);
  return output(layer, merge(mode, forward.last, backward.last), inOrder(layer, sequence), sequence, [forward, backward]);
}

function runDirection(
  layer: RecurrentSpec,
  input: Value,
  context: LayerContext,
  way: string,
  reverse: boolean,
  initial: readonly Tensor[] | undefined,
): RecurrenceResult {
  const args = recurrenceArgs(layer, input, context, way, reverse, initial);
  const unrolled = layer.unroll && reverse && input.mask && layer.zeroOutputForMask;
  if (!unrolled) {
    const run = context.kernels.recurrence(args);
    return input.mask && initial && !context.continued && !layer.zeroOutputForMask ? zeroedUntilReal(run, input.mask, reverse) : run;
  }
  return zeroedByUnflippedMask(context.kernels.recurrence({ ...args, zeroOutputForMask: false }), input.mask!);
}

/** A masked step shows the output before it. Where there is none it is zero, and not the state that the layer was given (keras/src/backend, rnn.py). */
function zeroedUntilReal(run: RecurrenceResult, mask: Uint8Array, reverse: boolean): RecurrenceResult {
  const [N, M] = run.last.shape;
  const T = mask.length / N;
  const last = { shape: run.last.shape, data: run.last.data.slice() };
  const sequence = run.sequence && { shape: run.sequence.shape, data: run.sequence.data.slice() };
  for (let n = 0; n < N; n++)
    for (let step = 0; ; step++) {
      const row = n * T + (reverse ? T - 1 - step : step);
      if (step === T) last.data.fill(0, n * M, (n + 1) * M);
      if (step === T || mask[row] === 1) break;
      sequence?.data.fill(0, row * M, (row + 1) * M);
    }
  return { ...run, last, ...(sequence ? { sequence } : {}) };
}

/**
 * The outputs of Keras' unrolled loop in backward direction: they are in processing order when they are zeroed, the mask is in time
 * order, so step t is zero where step T−1−t is padding (keras/src/backend, rnn.py).
 */
function zeroedByUnflippedMask(run: RecurrenceResult, mask: Uint8Array): RecurrenceResult {
  const [N, M] = run.last.shape;
  const T = mask.length / N;
  const last = { shape: run.last.shape, data: run.last.data.slice() };
  for (let n = 0; n < N; n++) if (mask[n * T] === 0) last.data.fill(0, n * M, (n + 1) * M);
  if (!run.sequence) return { ...run, last };
  const sequence = { shape: run.sequence.shape, data: run.sequence.data.slice() };
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++) if (mask[n * T + T - 1 - t] === 0) sequence.data.fill(0, (n * T + t) * M, (n * T + t + 1) * M);
  return { ...run, last, sequence };
}

/** Keras go_backwards leaves a sequence in processing order. */
function inOrder(layer: RecurrentSpec, sequence: Tensor | undefined): Tensor | undefined {
  return sequence && layer.goBackwards ? flipTime(sequence) : sequence;
}

function output(
  layer: RecurrentSpec,
  last: Tensor,
  sequence: Tensor | undefined,
  hidden: Tensor | undefined,
  runs: RecurrenceResult[],
): LayerResult {
  const states = runs.flatMap(run => run.states);
  const rest = { states, others: states, sequence: hidden, traces: runs.flatMap(run => run.trace ?? []) };
  return layer.returnSequences ? { tensor: sequence!, ...rest } : { tensor: last, ...rest };
}

function recurrenceArgs(
  layer: RecurrentSpec,
  input: Value,
  context: LayerContext,
  way: string,
  reverse: boolean,
  initial?: readonly Tensor[],
): RecurrenceArgs {
  const cell = getCell(layer.kind);
  const act = cellFunction(layer.activation);
  const weight = (name: string) => context.weights.get(way + name);
  return {
    cell,
    options: cellOptions(layer),
    act,
    actOut: layer.outputActivation === null ? act : cellFunction(layer.outputActivation),
    sig: layer.recurrentActivation === null ? act : cellFunction(layer.recurrentActivation),
    activation: layer.activation,
    recurrentActivation: layer.recurrentActivation,
    outputActivation: layer.outputActivation,
    units: layer.units,
    weights: { kernel: weight('Wx'), recurrentKernel: weight('Wh'), bias: weight('bh'), projection: weight('Wp'), peepholes: weight('p') },
    x: input.tensor,
    mask: input.mask,
    initial,
    reverse,
    zeroOutputForMask: layer.zeroOutputForMask,
    trace: context.trace,
    sequence: layer.returnSequences || context.trace,
  };
}
