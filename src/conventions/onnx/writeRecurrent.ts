import type { ActivationSpec } from '../../activations/activation.js';
import { getCell, rowOf } from '../../cells/index.js';
import { type Attributes, float, floats, type GraphBuilder, int, ints, text, texts } from '../../formats/onnx/builder.js';
import type { OnnxCall, OnnxResult } from '../../layers/facets.js';
import { flipped } from '../../layers/onnxSteps.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { concatFirst, transpose } from '../../tensor/layout.js';
import { reshape, type Tensor, zeros } from '../../tensor/tensor.js';
import { fromCanonicalGates } from '../gateOrder.js';
import { recurrentFunction } from './activationNodes.js';
import { compacted, realSteps, spread, stateOrStart, zeroedAtEnd } from './maskedRecurrence.js';
import { RECURRENT_OPS } from './recurrentNode.js';
import { byScan, type Recurrence } from './scannedRecurrence.js';

/**
 * A recurrent layer as its ONNX operator, in layout 0 between two transpositions, where steps are masked over the real ones alone; or as a Scan
 * where the operator has no such function.
 * @returns y [N, T, P] or [N, P], then the final states [N, M] where they are wanted, per direction then state
 */
export function addRecurrent(layer: RecurrentSpec, call: OnnxCall): OnnxResult {
  const { builder, initial, wantsOthers } = call;
  const cell = getCell(layer.kind);
  // directions in ONNX's order: forward in time first. A Keras go_backwards layer runs the other way round.
  const ways = layer.bidirectional === null ? [''] : layer.goBackwards ? ['backward/', 'forward/'] : ['forward/', 'backward/'];
  const states = cell.states.map((state, s) => {
    if (!initial) return '';
    const own = ways.map((_, i) => initial[i * cell.states.length + s]);
    return initialState(builder, layer.goBackwards ? own.reverse() : own, `${layer.name}.initial_${state}`);
  });
  const reverse = ways.map((_, way) => (ways.length === 1 ? layer.goBackwards : way === 1));
  const run = isOperator(layer)
    ? byOperator(layer, call, states, ways, reverse)
    : byScan(
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

/** Whether RNN, LSTM or GRU of ONNX is this layer. */
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

/** [N, T, dirs, M] -> [N, T, M'], in the order Keras returns it: go_backwards stays in processing order. */
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
