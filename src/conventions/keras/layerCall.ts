import { wordOf } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import { asObject, type Json } from '../../layers/kerasConfig.js';
import { attendsToSamples, type Call, callOptions } from './calls.js';
import { callInputsOf, inputTypeOf, isCell, readLayer, takesStates } from './layers.js';
import { outputsOfCall } from './models.js';
import { joinedMasks } from './partMasks.js';
import { collectingErrors, UNKNOWN, type Wiring } from './wiring.js';

/** The names of a layer call: its own, that of the layer whose weights it shares, and its group in weight files. */
interface CallNames {
  readonly own: string;
  readonly weights: string;
  readonly group: string;
}

/** Adds one call of a layer to the spec. @returns its outputs as values */
export function layerCall(wiring: Wiring, layer: Json, { own, weights, group }: CallNames, given: Call): readonly string[] {
  const ofSamples = attendsToSamples(layer, given);
  if (isCell(layer.class_name)) given = { ...given, inputs: [moved(wiring, `${own}/step`, 'Unsqueeze', given.inputs[0], 1)] };
  if (ofSamples) given = { ...given, inputs: given.inputs.map((x, i) => moved(wiring, `${own}/samples_${i + 1}`, 'Unsqueeze', x, 0)) };
  const { inputs, rest } = furtherInputs(layer, joinedMasks(wiring.layers, layer, own, given));
  const spec: Record<string, unknown> = { ...layerOrUnknown(wiring, layer, rest), inputs };
  const typed = inputTypeOf(layer.class_name);
  if (typed !== undefined && spec.kind !== UNKNOWN && /int/.test(given.type ?? '')) spec[typed] = given.type;
  spec.name = own;
  if (spec.name !== weights) spec.shares = weights;
  else spec.tensors = group;
  if (given.mask !== undefined) spec.mask = given.mask;
  if (given.states !== undefined) {
    spec.states = given.states.map(state => {
      const rank = given.shared?.get(state);
      return rank === undefined ? state : forEachSample(wiring, `${own}/rows of ${state}`, state, rank, given.inputs[0]);
    });
    // Keras 3 passes the input's mask to a layer only if the input is its single tensor argument
    if (given.mask === undefined) spec.mask = null;
  }
  wiring.layers.push(spec);
  const all = outputsOf(spec);
  const outputs =
    spec.kind !== UNKNOWN && takesStates(layer.class_name) && !isCell(layer.class_name) ? all.slice(0, outputsOfCall(layer, all)) : all;
  return ofSamples ? outputs.map((y, i) => moved(wiring, `${own}/of samples${i === 0 ? '' : '/scores'}`, 'Squeeze', y, 0)) : outputs;
}

/** Repeats a state with one row for every sample of x. */
function forEachSample({ layers }: Wiring, name: string, state: string, rank: number, x: string): string {
  const put = (own: string, op: string, inputs: string[], rest: Json): string => {
    layers.push({ kind: 'op', name: own, op, inputs, ...rest, kerasClass: '' });
    return own;
  };
  const ones = { type: 'int', value: Array(rank - 1).fill(1) };
  const samples = put(`${name}/samples`, 'Shape', [x], { attributes: { start: 0, end: 1 } });
  const shape = put(`${name}/shape`, 'Concat', [samples], { operands: [null, ones], attributes: { axis: 0 } });
  return put(name, 'Expand', [state, shape], {});
}

/** Adds or removes an axis: a cell called by itself reads a sequence of one step. */
function moved({ layers }: Wiring, name: string, op: 'Unsqueeze' | 'Squeeze', value: string, axis: number): string {
  layers.push({ kind: 'op', name, op, inputs: [value], operands: [null, { type: 'int', value: [axis] }], kerasClass: '' });
  return name;
}

/** Returns the arguments that are tensors. They follow the inputs, and fields of the layer say that they are present. */
function furtherInputs(layer: Json, { inputs, rest }: Call): { inputs: readonly string[]; rest: Json } {
  const read = Object.entries(callInputsOf(layer.class_name)).filter(([key]) => typeof rest[key] === 'object' && rest[key] !== null);
  const values = read.map(([key]) => (rest[key] as { value: string }).value);
  const taken = Object.fromEntries(read.map(([key]) => [key, true]));
  return { inputs: [...inputs, ...values], rest: { ...rest, ...taken } };
}

/** Reads a layer. If that fails while errors are collected, a layer with a user-defined function still has its shapes; of any other, only the class is known. */
function layerOrUnknown(wiring: Wiring, layer: Json, rest: Json): Json {
  const errors = wiring.blocked?.errors.length;
  const read = (from: Json) => ({ ...readLayer(from), ...callOptions(from, rest) });
  const whole = layer.unread === undefined ? collectingErrors(wiring, layer, () => read(layer)) : undefined;
  if (whole) return whole;
  const config = asObject(layer.config ?? {}, 'layer');
  const plain = { ...config, ...(config.activation ? { activation: 'linear' } : {}), recurrent_activation: 'sigmoid' };
  const shaped = layer.unread === undefined ? collectingErrors(wiring, layer, () => read({ ...layer, config: plain })) : undefined;
  if (errors !== undefined) wiring.blocked!.errors.length = Math.max(errors, Math.min(errors + 1, wiring.blocked!.errors.length));
  return shaped ?? { kind: UNKNOWN, kerasClass: wordOf(layer.unread ?? layer.class_name) };
}

/** Returns the output, then further outputs: the states of a recurrent layer, whether or not it returns them. */
function outputsOf(spec: Json): readonly string[] {
  // an unknown layer may have any number of outputs up to this
  if (spec.kind === UNKNOWN) return [String(spec.name), ...Array.from({ length: 15 }, (_, i) => `${spec.name}/${i + 1}`)];
  const kind = getLayerKind(String(spec.kind));
  const unknown = { symbol: '', size: null };
  const layer = { projection: null, units: 1, bidirectional: null, ...spec } as never;
  const others = kind.otherOutputs?.(layer, [[unknown, unknown, unknown]], { units: 'M', projection: 'P' }) ?? [];
  return [String(spec.name), ...others.map(o => `${spec.name}/${o.suffix}`)];
}
