import { RnnError, within } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { asObject, type Json, list, text, unsupportedClass } from '../../layers/kerasConfig.js';
import { callArguments, tensorsOf } from './arguments.js';
import { layerNameOfClass } from './classes.js';
import { takesStates } from './layers.js';

/** Reads facts about a model and its layers from a configuration: names, groups in weight files, inputs and outputs. */

export const MODELS = new Set(['Sequential', 'Functional', 'Model']);

/** @throws RnnError E_KERAS_CLASS if it is not a model of layers */
export function checkModelClass(className: unknown): string {
  if (typeof className === 'string' && MODELS.has(className)) return className;
  throw unsupportedClass(className, 'a Sequential or Functional model');
}

/** The name of a layer of a config. Keras 1 and 2 write it beside the config, or in it. */
export function nameOf(layer: Json): string {
  return text(layer.name) ?? text((layer.config as Json | undefined)?.name) ?? layerNameOfClass(wordOf(layer.class_name));
}

/** Runs `body` and adds the name of the layer to errors. */
export function withName<T>(layer: Json, body: () => T): T {
  return within(`layer ${escapeText(nameOf(layer))}`, body);
}

/** Group of each layer in `.weights.h5`: its class in snake case, counted over the layers of its model. */
export function groupNames(layers: readonly Json[]): string[] {
  const counts = new Map<string, number>();
  return layers.map(layer => {
    const base = layerNameOfClass(wordOf(layer.class_name));
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  });
}

/** Tensors of `input_layers` and `output_layers`: [layer, call, output], a list of them, or an object by name. */
export function structured(value: unknown, key = ''): { key: string; path: [string, number, number] }[] {
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string' && typeof value[1] === 'number') return [{ key, path: [value[0], value[1], Number(value[2] ?? 0)] }];
    return value.flatMap(v => structured(v, key));
  }
  if (typeof value !== 'object' || value === null) return [];
  // Keras flattens a dictionary in the order of its keys
  return Object.entries(value as Json)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, v]) => structured(v, name));
}

/** InputLayers in the order of `input_layers`, which is that of a call's arguments. */
export function inputOrder(model: Json): Json[] {
  const inputs = list(model.layers)
    .map(l => asObject(l, 'layer'))
    .filter(l => l.class_name === 'InputLayer');
  const named = structured(model.input_layers).map(({ path }) => path[0]);
  const known = inputs.filter(i => named.includes(nameOf(i))).sort((a, b) => named.indexOf(nameOf(a)) - named.indexOf(nameOf(b)));
  const order = named.length > 0 ? known : inputs;
  if (order.length === 0)
    throw new RnnError('convention', 'E_KERAS_CONFIG', 'the model has no input', { expected: 'an InputLayer', found: 'none' });
  return order;
}

/** The input shape that the first layer states, batch first; undefined if it states none. */
export function inputShape(config: Json): unknown[] | undefined {
  const shape = config.batch_shape ?? config.batch_input_shape;
  return Array.isArray(shape) ? shape : undefined;
}

/** The input shape of a Sequential model whose first layer is a model: that of the inner model. */
export function nestedInputShape(layer: Json | undefined): unknown[] | undefined {
  if (!layer || !MODELS.has(wordOf(layer.class_name))) return undefined;
  const first = list(asObject(layer.config ?? {}, 'layer').layers)[0];
  return first === undefined ? undefined : inputShape(asObject(asObject(first, 'layer').config ?? {}, 'layer'));
}

/** [batch, …] of an InputLayer: a sequence as T and D, anything else as its shape. */
export function inputSpec(config: Json, name: string | undefined): Json {
  const shape = inputShape(config);
  const named = name === undefined ? {} : { name };
  if (!shape) return { ...named, batch: null, timesteps: null, features: null };
  const [batch, ...sizes] = shape;
  if (sizes.length === 2) return { ...named, batch: batch ?? null, timesteps: sizes[0] ?? null, features: sizes[1] ?? null };
  return { ...named, batch: batch ?? null, shape: sizes.map(n => n ?? null) };
}

/** Returns the outputs of a Sequential model, which are those of its last layer: y, with merge_mode None that of the other direction, returned states. */
export function sequentialOutputs(model: Json, outputs: readonly string[]): number {
  return outputsOfCall((list(model.layers).at(-1) ?? {}) as Json, outputs);
}

/** Returns how many of a layer's values Keras has: without return_state, the states of a recurrent layer are none. */
export function outputsOfCall(layer: Json, outputs: readonly string[]): number {
  const config = asObject(layer.config ?? {}, 'layer');
  const inner = (config.layer as { config?: Json } | undefined)?.config;
  const states = config.return_state ?? inner?.return_state;
  if (states === true || states === 1) return outputs.length;
  return givesTwo(config) ? 2 : 1;
}

/** Whether a Bidirectional has a separate output for each direction (merge_mode None). */
export function givesTwo(config: Json): boolean {
  return config.layer !== undefined && config.merge_mode === null;
}

/** The error for a layer with several outputs in the middle of a Sequential model, which Keras does not support either. */
export function severalInside(layer: Json, option: string, one: string, several: string): RnnError {
  return new RnnError(
    'unsupported',
    'E_KERAS_OPTION',
    `${escapeText(nameOf(layer), 60)} returns several values inside a Sequential model`,
    {
      where: option,
      expected: `${option}=${one}, or the last layer`,
      found: `${option}=${several}`,
      fix: 'build a functional model, where each of them has a name',
    },
  );
}

/** The layer, or model, inside a TimeDistributed. */
export function stepLayer(layer: Json): Json {
  return withName(layer, () => asObject(asObject(layer.config ?? {}, 'layer').layer, 'layer'));
}

/** Whether it is a TimeDistributed of a model or of a recurrent layer, whose layers become layers of the network, with each step as a sample. */
export function isTakenApart(layer: Json): boolean {
  if (layer.class_name !== 'TimeDistributed') return false;
  const inner = stepLayer(layer);
  return MODELS.has(wordOf(inner.class_name)) || inner.class_name === 'Embedding' || takesStates(inner.class_name) || isTakenApart(inner);
}

/** The recurrent layer inside a TimeDistributed that keeps its states from step to step. */
export function statefulInside(layer: Json): Json | undefined {
  const inner = stepLayer(layer);
  return /"stateful":true/.test(JSON.stringify(inner)) ? inner : undefined;
}

/**
 * If the inner layer is stateful, its inner steps form one sequence over all outer steps: x [N, T, t, D] becomes [N, T·t, D], and back.
 * @returns nodes before and after the layer, which returns every step; the last one is the TimeDistributed itself
 * @throws RnnError E_KERAS_OPTION
 */
export function stepsInRow(
  layer: Json,
  inner: Json,
  name: string,
  flips = false,
): { before: (x: string) => Json[]; inner: Json; behind: (y: string) => Json[] } {
  const config = asObject(inner.config ?? {}, 'layer');
  const [read] = list(layer.inbound_nodes ?? []).map(node => tensorsOf(callArguments(node).args[0]));
  const shape = list((layer.build_config as Json | undefined)?.input_shape ?? read?.[0]?.shape ?? []);
  const [N, T, t, D] = shape.map(Number);
  const called = name.replace(/\/(forward|backward)$/, '') === name ? name : '';
  if (!/^(LSTM|GRU|SimpleRNN)$/.test(wordOf(inner.class_name)) || shape.length !== 4 || !shape.every(Number.isInteger))
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `${escapeText(nameOf(inner), 60)} is stateful inside TimeDistributed`, {
      where: 'stateful',
      expected: 'stateful=False, or an LSTM, GRU or SimpleRNN (also bidirectional) whose input shape the file records',
      found: 'stateful=True',
    });
  const op = (own: string, of: string, x: string, numbers: readonly (readonly number[])[], attributes: Json = {}): Json => ({
    kind: 'op',
    name: `${name}${own}`,
    op: of,
    inputs: [x],
    operands: [null, ...numbers.map(value => ({ type: 'int', value }))],
    attributes,
    kerasClass: own === '' && name === called ? 'TimeDistributed' : '',
  });
  const backwards = (own: string, x: string) => op(own, 'Slice', x, [[LAST], [FIRST], [2], [-1]]);
  return {
    before(x) {
      const turned = config.go_backwards === true ? [backwards('/backwards', x)] : [];
      return [...turned, op('/row', 'Reshape', turned.length > 0 ? `${name}/backwards` : x, [[N, T * t, D]])];
    },
    inner: { ...inner, config: { ...config, go_backwards: false, return_sequences: true } },
    behind(y) {
      const size = [N, T, t, Number(config.units)];
      if (config.return_sequences === true && flips) return [op('/steps', 'Reshape', y, [size]), backwards('', `${name}/steps`)];
      if (config.return_sequences === true) return [op('', 'Reshape', y, [size])];
      const last = op('', 'Squeeze', `${name}/last`, [[2]]);
      return [op('/steps', 'Reshape', y, [size]), op('/last', 'Slice', `${name}/steps`, [[-1], [LAST], [2], [1]]), last];
    },
  };
}

const [LAST, FIRST] = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];

/**
 * The recurrent layers of a stateful layer: itself, or the two directions of a Bidirectional. `flips`: it runs backwards, and its output is
 * reversed again.
 */
export function waysOf(inner: Json): { inner: Json; part: string; flips: boolean }[] {
  if (inner.class_name !== 'Bidirectional') return [{ inner, part: '', flips: false }];
  const { layer, backward_layer } = asObject(inner.config ?? {}, 'layer');
  const [forward, other] = [asObject(layer, 'layer'), (backward_layer ?? layer) as Json];
  const own = nameOf(forward).replace(/^forward_/, '');
  const named = (name: string, of: Json, go_backwards: boolean): Json => {
    const config = asObject(of.config ?? {}, 'layer');
    const { return_sequences } = asObject(forward.config ?? {}, 'layer');
    return { ...of, name: undefined, config: { ...config, name, go_backwards, return_sequences } };
  };
  return [
    { inner: named(`forward_${own}`, forward, false), part: 'forward', flips: false },
    { inner: named(backward_layer ? nameOf(other) : `backward_${own}`, other, true), part: 'backward', flips: true },
  ];
}

/** Merges the values of both directions. @throws RnnError E_KERAS_OPTION */
export function mergedWays(inner: Json, name: string, ways: readonly string[]): Json {
  const { merge_mode = 'concat' } = asObject(inner.config ?? {}, 'layer');
  const how = MERGED_BY[wordOf(merge_mode)];
  if (how) return { kind: 'op', name, inputs: ways, kerasClass: 'TimeDistributed', ...how };
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'the outputs of the two directions are not merged', {
    where: 'merge_mode',
    expected: 'concat, sum, mul or ave',
    found: escapeText(wordOf(merge_mode), 40),
  });
}

const MERGED_BY: Readonly<Record<string, Json>> = {
  concat: { op: 'Concat', attributes: { axis: -1 } },
  sum: { op: 'Sum' },
  mul: { op: 'Mul' },
  ave: { op: 'Mean' },
};

/** Removes the group names of layers that are in the order of the file, where weight files number them by class. */
export function countable(layers: readonly Json[], model: Json): Json[] {
  const order = list(model.layers).map(l => nameOf(asObject(l, 'layer')));
  const own = layers.filter(l => l.kind !== 'op' && l.shares === undefined).map(l => order.indexOf(String(l.name)));
  const inOrder = own.every((at, i) => at >= 0 && (i === 0 || own[i - 1] < at));
  return inOrder ? layers.map(({ tensors: _, ...layer }) => layer) : [...layers];
}
