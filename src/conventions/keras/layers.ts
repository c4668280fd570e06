import type { ActivationSpec } from '../../activations/activation.js';
import { canonicalActivation } from '../../activations/index.js';
import { RnnError, within } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import type { KerasReader } from '../../layers/facets.js';
import { findLayerKind, getLayerKind, layerKinds } from '../../layers/index.js';
import { asObject, checkOption, type Json, list, NO_CLASS, text, unlessSaid, unsupportedClass } from '../../layers/kerasConfig.js';
import { once } from '../../once.js';
import { layerNameOfClass } from './classes.js';

/** One layer of a Keras config as a layer of a spec. Class names come from the closed list below; no module is looked up. */
const CELLS: Readonly<Record<string, string>> = { SimpleRNN: 'rnn', LSTM: 'lstm', GRU: 'gru', CuDNNLSTM: 'lstm', CuDNNGRU: 'gru' };

/** Class -> a layer of the spec, without name and inputs. */
const READERS: Record<string, (config: Json) => Json> = {
  SimpleRNN: recurrent('rnn'),
  LSTM: recurrent('lstm'),
  GRU: recurrent('gru'),
  CuDNNLSTM: cudnn('lstm'),
  CuDNNGRU: cudnn('gru'),
  RNN: overCells,
  SimpleRNNCell: cellItself('SimpleRNNCell'),
  LSTMCell: cellItself('LSTMCell'),
  GRUCell: cellItself('GRUCell'),
  Bidirectional: bothWays,
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

/** Class -> the kind whose Keras facet reads it. */
const facets = once(
  () => new Map(layerKinds().flatMap(kind => Object.keys(kind.keras?.classes ?? {}).map(className => [className, kind] as const))),
);

/** Reads the parts of a config that do not belong to the layer itself, for facets. */
const PARTS: KerasReader = { activation: activationOf, layer: config => readLayer(asObject(config, 'layer')) };

function readerOf(className: unknown): ((config: Json) => Json) | undefined {
  const name = wordOf(className);
  if (Object.hasOwn(READERS, name)) return READERS[name];
  const kind = facets().get(name);
  return kind && (config => ({ kind: kind.name, ...kind.keras!.classes[name](config, PARTS) }));
}

/** Returns the Keras class whose layers have this default name: 'lstm' -> LSTM. */
export function classCalled(name: string): string | undefined {
  return [...Object.keys(READERS), ...facets().keys(), 'Sequential', 'Functional'].find(known => layerNameOfClass(known) === name);
}

/** Whether further inputs, and a second argument of a call, are initial states. */
export function takesStates(className: unknown): boolean {
  const name = wordOf(className);
  return (
    Object.hasOwn(CELLS, name) ||
    isCell(name) ||
    name === 'RNN' ||
    name === 'Bidirectional' ||
    'returnSequences' in (facets().get(name)?.fields ?? {})
  );
}

/** Arguments of the layer's call that are fields of the layer in a spec. */
export function callOptionsOf(className: unknown): Readonly<Record<string, string>> {
  return facets().get(wordOf(className))?.keras?.callOptions ?? {};
}

/** Arguments of the layer's call that make it a layer of another kind in a spec. */
export function callKindsOf(className: unknown): Readonly<Record<string, string>> {
  return facets().get(wordOf(className))?.keras?.callKinds ?? {};
}

/** Arguments of the layer's call that are tensors. The layer reads them after its inputs; the fields state which are present. */
export function callInputsOf(className: unknown): Readonly<Record<string, string>> {
  return facets().get(wordOf(className))?.keras?.callInputs ?? {};
}

/** Whether `training` in a call of the layer has no effect on its prediction. */
export function ignoresTraining(className: unknown): boolean {
  const name = wordOf(className);
  return facets().get(name)?.keras?.forImages?.includes(name) === true;
}

/** The field of the layer that states the integer type of its input. */
export function inputTypeOf(className: unknown): string | undefined {
  return facets().get(wordOf(className))?.keras?.inputType;
}

/** Whether the layer outputs integers if it reads integers; most image layers compute in floats. */
export function keepsType(className: unknown): boolean {
  const kind = facets().get(wordOf(className));
  return kind !== undefined && (kind.keras?.inputType !== undefined || (kind.movesNumbers === true && !ignoresTraining(className)));
}

/** @throws RnnError E_KERAS_CLASS, E_KERAS_OPTION, E_UNKNOWN_ACTIVATION, with the layer's name */
export function readLayer(layer: Json): Json {
  const config = asObject(layer.config ?? {}, 'layer');
  const name = text(config.name) ?? text(layer.name) ?? wordOf(layer.class_name);
  return readUpTo(name, () => {
    const reader = readerOf(layer.class_name);
    if (!reader) throw unsupportedClass(layer.class_name, 'a layer of Keras itself');
    const registered = layer.registered_name;
    if (typeof registered === 'string' && registered !== layer.class_name && registered.includes('>') && !registered.startsWith('keras'))
      throw unsupportedClass(registered, 'a layer of Keras itself');
    if (!facets().has(wordOf(layer.class_name))) for (const [key, allowed] of Object.entries(ONLY)) checkOption(config, key, allowed);
    checkPolicy(layer.class_name, config);
    const read: Json = { ...withTruths(reader(config)), name, trainable: isTrainable(layer) };
    for (const key of ['activation', 'recurrentActivation']) checkActivation(read[key]);
    return read;
  });
}

/** Adds to an error about a class that is not run: in Keras, the model up to the (outermost) layer can be saved separately. */
function readUpTo(name: string, read: () => Json): Json {
  try {
    return within(`layer ${escapeText(name)}`, read);
  } catch (error) {
    if (error instanceof RnnError && error.code === 'E_KERAS_CLASS' && error.found !== NO_CLASS)
      error.fix = `in Python, save what is computed in front of it: keras.Model(model.inputs, model.get_layer(${JSON.stringify(name)}).input).save("part.keras")`;
    throw error;
  }
}

/** 1 is accepted as true: Keras saves `Embedding(9, 4, mask_zero=1)` as it was written. */
function withTruths(read: Json): Json {
  const fields = findLayerKind(String(read.kind))?.fields ?? {};
  const isTruth = ([key, value]: readonly [string, unknown]) => fields[key]?.type === 'boolean' && (value === 0 || value === 1);
  return Object.fromEntries(Object.entries(read).map(entry => (isTruth(entry) ? [entry[0], entry[1] === 1] : entry)));
}

/** Layers whose nested layers stay trainable when they are frozen. */
const KEEPS_FREE = /^(ConvLSTM\dD|MultiHeadAttention|Group(ed)?QueryAttention)$/;

/** Whether its weights are trainable once Keras has read the file; a wrapper leaves that to its nested layers. */
function isTrainable({ class_name, config }: Json): unknown {
  const own = asObject(config ?? {}, 'layer');
  const inner = own.layer ?? own.cell;
  if (typeof inner === 'object' && inner !== null) return isTrainable(inner as Json);
  if (Array.isArray(own.cells)) return own.cells.some(cell => isTrainable(asObject(cell, 'cell')) !== false);
  return KEEPS_FREE.test(wordOf(class_name)) ? true : (own.trainable ?? true);
}

/** Checks the dtype policy: of quantised layers, only Dense, EinsumDense and Embedding in int8 and int4 are read. @throws RnnError E_KERAS_OPTION */
function checkPolicy(className: unknown, { dtype }: Json): void {
  const mode = (dtype as { config?: Json } | null | undefined)?.config?.mode;
  if (typeof mode !== 'string' || (QUANTIZED.has(wordOf(className)) && /^int[48](\/|$)/.test(mode))) return;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', `a ${wordOf(className)} quantised as ${escapeText(mode, 40)} is not supported`, {
    where: 'dtype',
    expected: 'a float policy; int8 or int4 of Dense, EinsumDense and Embedding',
    found: escapeText(mode, 40),
  });
}

export const QUANTIZED: ReadonlySet<string> = new Set(['Dense', 'EinsumDense', 'Embedding']);

/** @throws RnnError E_UNKNOWN_ACTIVATION; tfjs may write names in camel case */
function checkActivation(activation: unknown): void {
  const name = typeof activation === 'string' ? activation.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) : activation;
  canonicalActivation((name ?? null) as ActivationSpec | null);
}

/** Options with the only values that are supported. A layer with another value is refused, never run without it. */
const ONLY: Record<string, readonly unknown[]> = {
  data_format: ['channels_last'],
  keepdims: [false],
  ragged: [false],
};

function recurrent(kind: string): (config: Json) => Json {
  return config => {
    const own = kind === 'rnn' ? {} : { recurrentActivation: activationOf(unlessSaid(config, 'recurrent_activation', 'sigmoid')) };
    return {
      kind,
      units: config.units,
      activation: activationOf(unlessSaid(config, 'activation', 'tanh')),
      ...own,
      ...(kind === 'gru' ? { resetAfter: config.reset_after ?? false } : {}),
      ...(kind === 'lstm' ? { unitForgetBias: config.unit_forget_bias ?? true } : {}),
      useBias: unlessSaid(config, 'use_bias', true),
      returnSequences: config.return_sequences ?? false,
      goBackwards: config.go_backwards ?? false,
      stateful: config.stateful ?? false,
      zeroOutputForMask: config.zero_output_for_mask ?? false,
      ...(config.unroll === true || config.unroll === 1 ? { unroll: true } : {}),
    };
  };
}

/** cuDNN's layers have no options: tanh, sigmoid, a bias, and in the GRU the reset after the product. */
function cudnn(kind: string): (config: Json) => Json {
  const own = { activation: 'tanh', recurrent_activation: 'sigmoid', use_bias: true, reset_after: true };
  return config => ({ ...recurrent(kind)({ ...config, ...own }), kerasClass: kind === 'lstm' ? 'CuDNNLSTM' : 'CuDNNGRU' });
}

const CELL_CLASSES: Readonly<Record<string, string>> = { SimpleRNNCell: 'rnn', LSTMCell: 'lstm', GRUCell: 'gru' };

/** Whether it is a cell, which called by itself is a recurrent layer with one step. */
export function isCell(className: unknown): boolean {
  return Object.hasOwn(CELL_CLASSES, wordOf(className));
}

/** RNN(cell) is that cell's layer under another class; RNN([cells]) and StackedRNNCells run several cells at every step. */
function overCells(config: Json): Json {
  const { class_name, config: inside } = asObject(config.cell, 'cell');
  const own = asObject(inside ?? {}, 'cell');
  if (class_name !== 'StackedRNNCells') return { ...cellOf(config.cell, config), kerasClass: 'RNN' };
  return {
    kind: 'stackedrnn',
    cells: list(own.cells).map(cell => cellOf(cell, {})),
    returnSequences: config.return_sequences ?? false,
    goBackwards: config.go_backwards ?? false,
    zeroOutputForMask: config.zero_output_for_mask ?? false,
  };
}

/** @param outer options of the layer around the cell */
function cellOf(cell: unknown, outer: Json): Json {
  const { class_name, config } = asObject(cell, 'cell');
  const kind = isCell(class_name) ? CELL_CLASSES[wordOf(class_name)] : undefined;
  if (!kind) throw unsupportedClass(class_name, Object.keys(CELL_CLASSES).join(', '));
  return withTruths(recurrent(kind)({ ...outer, ...asObject(config ?? {}, 'cell') }));
}

function cellItself(kerasClass: string): (config: Json) => Json {
  return config => ({ ...cellOf({ class_name: kerasClass, config }, {}), kerasClass });
}

/** Reads a Bidirectional: as one layer if both directions have the same options, else as two. It overwrites zero_output_for_mask with return_sequences. */
function bothWays(config: Json): Json {
  const forward = oneWay(config.layer);
  const mirror: Json = { ...forward, goBackwards: forward.goBackwards !== true };
  const backward = config.backward_layer === undefined || config.backward_layer === null ? mirror : oneWay(config.backward_layer);
  if (forward.returnSequences !== backward.returnSequences || forward.goBackwards === backward.goBackwards)
    throw new RnnError('unsupported', 'E_KERAS_OPTION', 'the backward layer does not match the forward layer', {
      where: 'backward_layer',
      expected: 'equal return_sequences, opposite go_backwards',
      found: `return_sequences ${backward.returnSequences}, go_backwards ${backward.goBackwards}`,
    });
  const alike = JSON.stringify({ ...backward, goBackwards: forward.goBackwards }) === JSON.stringify(forward);
  if (config.merge_mode === null || !alike || /^(stackedrnn|convlstm\dd)$/.test(String(forward.kind)))
    return { kind: 'bidirectional', forward, backward, merge: config.merge_mode === undefined ? 'concat' : config.merge_mode };
  return { ...forward, bidirectional: config.merge_mode ?? 'concat' };
}

const GRIDS = ['ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D'];

function oneWay(layer: unknown): Json {
  const { class_name, config } = asObject(layer, 'layer');
  const name = wordOf(class_name);
  const isRecurrent = Object.hasOwn(CELLS, name) || name === 'RNN' || GRIDS.includes(name);
  if (!isRecurrent) throw unsupportedClass(class_name, `SimpleRNN, LSTM, GRU, RNN, ${GRIDS.join(', ')}`);
  const { kerasClass: _shown, ...read } = readerOf(name)!(asObject(config, 'layer'));
  return { ...withTruths(read), zeroOutputForMask: read.returnSequences };
}

/** A Dense inside TimeDistributed is simply a Dense, which works at every step anyway. */
function timeDistributed(config: Json): Json {
  const inner = asObject(config.layer, 'layer');
  if (inner.class_name === 'Dense') return { ...readerOf('Dense')!(asObject(inner.config, 'layer')), timeDistributed: true };
  return { kind: 'timedistributed', ...getLayerKind('timedistributed').keras!.classes.TimeDistributed(config, PARTS) };
}

function concatenate(config: Json): Json {
  return { kind: 'concatenate', ...(config.axis === undefined || config.axis === -1 ? {} : { axis: config.axis }) };
}

/** Layers that may be the activation of another layer. */
const ACTIVATION_LAYERS = ['ReLU', 'LeakyReLU', 'ELU', 'Softmax'];

/** 'tanh', null (linear), or a serialised object {class_name, config}. */
function activationOf(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'string') return value ?? 'linear';
  const object = asObject(value, 'activation');
  const name = typeof object.config === 'string' ? object.config : object.class_name;
  if (typeof name !== 'string') throw unsupportedClass(name, 'an activation of Keras');
  const parameters = typeof object.config === 'object' && object.config !== null ? object.config : {};
  if (ACTIVATION_LAYERS.includes(String(name))) return readerOf(name)!(parameters as Json).activation;
  if (Object.keys(parameters).length === 0) return name;
  const { name: _name, ...rest } = parameters as Json;
  return { name: wordOf(name), ...rest };
}
