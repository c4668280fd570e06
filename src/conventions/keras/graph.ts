import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { type LayerSpec, tokenValues } from '../../model/spec.js';
import { type Argument, type CallArguments, callArguments, type TensorArgument, tensorsOf } from './arguments.js';
import { type Constant, withConstants } from './calledArrays.js';
import { attendsToSamples, type Call, callOf, callOptions, NO_ARGUMENTS } from './calls.js';
import { callInputsOf, inputTypeOf, isCell, keepsType, readLayer } from './layers.js';
import {
  countable,
  givesTwo,
  groupNames,
  inputOrder,
  inputShape,
  inputSpec,
  isTakenApart,
  MODELS,
  mergedWays,
  nameOf,
  nestedInputShape,
  sequentialOutputs,
  severalInside,
  statefulInside,
  stepLayer,
  stepsInRow,
  structured,
  waysOf,
  withName,
} from './models.js';
import { isMadeOfOperators, isOperatorLayer, operatorNodes } from './operators/index.js';
import { joinedMasks } from './partMasks.js';
import { type OrderedCall, takeMasks } from './takenMasks.js';

/**
 * A Keras model's wiring as a flat list of layer calls: a layer called twice shares its weights, a model inside a model is inlined with its
 * name before its layers' (`encoder/lstm`), states and masks that are passed by argument are values like any other.
 */
export interface Wired {
  readonly inputs: Json[];
  readonly layers: Json[];
  /** {name, value} */
  readonly outputs: Json[];
  /** values of every call of the model's own layers, by `layer|call` */
  readonly calls: Known;
}

/** Errors that keep layers from being run, collected instead of thrown; such a layer has the kind of UNKNOWN, and the shapes that the file records. */
export interface Blocked {
  readonly errors: RnnError[];
  /** by value */
  readonly shapes: Map<string, readonly unknown[]>;
}

/** Kind of a layer that is known by its class alone. */
export const UNKNOWN = 'unknown';

/** Where calls are collected. */
interface Wiring {
  readonly layers: Json[];
  readonly blocked?: Blocked;
}

/** The place of a model in the whole: the prefix of its layers' names, that for its first call, and its group in weight files. */
interface Place {
  readonly prefix: string;
  readonly first: string;
  readonly group: string;
}

const TOP: Place = { prefix: '', first: '', group: '' };

/** Values by `layer|call`; a layer's further outputs as far as they exist. */
export type Known = Map<string, readonly string[]>;

/** @throws RnnError E_KERAS_CONFIG, E_KERAS_CLASS, E_KERAS_OPTION naming the layer, unless `blocked` collects them */
export function wiredModel(className: string, model: Json, blocked?: Blocked): Wired {
  const wiring: Wiring = { layers: [], blocked };
  const calls: Known = new Map();
  if (className === 'Sequential') {
    const { input, outputs } = sequential(wiring, model, TOP, undefined, calls);
    return {
      inputs: [asTokens(input!, wiring)],
      layers: blocked ? wiring.layers : countable(wiring.layers, model),
      outputs: outputs.slice(0, sequentialOutputs(model, outputs)).map(value => ({ name: value, value })),
      calls,
    };
  }
  const order = inputOrder(model);
  const specs = order.map(layer => inputSpec(asObject(layer.config, 'input'), nameOf(layer)));
  const outputs = functional(wiring, model, TOP, new Map(order.map(l => [nameOf(l), nameOf(l)])), calls);
  return {
    inputs: specs.map(input => asTokens(input, wiring)),
    layers: blocked ? wiring.layers : countable(wiring.layers, model),
    outputs,
    calls,
  };
}

function sequential(
  wiring: Wiring,
  model: Json,
  place: Place,
  given: string | undefined,
  known: Known = new Map(),
  inputType?: string,
): { input?: Json; outputs: readonly string[] } {
  const all = list(model.layers).map(l => asObject(l, 'layer'));
  const first = asObject(all[0]?.config ?? {}, 'layer');
  const build = list(model.build_input_shape ?? []);
  const shape = inputShape(first) ?? nestedInputShape(all[0]) ?? (build.length > 0 ? build : undefined);
  const isInput = all[0]?.class_name === 'InputLayer';
  const name = isInput ? nameOf(all[0]) : undefined;
  const layers = all.filter(l => l.class_name !== 'InputLayer');
  // Keras 2 computes images as floats
  let type = inputType ?? (isInput && first.batch_shape !== undefined ? text(first.dtype) : undefined);
  let values: readonly string[] = [given ?? name ?? 'input'];
  const groups = groupNames(layers);
  const groupOf = (i: number) => `${place.group}layers/${groups[i]}`;
  // the shape that it reads stands with the layer, or is that of the input
  const asOperators = (layer: Json, value: string): readonly string[] => {
    const read = (layer.build_config as Json | undefined)?.input_shape ?? (layer === layers[0] ? shape : undefined);
    const given = { tensor: [value, 0, 0], ...(Array.isArray(read) ? { shape: read } : {}) } as const;
    const nodes = tolerant(wiring, layer, () =>
      withName(layer, () => operatorNodes(layer, { args: [given], kwargs: {} }, place.prefix + nameOf(layer), () => value)),
    );
    if (!nodes) return unreadLayer(wiring, layer, place, '', 0, [value]);
    wiring.layers.push(...nodes.layers);
    return nodes.outputs;
  };
  layers.forEach((layer, i) => {
    const isLast = i === layers.length - 1;
    const config = asObject(layer.config ?? {}, 'layer');
    if (!isLast && config.return_state === true) throw severalInside(layer, 'return_state', 'False', 'True');
    if (!isLast && givesTwo(config)) throw severalInside(layer, 'merge_mode', 'concat, sum, mul or ave', 'None');
    values = isMadeOfOperators(layer)
      ? asOperators(layer, values[0])
      : callLayer(wiring, layer, place, groupOf(i), 0, { ...NO_ARGUMENTS, inputs: [values[0]], type });
    if (!keepsType(layer.class_name)) type = undefined;
    known.set(`${nameOf(layer)}|0`, values);
    const after = (layers[i + 1]?.build_config as Json | undefined)?.input_shape;
    if (Array.isArray(after)) wiring.blocked?.shapes.set(values[0], after);
  });
  const input = given === undefined ? inputSpec({ batch_shape: shape }, name) : undefined;
  return { input, outputs: values };
}

function functional(wiring: Wiring, model: Json, place: Place, given: ReadonlyMap<string, string>, known: Known = new Map()): Json[] {
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  for (const [name, value] of given) known.set(`${name}|0`, [value]);
  const modelNames = new Set(layers.filter(l => MODELS.has(wordOf(l.class_name))).map(nameOf));
  // a model has a call of its own before those of the network, which Sequential of Keras 3 does not count
  const isOld = layers.some(l => list(l.inbound_nodes).some(Array.isArray));
  const counted = new Set(layers.filter(l => modelNames.has(nameOf(l)) && (isOld || l.class_name !== 'Sequential')).map(nameOf));
  const groups = groupNames(layers);
  const called = layers.flatMap((layer, i) =>
    layer.class_name === 'InputLayer'
      ? []
      : list(layer.inbound_nodes).map((node, call): LayerCall => {
          const args = withName(layer, () => callArguments(node, modelNames));
          const reads = tensorsRead(args).map(({ tensor: [layer, call] }) => `${layer}|${call}`);
          return { layer, group: `${place.group}layers/${groups[i]}`, call, args, reads };
        }),
  );
  inDataFlow(called, known, ({ layer, group, call, args }) => {
    const values = withName(layer, () => calledWith(wiring, layer, place, group, call, args, known));
    known.set(`${nameOf(layer)}|${call}`, values);
  });
  if (wiring.blocked) for (const layer of layers) recordShapes(wiring.blocked.shapes, list(layer.inbound_nodes), known);
  const outputs = structured(model.output_layers);
  if (outputs.length === 0) throw new RnnError('convention', 'E_KERAS_CONFIG', 'the model names no output', { where: 'output_layers' });
  const callNumber = (layer: string, call: number) => (counted.has(layer) ? Math.max(0, call - 1) : call);
  if (!isOld)
    takeMasks(
      wiring.layers,
      called.map(({ layer, call, reads }): OrderedCall => ({ key: `${nameOf(layer)}|${call}`, layer: nameOf(layer), reads })),
      outputs.map(({ path: [layer, call] }) => `${layer}|${callNumber(layer, call)}`),
      key => known.get(key)?.[0],
    );
  const names = new Set<string>();
  return outputs.map(({ key, path: [layer, call, output] }) => {
    const value = valueAt(known, [layer, callNumber(layer, call), output]);
    const name = [key || value, `${value} again`].find(n => !names.has(n)) ?? `${value} ${names.size}`;
    names.add(name);
    return { name, value };
  });
}

/** A call of a layer as the file has it. */
interface LayerCall {
  readonly layer: Json;
  readonly group: string;
  readonly call: number;
  readonly args: CallArguments;
  /** `layer|call` of what it is given */
  readonly reads: readonly string[];
}

/** Visits every call once what it reads is known: always the first one that is ready, so that an order that follows the data flow is kept. */
function inDataFlow(calls: readonly LayerCall[], known: Known, visit: (call: LayerCall) => void): void {
  const waiting = [...calls];
  while (waiting.length > 0) {
    const ready = waiting.findIndex(
      ({ layer, call, reads }) => (call === 0 || known.has(`${nameOf(layer)}|${call - 1}`)) && reads.every(key => known.has(key)),
    );
    if (ready < 0)
      throw new RnnError('convention', 'E_KERAS_CONFIG', 'the layers are not joined to the input', {
        found: waiting.map(w => escapeText(nameOf(w.layer), 40)).join(', '),
      });
    visit(waiting.splice(ready, 1)[0]);
  }
}

/** Keras 3 writes the shape of every value where a call reads it. */
function recordShapes(shapes: Blocked['shapes'], nodes: unknown, known: Known): void {
  if (typeof nodes !== 'object' || nodes === null) return;
  const { class_name, config } = nodes as { class_name?: unknown; config?: Json };
  if (class_name === '__keras_tensor__') {
    const [layer, call, output] = list(config?.keras_history);
    const value = known.get(`${layer}|${call}`)?.[Number(output)];
    if (value !== undefined && Array.isArray(config?.shape)) shapes.set(value, config.shape);
  } else for (const node of Object.values(nodes)) recordShapes(shapes, node, known);
}

function valueAt(known: Known, [layer, call, output]: readonly [string, number, number]): string {
  const value = known.get(`${layer}|${call}`)?.[output];
  if (value !== undefined) return value;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', `output ${output} of ${escapeText(layer, 60)} is not computed here`, {
    where: escapeText(layer, 60),
    expected: 'an output of the layer, or one of its states',
    found: `output ${output}`,
  });
}

function calledWith(
  wiring: Wiring,
  layer: Json,
  place: Place,
  group: string,
  call: number,
  args: CallArguments,
  known: Known,
): readonly string[] {
  const value = (t: Argument) => valueAt(known, (t as { tensor: [string, number, number] }).tensor);
  const name = place.prefix + nameOf(layer) + again(call);
  const unread = () => unreadLayer(wiring, layer, place, group, call, tensorsRead(args).map(value));
  if (isOperatorLayer(layer) || isMadeOfOperators(layer)) {
    const nodes = tolerant(wiring, layer, () => operatorNodes(layer, args, name, value));
    if (!nodes) return unread();
    wiring.layers.push(...nodes.layers);
    return nodes.outputs;
  }
  const addArray = (constant: string, operand: Constant) => {
    wiring.layers.push({ kind: 'op', name: constant, op: 'Identity', inputs: [], operands: [operand], kerasClass: '' });
    known.set(`${constant}|0`, [constant]);
  };
  const given = tolerant(wiring, layer, () => callOf(layer, withConstants(name, args, addArray), value));
  return given ? callLayer(wiring, layer, place, group, call, given) : unread();
}

/** A layer that is not read here, of which errors are collected: known by its class. */
function unreadLayer(wiring: Wiring, layer: Json, place: Place, group: string, call: number, inputs: readonly string[]): readonly string[] {
  const unread = { ...layer, class_name: undefined, unread: layer.class_name };
  return callLayer(wiring, unread, place, group, call, { ...NO_ARGUMENTS, inputs });
}

function tensorsRead({ args, kwargs }: CallArguments): TensorArgument[] {
  return [...args, ...Object.values(kwargs)].flatMap(tensorsOf);
}

/** undefined where it fails and errors are collected */
function tolerant<T>({ blocked }: Wiring, layer: Json, body: () => T): T | undefined {
  try {
    return blocked ? withName(layer, body) : body();
  } catch (error) {
    if (!blocked || !(error instanceof RnnError)) throw error;
    blocked.errors.push(error);
    return undefined;
  }
}

/** The second call of a layer is called `lstm#2`. */
function again(call: number): string {
  return call === 0 ? '' : `#${call + 1}`;
}

/** One call of a layer or of a model. @returns its outputs as values */
function callLayer(wiring: Wiring, layer: Json, place: Place, group: string, call: number, given: Call): readonly string[] {
  const name = nameOf(layer);
  const inner: Place = {
    prefix: `${place.prefix}${name}${again(call)}/`,
    first: `${place.first}${name}/`,
    group: `${group}/`,
  };
  if (MODELS.has(wordOf(layer.class_name))) return innerModel(wiring, layer, asObject(layer.config ?? {}, 'layer'), inner, given);
  // a chain of layers without weights
  if (layer.class_name === 'Pipeline')
    return sequential(wiring, asObject(layer.config ?? {}, 'layer'), inner, given.inputs[0], undefined, given.type).outputs;
  if (isTakenApart(layer)) {
    const steps = tolerant(wiring, layer, () => withName(layer, () => atEveryStep(wiring, layer, inner, group, given)));
    if (steps) return steps;
  }
  const own = place.prefix + name + again(call);
  const ofSamples = attendsToSamples(layer, given);
  if (isCell(layer.class_name)) given = { ...given, inputs: [moved(wiring, `${own}/step`, 'Unsqueeze', given.inputs[0], 1)] };
  if (ofSamples) given = { ...given, inputs: given.inputs.map((x, i) => moved(wiring, `${own}/samples_${i + 1}`, 'Unsqueeze', x, 0)) };
  const { inputs, rest } = furtherInputs(layer, joinedMasks(wiring.layers, layer, own, given));
  const spec: Record<string, unknown> = { ...layerOrUnknown(wiring, layer, rest), inputs };
  const typed = inputTypeOf(layer.class_name);
  if (typed !== undefined && spec.kind !== UNKNOWN && /int/.test(given.type ?? '')) spec[typed] = given.type;
  spec.name = own;
  if (spec.name !== place.first + name) spec.shares = place.first + name;
  else spec.tensors = group;
  if (given.mask !== undefined) spec.mask = given.mask;
  if (given.states !== undefined) {
    spec.states = given.states.map(state => {
      const rank = given.shared?.get(state);
      return rank === undefined ? state : forEachSample(wiring, `${own}/rows of ${state}`, state, rank, given.inputs[0]);
    });
    // Keras 3 gives a layer the mask of its input only where that is its one tensor
    if (given.mask === undefined) spec.mask = null;
  }
  wiring.layers.push(spec);
  const outputs = outputsOf(spec);
  return ofSamples ? outputs.map((y, i) => moved(wiring, `${own}/of samples${i === 0 ? '' : '/scores'}`, 'Squeeze', y, 0)) : outputs;
}

/** A state of one row as one of as many rows as x has samples. */
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

/** A value with an axis more, or less: the input of a cell is a sequence of one step. */
function moved({ layers }: Wiring, name: string, op: 'Unsqueeze' | 'Squeeze', value: string, axis: number): string {
  layers.push({ kind: 'op', name, op, inputs: [value], operands: [null, { type: 'int', value: [axis] }], kerasClass: '' });
  return name;
}

/** Arguments that are tensors: they follow the inputs, and fields of the layer say that they are there. */
function furtherInputs(layer: Json, { inputs, rest }: Call): { inputs: readonly string[]; rest: Json } {
  const read = Object.entries(callInputsOf(layer.class_name)).filter(([key]) => typeof rest[key] === 'object' && rest[key] !== null);
  const values = read.map(([key]) => (rest[key] as { value: string }).value);
  const taken = Object.fromEntries(read.map(([key]) => [key, true]));
  return { inputs: [...inputs, ...values], rest: { ...rest, ...taken } };
}

/** Where errors are collected, a layer with a user-defined function still has its shapes; any other is known by its class. */
function layerOrUnknown(wiring: Wiring, layer: Json, rest: Json): Json {
  const errors = wiring.blocked?.errors.length;
  const read = (from: Json) => ({ ...readLayer(from), ...callOptions(from, rest) });
  const whole = layer.unread === undefined ? tolerant(wiring, layer, () => read(layer)) : undefined;
  if (whole) return whole;
  const config = asObject(layer.config ?? {}, 'layer');
  const plain = { ...config, ...(config.activation ? { activation: 'linear' } : {}), recurrent_activation: 'sigmoid' };
  const shaped = layer.unread === undefined ? tolerant(wiring, layer, () => read({ ...layer, config: plain })) : undefined;
  if (errors !== undefined) wiring.blocked!.errors.length = Math.max(errors, Math.min(errors + 1, wiring.blocked!.errors.length));
  return shaped ?? { kind: UNKNOWN, kerasClass: wordOf(layer.unread ?? layer.class_name) };
}

function innerModel(wiring: Wiring, layer: Json, config: Json, place: Place, given: Call): readonly string[] {
  if (layer.class_name === 'Sequential') return sequential(wiring, config, place, given.inputs[0], undefined, given.type).outputs;
  const order = inputOrder(config);
  if (order.length !== given.inputs.length)
    throw new RnnError(
      'convention',
      'E_KERAS_CONFIG',
      `the model inside takes ${order.length} inputs and is given ${given.inputs.length}`,
      {
        expected: `${order.length} inputs`,
        found: String(given.inputs.length),
      },
    );
  return functional(wiring, config, place, new Map(order.map((l, i) => [nameOf(l), given.inputs[i]]))).map(o => String(o.value));
}

function atEveryStep(wiring: Wiring, layer: Json, place: Place, group: string, { inputs, mask }: Call): readonly string[] {
  const name = place.prefix.slice(0, -1);
  const stateful = statefulInside(layer);
  if (stateful) {
    const ways = waysOf(stateful).map(({ inner, part, flips }) => {
      const own = part ? `${name}/${part}` : name;
      const row = stepsInRow(layer, inner, own, flips);
      wiring.layers.push(...row.before(inputs[0]));
      const at = `${group}/layer${part && `/${part}_layer`}`;
      const [y] = callLayer(wiring, row.inner, place, at, 0, { ...NO_ARGUMENTS, inputs: [`${own}/row`] });
      wiring.layers.push(...row.behind(y));
      return own;
    });
    if (ways.length > 1) wiring.layers.push(mergedWays(stateful, name, ways));
    return [name];
  }
  const steps = `${place.prefix}each_step`;
  const own = mask === undefined ? {} : { mask };
  wiring.layers.push({ kind: 'eachstep', name: steps, inputs, ...own });
  const [samples] = callLayer(wiring, stepLayer(layer), place, `${group}/layer`, 0, { ...NO_ARGUMENTS, inputs: [steps] });
  wiring.layers.push({ kind: 'allsteps', name, inputs: [...inputs, samples], ...own });
  return [name];
}

/** Output, then what the layer gives in addition: the states of a recurrent layer, whether it returns them or not. */
function outputsOf(spec: Json): readonly string[] {
  // an unknown layer may have any number of outputs up to this
  if (spec.kind === UNKNOWN) return [String(spec.name), ...Array.from({ length: 15 }, (_, i) => `${spec.name}/${i + 1}`)];
  const kind = getLayerKind(String(spec.kind));
  const unknown = { symbol: '', size: null };
  const layer = { projection: null, units: 1, bidirectional: null, ...spec } as never;
  const others = kind.otherOutputs?.(layer, [[unknown, unknown, unknown]], { units: 'M', projection: 'P' }) ?? [];
  return [String(spec.name), ...others.map(o => `${spec.name}/${o.suffix}`)];
}

/** An input that an Embedding reads, whole or step by step, is token numbers without features: [T] are T steps, any other shape stays one. */
function asTokens(input: Json, { layers }: Wiring): Json {
  const { shape, timesteps, features, ...rest } = input;
  if (!tokenValues(layers as unknown as LayerSpec[]).has(String(input.name ?? 'input'))) return input;
  // nothing is known of the shape of a model that was not built
  if (!Array.isArray(shape) && features === null) return input;
  // a text becomes a row of token numbers, in the file a batch of one axis at most
  const words = layers.find(l => l.kerasClass === 'TextVectorization' && (l.inputs as string[]).includes(String(input.name ?? 'input')));
  if (words) return { ...rest, batch: null, timesteps: words.length, features: null };
  const sizes = Array.isArray(shape) ? shape : [timesteps, features];
  return sizes.length === 1 ? { ...rest, timesteps: sizes[0], features: null } : { ...rest, shape: sizes };
}
