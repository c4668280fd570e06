import { RnnError, within } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';

/**
 * A Keras model config (Keras 2 and 3; Sequential, and Functional chains and branches) into a spec for checkSpec.
 * Class names come from the closed list below and a config is data: no module is looked up, Lambda and custom objects are refused.
 */
type Json = Record<string, unknown>;

const CELLS: Record<string, string> = { SimpleRNN: 'rnn', LSTM: 'lstm', GRU: 'gru' };

/** Class -> a layer of the spec, without name and inputs. */
const READERS: Record<string, (config: Json) => Json> = {
  SimpleRNN: recurrent('rnn'),
  LSTM: recurrent('lstm'),
  GRU: recurrent('gru'),
  Bidirectional: bidirectional,
  Dense: config => ({ kind: 'dense', units: config.units, activation: activationOf(config.activation), useBias: config.use_bias ?? true }),
  TimeDistributed: timeDistributed,
  GlobalMaxPooling1D: () => ({ kind: 'maxpool' }),
  GlobalAveragePooling1D: () => ({ kind: 'avgpool' }),
  Flatten: () => ({ kind: 'flatten' }),
  Embedding: config => ({ kind: 'embedding', tokens: config.input_dim, units: config.output_dim, maskZero: config.mask_zero ?? false }),
  Masking: config => ({ kind: 'masking', value: config.mask_value ?? 0 }),
  Dropout: config => ({ kind: 'dropout', rate: config.rate ?? 0.5 }),
  SpatialDropout1D: config => ({ kind: 'dropout', rate: config.rate ?? 0.5 }),
  GaussianNoise: () => ({ kind: 'dropout', rate: 0 }),
  RepeatVector: config => ({ kind: 'repeat', times: config.n }),
  Activation: config => ({ kind: 'activation', activation: activationOf(config.activation) }),
  ReLU: config => ({
    kind: 'activation',
    activation: {
      name: 'relu',
      negative_slope: config.negative_slope ?? 0,
      max_value: config.max_value ?? null,
      threshold: config.threshold ?? 0,
    },
  }),
  LeakyReLU: config => ({
    kind: 'activation',
    activation: { name: 'leaky_relu', negative_slope: config.negative_slope ?? config.alpha ?? 0.3 },
  }),
  ELU: config => ({ kind: 'activation', activation: { name: 'elu', alpha: config.alpha ?? 1 } }),
  Softmax: config => {
    checkOption(config, 'axis', [-1]);
    return { kind: 'activation', activation: 'softmax' };
  },
  Concatenate: concatenate,
  Add: () => ({ kind: 'add' }),
  Multiply: () => ({ kind: 'multiply' }),
  Average: () => ({ kind: 'average' }),
};

/** Whose config it is: one name of an activation means another function in Keras 3 than before and in tfjs. */
export type KerasDialect = 'keras3' | 'keras2' | 'tfjs';

/** @throws RnnError E_KERAS_CLASS, E_KERAS_CONFIG, E_KERAS_OPTION (unsupported or convention) naming the layer */
export function specFromKerasConfig(config: unknown, dialect: KerasDialect = 'keras3'): Json {
  const spec = readModel(config);
  return dialect === 'keras3' ? spec : { ...spec, layers: (spec.layers as Json[]).map(withOldActivations) };
}

const ACTIVATION_FIELDS = ['activation', 'recurrentActivation'];

/** hard_sigmoid was 0.2x + 0.5 until Keras 3, which has x/6 + 0.5; tfjs may write names in camel case. */
function withOldActivations(layer: Json): Json {
  const changed = ACTIVATION_FIELDS.filter(key => typeof layer[key] === 'string').map(key => [key, oldActivation(String(layer[key]))]);
  return { ...layer, ...Object.fromEntries(changed) };
}

function oldActivation(name: string): string {
  const plain = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return plain === 'hard_sigmoid' ? 'hard_sigmoid_keras2' : plain;
}

function readModel(config: unknown): Json {
  const { class_name, config: body } = asObject(config, 'model config');
  const model = asObject(Array.isArray(body) ? { layers: body } : body, 'model config');
  const read = class_name === 'Sequential' ? sequential : class_name === 'Functional' || class_name === 'Model' ? functional : undefined;
  if (!read) throw unsupportedClass(class_name, 'a Sequential or Functional model');
  return {
    schema: 'rnn-cli/spec@1',
    name: text(model.name) ?? wordOf(class_name).toLowerCase(),
    functional: class_name !== 'Sequential',
    ...read(model),
  };
}

function sequential(model: Json): Json {
  const all = list(model.layers).map(l => asObject(l, 'layer'));
  const first = asObject(all[0]?.config ?? {}, 'layer');
  const build = list((model.build_input_shape as unknown) ?? []);
  const shape = inputShape(first) ?? (build.length > 0 ? build : undefined);
  const layers = all.filter(l => l.class_name !== 'InputLayer').map(readLayer);
  return { input: inputOf(shape, layers, all[0]?.class_name === 'InputLayer' ? text(first.name) : undefined), layers };
}

function functional(model: Json): Json {
  const all = list(model.layers).map(l => asObject(l, 'layer'));
  const inputs = all.filter(l => l.class_name === 'InputLayer');
  if (inputs.length !== 1) {
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the model has ${inputs.length} inputs`, {
      expected: 'one input',
      found: String(inputs.length),
      fix: 'cut the model to the part with one input',
    });
  }
  const outputs = outputNames(model.output_layers);
  if (outputs.length !== 1)
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the model has ${outputs.length} outputs`, {
      expected: 'one output',
      found: outputs.map(o => escapeText(o, 40)).join(', '),
    });
  const layers = inTopologicalOrder(
    all.filter(l => l.class_name !== 'InputLayer').map(l => ({ ...readLayer(l), inputs: inboundNames(l) })),
    text(asObject(inputs[0].config, 'input').name) ?? 'input',
  );
  const config = asObject(inputs[0].config, 'input');
  return { input: inputOf(inputShape(config), layers, text(config.name)), layers, output: outputs[0] };
}

function readLayer(layer: Json): Json {
  const config = asObject(layer.config ?? {}, 'layer');
  const name = text(config.name) ?? text(layer.name) ?? wordOf(layer.class_name);
  return within(`layer ${escapeText(name)}`, () => {
    const reader = Object.hasOwn(READERS, wordOf(layer.class_name)) ? READERS[wordOf(layer.class_name)] : undefined;
    if (!reader) throw unsupportedClass(layer.class_name, Object.keys(READERS).join(', '));
    const registered = layer.registered_name;
    if (typeof registered === 'string' && registered !== layer.class_name && registered.includes('>') && !registered.startsWith('keras'))
      throw unsupportedClass(registered, 'a layer of Keras itself');
    for (const [key, allowed] of Object.entries(ONLY)) checkOption(config, key, allowed);
    return { ...reader(config), name, trainable: config.trainable ?? true };
  });
}

/** Options with one meaning here. A layer that asks for another is refused, never run as if it had not. */
const ONLY: Record<string, readonly unknown[]> = {
  return_state: [false],
  data_format: ['channels_last'],
  keepdims: [false],
  ragged: [false],
};

function checkOption(config: Json, key: string, allowed: readonly unknown[]): void {
  const value = config[key];
  if (value === undefined || value === null || allowed.includes(value)) return;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', `${key} is ${wordOf(value)}`, {
    where: key,
    expected: allowed.map(wordOf).join(', '),
    found: wordOf(value),
  });
}

function recurrent(kind: string): (config: Json) => Json {
  return config => {
    const own = kind === 'rnn' ? {} : { recurrentActivation: activationOf(config.recurrent_activation ?? 'sigmoid') };
    return {
      kind,
      units: config.units,
      activation: activationOf(config.activation),
      ...own,
      ...(kind === 'gru' ? { resetAfter: config.reset_after ?? false } : {}),
      ...(kind === 'lstm' ? { unitForgetBias: config.unit_forget_bias ?? true } : {}),
      useBias: config.use_bias ?? true,
      returnSequences: config.return_sequences ?? false,
      goBackwards: config.go_backwards ?? false,
      stateful: config.stateful ?? false,
      zeroOutputForMask: config.zero_output_for_mask ?? false,
    };
  };
}

/** Bidirectional overwrites zero_output_for_mask with return_sequences. A merge_mode of None (two outputs) is refused. */
function bidirectional(config: Json): Json {
  const inner = asObject(config.layer, 'layer');
  const kind = CELLS[wordOf(inner.class_name)];
  if (!kind) throw unsupportedClass(inner.class_name, Object.keys(CELLS).join(', '));
  if (config.merge_mode === null) {
    throw new RnnError('unsupported', 'E_KERAS_OPTION', 'merge_mode None gives two outputs', {
      where: 'merge_mode',
      expected: 'concat, sum, mul or ave',
      found: 'None',
      fix: 'use merge_mode="concat": the halves are the two outputs',
    });
  }
  checkBackward(config, inner);
  checkOption(asObject(inner.config, 'layer'), 'return_state', [false]);
  const layer = recurrent(kind)(asObject(inner.config, 'layer'));
  return { ...layer, bidirectional: config.merge_mode ?? 'concat', zeroOutputForMask: layer.returnSequences };
}

/** The backward layer must be the forward one's mirror: a spec has one description for both. */
function checkBackward(config: Json, inner: Json): void {
  if (config.backward_layer === undefined || config.backward_layer === null) return;
  const forward = asObject(inner.config, 'layer');
  const backward = asObject(asObject(config.backward_layer, 'backward_layer').config, 'backward_layer');
  for (const key of ['units', 'activation', 'recurrent_activation', 'use_bias', 'reset_after']) {
    if (JSON.stringify(forward[key]) !== JSON.stringify(backward[key])) {
      throw new RnnError('unsupported', 'E_KERAS_OPTION', `the backward layer has another ${key}`, {
        where: 'backward_layer',
        expected: escapeText(JSON.stringify(forward[key]) ?? ''),
        found: escapeText(JSON.stringify(backward[key]) ?? ''),
      });
    }
  }
}

/** A Dense, or a layer that acts on each number, inside TimeDistributed is that layer on every step. */
function timeDistributed(config: Json): Json {
  const inner = asObject(config.layer, 'layer');
  if (inner.class_name === 'Dense') return { ...READERS.Dense(asObject(inner.config, 'layer')), timeDistributed: true };
  if (inner.class_name === 'Activation' || inner.class_name === 'Dropout')
    return READERS[inner.class_name](asObject(inner.config, 'layer'));
  throw unsupportedClass(`TimeDistributed(${wordOf(inner.class_name)})`, 'TimeDistributed(Dense)');
}

function concatenate(config: Json): Json {
  checkOption(config, 'axis', [-1]);
  return { kind: 'concatenate' };
}

/** Layers that may stand as the activation of another one. */
const ACTIVATION_LAYERS = ['ReLU', 'LeakyReLU', 'ELU', 'Softmax'];

/** 'tanh', null (linear), or a serialised object {class_name, config}. */
function activationOf(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'string') return value ?? 'linear';
  const object = asObject(value, 'activation');
  const name = typeof object.config === 'string' ? object.config : object.class_name;
  const parameters = typeof object.config === 'object' && object.config !== null ? object.config : {};
  if (ACTIVATION_LAYERS.includes(String(name))) return READERS[String(name)](parameters as Json).activation;
  if (object.class_name === 'function' || Object.keys(parameters).length === 0) return name;
  const { name: _name, ...rest } = parameters as Json;
  return { name: wordOf(name), ...rest };
}

function inputShape(config: Json): unknown[] | undefined {
  const shape = config.batch_shape ?? config.batch_input_shape;
  return Array.isArray(shape) ? shape : undefined;
}

function inputOf(shape: readonly unknown[] | undefined, layers: readonly Json[], name: string | undefined): Json {
  const [batch, timesteps, features] = shape ?? [];
  const tokens = layers[0]?.kind === 'embedding';
  return {
    ...(name === undefined ? {} : { name }),
    batch: batch ?? null,
    timesteps: timesteps ?? null,
    features: tokens ? null : (features ?? null),
  };
}

/** Names of the layers a layer reads: Keras 3 keeps them in keras_history, Keras 2 in nested lists. */
function inboundNames(layer: Json): string[] {
  const nodes = list(layer.inbound_nodes);
  if (nodes.length !== 1)
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the layer is called ${nodes.length} times`, {
      where: escapeText(text(layer.name) ?? ''),
      expected: 'once',
      found: String(nodes.length),
    });
  const names: string[] = [];
  collect(nodes[0], names, 0);
  return names;
}

const DEEPEST = 16;

function collect(node: unknown, names: string[], depth: number): void {
  if (depth > DEEPEST) throw new RnnError('convention', 'E_KERAS_CONFIG', 'inbound_nodes are nested too deeply');
  if (Array.isArray(node)) {
    if (typeof node[0] === 'string' && typeof node[1] === 'number') names.push(node[0]);
    else for (const part of node) collect(part, names, depth + 1);
  } else if (typeof node === 'object' && node !== null) {
    const object = node as Json;
    const history = object.class_name === '__keras_tensor__' ? (object.config as Json | undefined)?.keras_history : undefined;
    if (Array.isArray(history) && typeof history[0] === 'string') names.push(history[0]);
    else if (object.args !== undefined) {
      collect(object.args, names, depth + 1);
      collect(object.kwargs, names, depth + 1);
    } else for (const value of Object.values(object)) collect(value, names, depth + 1);
  }
}

function outputNames(outputs: unknown): string[] {
  const names: string[] = [];
  collect(outputs, names, 0);
  return names;
}

/** Keras lists layers by depth, which is an order of data flow already for its own files; others are sorted. */
function inTopologicalOrder(layers: readonly Json[], input: string): Json[] {
  const done = new Set([input]);
  const sorted: Json[] = [];
  const rest = [...layers];
  while (rest.length > 0) {
    // the first one that is ready, so that an order of data flow stays as it is: weight files count layers in it
    const ready = rest.findIndex(l => (l.inputs as string[]).every(name => done.has(name)));
    if (ready < 0)
      throw new RnnError('convention', 'E_KERAS_CONFIG', 'the layers do not form a chain from the input', {
        found: rest.map(l => escapeText(wordOf(l.name), 40)).join(', '),
      });
    const [layer] = rest.splice(ready, 1);
    done.add(wordOf(layer.name));
    sorted.push(layer);
  }
  return sorted;
}

function unsupportedClass(found: unknown, expected: string): RnnError {
  const name = typeof found === 'string' ? escapeText(found, 60) : 'no class name';
  return new RnnError('unsupported', 'E_KERAS_CLASS', `${name} is not run here`, { expected, found: name });
}

function asObject(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RnnError('convention', 'E_KERAS_CONFIG', `expected an object for the ${what}`, {
    found: wordOf(value).slice(0, 40),
  });
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
