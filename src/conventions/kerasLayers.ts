import { RnnError, within } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';
import type { KerasReader } from '../layers/facets.js';
import { LAYER_KINDS } from '../layers/index.js';
import { asObject, checkOption, type Json, text, unsupportedClass } from '../layers/kerasConfig.js';
import { timedistributed } from '../layers/timeDistributed.js';

/** One layer of a Keras config as a layer of a spec. Class names come from the closed list below; no module is looked up. */
const CELLS: Readonly<Record<string, string>> = { SimpleRNN: 'rnn', LSTM: 'lstm', GRU: 'gru', CuDNNLSTM: 'lstm', CuDNNGRU: 'gru' };

/** Class -> a layer of the spec, without name and inputs. */
const READERS: Record<string, (config: Json) => Json> = {
  SimpleRNN: recurrent('rnn'),
  LSTM: recurrent('lstm'),
  GRU: recurrent('gru'),
  CuDNNLSTM: cudnn('lstm'),
  CuDNNGRU: cudnn('gru'),
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
  Masking: config => ({ kind: 'masking', value: config.mask_value ?? 0 }),
  Concatenate: concatenate,
  Add: () => ({ kind: 'add' }),
  Multiply: () => ({ kind: 'multiply' }),
  Average: () => ({ kind: 'average' }),
  Subtract: () => ({ kind: 'subtract' }),
  Maximum: () => ({ kind: 'maximum' }),
  Minimum: () => ({ kind: 'minimum' }),
};

/** Class -> its reader, of the kinds that have a Keras facet. */
const FACETS = new Map(
  LAYER_KINDS.flatMap(({ name, keras }) =>
    Object.entries(keras?.classes ?? {}).map(([className, read]): [string, (config: Json) => Json] => [
      className,
      config => ({ kind: name, ...read(config, PARTS) }),
    ]),
  ),
);

/** What facets ask for of a config's inside. */
const PARTS: KerasReader = { activation: activationOf, layer: config => readLayer(asObject(config, 'layer')) };

function readerOf(className: unknown): ((config: Json) => Json) | undefined {
  const name = wordOf(className);
  return Object.hasOwn(READERS, name) ? READERS[name] : FACETS.get(name);
}

/** @throws RnnError E_KERAS_CLASS, E_KERAS_OPTION, with the layer's name */
export function readLayer(layer: Json): Json {
  const config = asObject(layer.config ?? {}, 'layer');
  const name = text(config.name) ?? text(layer.name) ?? wordOf(layer.class_name);
  return within(`layer ${escapeText(name)}`, () => {
    const reader = readerOf(layer.class_name);
    if (!reader) throw unsupportedClass(layer.class_name, [...Object.keys(READERS), ...FACETS.keys()].join(', '));
    const registered = layer.registered_name;
    if (typeof registered === 'string' && registered !== layer.class_name && registered.includes('>') && !registered.startsWith('keras'))
      throw unsupportedClass(registered, 'a layer of Keras itself');
    if (!FACETS.has(wordOf(layer.class_name))) for (const [key, allowed] of Object.entries(ONLY)) checkOption(config, key, allowed);
    return { ...reader(config), name, trainable: config.trainable ?? true };
  });
}

/** Options with one meaning here. A layer that asks for another is refused, never run as if it had not. */
const ONLY: Record<string, readonly unknown[]> = {
  data_format: ['channels_last'],
  keepdims: [false],
  ragged: [false],
};

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
      ...(config.unroll === true ? { unroll: true } : {}),
    };
  };
}

/** What cuDNN computes has no options: tanh, sigmoid, a bias, a GRU's reset after the product. */
function cudnn(kind: string): (config: Json) => Json {
  const own = { activation: 'tanh', recurrent_activation: 'sigmoid', use_bias: true, reset_after: true };
  return config => recurrent(kind)({ ...config, ...own });
}

/** Bidirectional overwrites zero_output_for_mask with return_sequences. A merge_mode of None (two outputs) is refused. */
function bidirectional(config: Json): Json {
  const inner = asObject(config.layer, 'layer');
  const kind = Object.hasOwn(CELLS, wordOf(inner.class_name)) ? CELLS[wordOf(inner.class_name)] : undefined;
  if (!kind) throw unsupportedClass(inner.class_name, 'SimpleRNN, LSTM, GRU');
  if (config.merge_mode === null) {
    throw new RnnError('unsupported', 'E_KERAS_OPTION', 'merge_mode None gives two outputs', {
      where: 'merge_mode',
      expected: 'concat, sum, mul or ave',
      found: 'None',
      fix: 'use merge_mode="concat": the halves are the two outputs',
    });
  }
  checkBackward(config, inner);
  const layer = READERS[wordOf(inner.class_name)](asObject(inner.config, 'layer'));
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

/** A Dense inside TimeDistributed is a Dense, which works at every step as it is. */
function timeDistributed(config: Json): Json {
  const inner = asObject(config.layer, 'layer');
  if (inner.class_name === 'Dense') return { ...FACETS.get('Dense')!(asObject(inner.config, 'layer')), timeDistributed: true };
  return { kind: 'timedistributed', ...timedistributed.keras!.classes.TimeDistributed(config, PARTS) };
}

function concatenate(config: Json): Json {
  return { kind: 'concatenate', ...(config.axis === undefined || config.axis === -1 ? {} : { axis: config.axis }) };
}

/** Layers that may stand as the activation of another one. */
const ACTIVATION_LAYERS = ['ReLU', 'LeakyReLU', 'ELU', 'Softmax'];

/** 'tanh', null (linear), or a serialised object {class_name, config}. */
function activationOf(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'string') return value ?? 'linear';
  const object = asObject(value, 'activation');
  const name = typeof object.config === 'string' ? object.config : object.class_name;
  const parameters = typeof object.config === 'object' && object.config !== null ? object.config : {};
  if (ACTIVATION_LAYERS.includes(String(name))) return FACETS.get(String(name))!(parameters as Json).activation;
  if (Object.keys(parameters).length === 0) return name;
  const { name: _name, ...rest } = parameters as Json;
  return { name: wordOf(name), ...rest };
}
