import { RnnError } from '../../errors.js';
import { wordOf } from '../../escape.js';
import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { type LayerSpec, tokenValues } from '../../model/spec.js';
import { type Argument, type CallArguments, callArguments } from './arguments.js';
import { type Constant, withConstants } from './calledArrays.js';
import { type Call, callOf, NO_ARGUMENTS } from './calls.js';
import { inDataFlow, type LayerCall, recordShapes, tensorsRead } from './dataFlow.js';
import { layerCall } from './layerCall.js';
import { keepsType } from './layers.js';
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
import { type OrderedCall, removeReadMasks } from './removedMasks.js';
import { type Blocked, callSuffix, collectingErrors, type Known, type Place, valueAt, type Wired, type Wiring } from './wiring.js';

const TOP: Place = { prefix: '', first: '', group: '' };

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
  // the input shape is stated with the layer, or is that of the model's input
  const asOperators = (layer: Json, value: string): readonly string[] => {
    const read = (layer.build_config as Json | undefined)?.input_shape ?? (layer === layers[0] ? shape : undefined);
    const given = { tensor: [value, 0, 0], ...(Array.isArray(read) ? { shape: read } : {}) } as const;
    const nodes = collectingErrors(wiring, layer, () =>
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
    removeReadMasks(
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
  const name = place.prefix + nameOf(layer) + callSuffix(call);
  const unread = () => unreadLayer(wiring, layer, place, group, call, tensorsRead(args).map(value));
  if (isOperatorLayer(layer) || isMadeOfOperators(layer)) {
    const nodes = collectingErrors(wiring, layer, () => operatorNodes(layer, args, name, value));
    if (!nodes) return unread();
    wiring.layers.push(...nodes.layers);
    return nodes.outputs;
  }
  const addArray = (constant: string, operand: Constant) => {
    wiring.layers.push({ kind: 'op', name: constant, op: 'Identity', inputs: [], operands: [operand], kerasClass: '' });
    known.set(`${constant}|0`, [constant]);
  };
  const given = collectingErrors(wiring, layer, () => callOf(layer, withConstants(name, args, addArray), value));
  return given ? callLayer(wiring, layer, place, group, call, given) : unread();
}

/** Adds a placeholder for a layer that cannot be read, when errors are collected; only its class is known. */
function unreadLayer(wiring: Wiring, layer: Json, place: Place, group: string, call: number, inputs: readonly string[]): readonly string[] {
  const unread = { ...layer, class_name: undefined, unread: layer.class_name };
  return callLayer(wiring, unread, place, group, call, { ...NO_ARGUMENTS, inputs });
}

/** Adds one call of a layer or of a nested model. @returns its outputs as values */
function callLayer(wiring: Wiring, layer: Json, place: Place, group: string, call: number, given: Call): readonly string[] {
  const name = nameOf(layer);
  const inner: Place = {
    prefix: `${place.prefix}${name}${callSuffix(call)}/`,
    first: `${place.first}${name}/`,
    group: `${group}/`,
  };
  if (MODELS.has(wordOf(layer.class_name))) return innerModel(wiring, layer, asObject(layer.config ?? {}, 'layer'), inner, given);
  // a chain of layers without weights
  if (layer.class_name === 'Pipeline')
    return sequential(wiring, asObject(layer.config ?? {}, 'layer'), inner, given.inputs[0], undefined, given.type).outputs;
  if (isTakenApart(layer)) {
    const steps = collectingErrors(wiring, layer, () => withName(layer, () => atEveryStep(wiring, layer, inner, group, given)));
    if (steps) return steps;
  }
  return layerCall(wiring, layer, { own: place.prefix + name + callSuffix(call), weights: place.first + name, group }, given);
}

function innerModel(wiring: Wiring, layer: Json, config: Json, place: Place, given: Call): readonly string[] {
  if (layer.class_name === 'Sequential') return sequential(wiring, config, place, given.inputs[0], undefined, given.type).outputs;
  const order = inputOrder(config);
  if (order.length !== given.inputs.length)
    throw new RnnError(
      'convention',
      'E_KERAS_CONFIG',
      `the model inside takes ${order.length} inputs and is given ${given.inputs.length}`,
      { expected: `${order.length} inputs`, found: String(given.inputs.length) },
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

/** If an Embedding reads the input, directly or step by step, the input is token numbers without features: a shape [T] means T steps, any other stays a shape. */
function asTokens(input: Json, { layers }: Wiring): Json {
  const { shape, timesteps, features, ...rest } = input;
  if (!tokenValues(layers as unknown as LayerSpec[]).has(String(input.name ?? 'input'))) return input;
  // a model that was not built has no known input shape
  if (!Array.isArray(shape) && features === null) return input;
  // a text becomes a row of token numbers, in the file a batch of one axis at most
  const words = layers.find(l => l.kerasClass === 'TextVectorization' && (l.inputs as string[]).includes(String(input.name ?? 'input')));
  if (words) return { ...rest, batch: null, timesteps: words.length, features: null };
  const sizes = Array.isArray(shape) ? shape : [timesteps, features];
  return sizes.length === 1 ? { ...rest, timesteps: sizes[0], features: null } : { ...rest, shape: sizes };
}
