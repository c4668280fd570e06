import type { ActivationSpec } from '../../activations/activation.js';
import { getCell, rowOf } from '../../cells/index.js';
import { type Attributes, float, floats, type GraphBuilder, int, ints, text, texts } from '../../formats/onnx/builder.js';
import type { OnnxCall, OnnxResult } from '../../layers/facets.js';
import { cast, flipped, lifted, number, zeroedOutside } from '../../layers/onnxSteps.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { concatFirst, transpose } from '../../tensor/layout.js';
import { reshape, type Tensor, zeros } from '../../tensor/tensor.js';
import { fromCanonicalGates } from '../gateOrder.js';
import { recurrentFunction } from './activationNodes.js';
import { RECURRENT_OPS } from './recurrentNode.js';
import { asScan, type Recurrence } from './scannedRecurrence.js';

/**
 * Writes a recurrent layer as its ONNX operator, in layout 0 between two transpositions and, if there is a mask, over the real steps only; or as a
 * Scan if the operator cannot express it.
 * @returns y [N, T, P] or [N, P], then, if requested, the final states [N, M] by direction, then state
 */
export function addRecurrent(layer: RecurrentSpec, call: OnnxCall): OnnxResult {
  const { builder, initial, wantsOthers } = call;
  const cell = getCell(layer.kind);
  // ONNX's order of directions: forward in time first. A Keras go_backwards layer has them reversed.
  const ways = layer.bidirectional === null ? [''] : layer.goBackwards ? ['backward/', 'forward/'] : ['forward/', 'backward/'];
  const states = cell.states.map((state, s) => {
    if (!initial) return '';
    const own = ways.map((_, i) => initial[i * cell.states.length + s]);
    return initialState(builder, layer.goBackwards ? own.reverse() : own, `${layer.name}.initial_${state}`);
  });
  const reverse = ways.map((_, way) => (ways.length === 1 ? layer.goBackwards : way === 1));
  const run = isOperator(layer)
    ? byOperator(layer, call, states, ways, reverse)
    : asScan(
        layer,
        call,
        states,
        ways.map((way, i) => ({ way, back: reverse[i] })),
      );
  const y = layer.returnSequences ? sequence(builder, layer, run.steps()) : lastState(builder, layer, run.last());
  if (!wantsOthers) return { y };
  const order = layer.goBackwards && ways.length === 2 ? [1, 0] : ways.map((_, i) => i);
  const others = order.flatMap(way =>
    run.final.map(state => builder.add('Gather', [state, builder.scalar(way)], { axis: int(0) }, `${layer.name}/state`)),
  );
  return { y, others };
}

/** Whether ONNX's RNN, LSTM or GRU can express this layer. */
function isOperator(layer: RecurrentSpec): boolean {
  return (
    layer.projection === null &&
    Object.values(RECURRENT_OPS).some(name => name === layer.kind) &&
    functionsOf(layer).every(recurrentFunction)
  );
}

function byOperator(
  layer: RecurrentSpec,
  { builder, inputs: [x], masks: [mask], weight, wantsOthers }: OnnxCall,
  states: readonly string[],
  ways: readonly string[],
  reverse: readonly boolean[],
): Recurrence {
  const { name } = layer;
  const cell = getCell(layer.kind);
  const stacked = (pick: (way: string) => Tensor) => concatFirst(ways.map(way => pick(way)).map(t => reshape(t, [1, ...t.shape])));
  const foreign = (t: Tensor) => fromCanonicalGates(t, cell, rowOf(cell, 'onnx'));
  const constant = (suffix: string, pick: (way: string) => Tensor) => builder.constant(`${name}.${suffix}`, stacked(pick));
  const W = constant('W', way => transpose(foreign(weight(`${way}Wx`)!)));
  const R = constant('R', way => transpose(foreign(weight(`${way}Wh`)!)));
  const B = layer.useBias ? constant('B', way => bothRows(weight(`${way}bh`)!, foreign)) : '';
  const P = layer.peepholes ? constant('P', way => reshape(weight(`${way}p`)!, [3 * layer.units])) : '';
  const real = mask === undefined ? undefined : realSteps(builder, mask, name);
  const inputs = [
    builder.add('Transpose', [real ? compacted(builder, x, real, name) : x], { perm: ints(1, 0, 2) }, `${name}/time`),
    W,
    R,
    B,
    real?.lengths ?? '',
    ...states,
    ...(layer.kind === 'lstm' ? [P] : []),
  ];
  while (inputs[inputs.length - 1] === '') inputs.pop();
  const count = wantsOthers ? 1 + cell.states.length : 2;
  const [Y, ...found] = builder.addMany(layer.kind.toUpperCase(), inputs, count, attributesOf(layer, ways.length), name);
  const final = real ? found.map((state, s) => stateOrStart(builder, state, states[s], real, name)) : found;
  return {
    final,
    steps: () =>
      real ? spread(builder, Y, real, { layer, reverse }) : builder.add('Transpose', [Y], { perm: ints(2, 0, 1, 3) }, `${name}/batch`),
    last() {
      if (!real) return final[0];
      if (layer.zeroOutputForMask) return zeroedAtEnd(builder, final[0], real, reverse, name);
      return states[0] === '' ? final[0] : stateOrStart(builder, found[0], '', real, name);
    },
  };
}

/** States [N, M] of the directions, constants or values -> [dirs, N, M]. */
function initialState(builder: GraphBuilder, states: readonly (Tensor | string)[], name: string): string {
  const tensors = states.filter((s): s is Tensor => typeof s !== 'string');
  if (tensors.length === states.length) return builder.constant(name, concatFirst(tensors.map(t => reshape(t, [1, ...t.shape]))));
  const lifted = states.map(s => builder.add('Unsqueeze', [String(s), builder.integers([0])], {}, name));
  return lifted.length === 1 ? lifted[0] : builder.add('Concat', lifted, { axis: int(0) }, name);
}

/** f, g, h of the specification */
function functionsOf(layer: RecurrentSpec): (ActivationSpec | null)[] {
  if (layer.kind === 'rnn') return [layer.activation];
  const functions = [layer.recurrentActivation, layer.activation];
  return layer.kind === 'lstm' ? [...functions, layer.outputActivation ?? layer.activation] : functions;
}

function attributesOf(layer: RecurrentSpec, ways: number): Attributes {
  const each = functionsOf(layer).map(spec => recurrentFunction(spec)!);
  const all = ways === 2 ? [...each, ...each] : each;
  const [alpha, beta] = [0, 1].map(i => all.flatMap(f => (f.parameters.length > i ? [f.parameters[i]] : [])));
  return {
    hidden_size: int(layer.units),
    direction: text(ways === 2 ? 'bidirectional' : layer.goBackwards ? 'reverse' : 'forward'),
    activations: texts(all.map(f => f.name)),
    ...(alpha.length > 0 ? { activation_alpha: floats(alpha) } : {}),
    ...(beta.length > 0 ? { activation_beta: floats(beta) } : {}),
    ...(layer.clip === null ? {} : { clip: float(layer.clip) }),
    ...(layer.kind === 'lstm' && layer.inputForget ? { input_forget: int(1) } : {}),
    ...(layer.kind === 'gru' ? { linear_before_reset: int(layer.resetAfter ? 1 : 0) } : {}),
  };
}

/** [G·M] or [2, G·M] -> [2·G·M]: the input row, then the recurrent one (zeros where there is none). */
function bothRows(bias: Tensor, foreign: (t: Tensor) => Tensor): Tensor {
  const rows = foreign(bias);
  if (rows.shape.length === 2) return reshape(rows, [rows.data.length]);
  return concatFirst([rows, zeros(rows.shape, rows.data instanceof Float32Array ? 'f32' : 'f64')]);
}

/** [N, T, dirs, M] -> [N, T, M'], in Keras' order: with go_backwards, in processing order. */
function sequence(builder: GraphBuilder, layer: RecurrentSpec, steps: string): string {
  const { name } = layer;
  const merged = merge(builder, layer, steps, 2);
  if (!layer.goBackwards) return merged;
  return flipped(builder, merged, `${name}/reversed`);
}

/** Y_h [dirs, N, M] -> [N, M'] */
function lastState(builder: GraphBuilder, layer: RecurrentSpec, Yh: string): string {
  return merge(builder, layer, builder.add('Transpose', [Yh], { perm: ints(1, 0, 2) }, `${layer.name}/batch`), 1);
}

const MERGES = { sum: 'Add', mul: 'Mul', ave: 'Mean' } as const;

/** [..., dirs, M] at `axis` -> [..., M'] */
function merge(builder: GraphBuilder, layer: RecurrentSpec, x: string, axis: number): string {
  const { name, bidirectional: mode } = layer;
  const flat = (value: string, suffix: string) =>
    builder.add('Reshape', [value, builder.integers([...new Array<number>(axis).fill(0), -1])], {}, `${name}/${suffix}`);
  if (mode === null) return flat(x, 'merged');
  if (mode === 'concat') {
    const ordered = layer.goBackwards ? builder.add('Gather', [x, builder.integers([1, 0])], { axis: int(axis) }, `${name}/swapped`) : x;
    return flat(ordered, 'merged');
  }
  const [a, b] = builder.addMany('Split', [x], 2, { axis: int(axis) }, `${name}/ways`);
  return builder.add(MERGES[mode], [flat(a, 'forward'), flat(b, 'backward')], {}, `${name}/merged`);
}

/**
 * Supports any mask with operators that only take lengths: the real steps of each sample are moved to the front, the operator runs over them, and
 * every masked step then repeats the output of the real step processed before it, as in Keras.
 */
interface RealSteps {
  /** boolean mask [N, T] */
  readonly mask: string;
  /** number of real steps up to and including t [N, T], int64 */
  readonly seen: string;
  /** 1 at a real step [N, T], int64 */
  readonly ones: string;
  /** number of real steps [N, 1], and the same but at least 1; int64 */
  readonly total: string;
  readonly atLeastOne: string;
  /** lengths for the operator, int32 [N], at least 1, so as not to depend on how a runtime treats empty sequences */
  readonly lengths: string;
}

export function realSteps(builder: GraphBuilder, mask: string, name: string): RealSteps {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, `${name}/steps`);
  const ones = cast(builder, mask, 'i64', `${name}/steps`);
  const total = add('ReduceSum', [ones, builder.integers([1])]);
  const atLeastOne = add('Max', [total, builder.integers([1])]);
  const lengths = cast(builder, add('Squeeze', [atLeastOne, builder.integers([1])]), 'i32', `${name}/steps`);
  return { mask, ones, seen: add('CumSum', [ones, builder.scalar(1)]), total, atLeastOne, lengths };
}

/** Moves the real steps of x [N, T, D] to the front, before the masked ones. */
function compacted(builder: GraphBuilder, x: string, { mask, seen }: RealSteps, name: string): string {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, `${name}/front`);
  const key = add('Where', [mask, add('Neg', [seen]), builder.integers([-(2 ** 31)])]);
  const T = add('Shape', [mask], { start: int(1), end: int(2) });
  const [, order] = builder.addMany('TopK', [key, T], 2, { axis: int(1) }, `${name}/front`);
  return stepsAt(builder, x, order, name);
}

/** Selects steps of x [N, T, D] by index [N, T]. */
function stepsAt(builder: GraphBuilder, x: string, order: string, name: string): string {
  return builder.add('GatherND', [x, lifted(builder, order, 3, name)], { batch_dims: int(1) }, `${name}/front`);
}

/**
 * Spreads Y [T, dirs, N, M] of the real steps to all steps [N, T, dirs, M]. Masked steps before any real one are zero, whatever the initial state.
 * @param reverse for each direction, whether it runs backwards
 */
export function spread(
  builder: GraphBuilder,
  Y: string,
  real: RealSteps,
  { layer, reverse }: { readonly layer: RecurrentSpec; readonly reverse: readonly boolean[] },
): string {
  const name = `${layer.name}/spread`;
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, name);
  const one = builder.integers([1]);
  const ways = reverse.map((back, way) => {
    // the real step whose output is used here, if there is one: forward the last one so far, backward the first one from here on
    const at = back ? add('Sub', [real.seen, real.ones]) : add('Sub', [real.seen, one]);
    const begun = back ? add('Less', [at, real.total]) : add('Greater', [real.seen, builder.integers([0])]);
    const inside = back ? add('Min', [at, add('Sub', [real.atLeastOne, one])]) : add('Max', [at, builder.integers([0])]);
    const own = add('Transpose', [add('Gather', [Y, builder.scalar(way)], { axis: int(1) })], { perm: ints(1, 0, 2) });
    const held = zeroedOutside(builder, lifted(builder, begun, 3, name), stepsAt(builder, own, inside, name), name);
    const unrolled = back && layer.unroll === true;
    const shown = unrolled ? flipped(builder, real.mask, name) : real.mask;
    const y = layer.zeroOutputForMask ? zeroedOutside(builder, lifted(builder, shown, 3, name), held, name) : held;
    return add('Unsqueeze', [y, builder.integers([2])]);
  });
  return ways.length === 1 ? ways[0] : add('Concat', ways, { axis: int(2) });
}

/** Returns final states [dirs, N, M], in which a sample without a real step has its initial ones. */
function stateOrStart(builder: GraphBuilder, state: string, initial: string, { total }: RealSteps, name: string): string {
  const any = builder.add('Greater', [total, builder.integers([0])], {}, `${name}/any`);
  return builder.add('Where', [any, state, initial === '' ? number(builder, 0, name) : initial], {}, `${name}/any`);
}

/** Zeroes the last output [dirs, N, M] if the last processed step is masked: step T − 1 forward, step 0 backward. */
function zeroedAtEnd(builder: GraphBuilder, last: string, { mask }: RealSteps, reverse: readonly boolean[], name: string): string {
  const ends = reverse.map(back => {
    const end = builder.add('Gather', [mask, builder.scalar(back ? 0 : -1)], { axis: int(1) }, `${name}/end`);
    return builder.add('Unsqueeze', [end, builder.integers([0, 2])], {}, `${name}/end`);
  });
  const shown = ends.length === 1 ? ends[0] : builder.add('Concat', ends, { axis: int(0) }, `${name}/end`);
  return zeroedOutside(builder, shown, last, name);
}
