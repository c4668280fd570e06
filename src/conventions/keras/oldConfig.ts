import { wordOf } from '../../escape.js';
import { asObject, type Json } from '../../layers/kerasConfig.js';

/**
 * Converts a layer of Keras 1 to the argument names of Keras 2 and later: `output_dim` became `units`, `inner_activation` `recurrent_activation`;
 * `consume_less` does not change the result. A layer of a later version is returned unchanged.
 */
export function modernLayer(layer: Json): Json {
  const before = wordOf(layer.class_name);
  const config = asObject(layer.config ?? {}, 'layer');
  if (before === 'TimeDistributedDense') return timeDistributedDense(layer, config);
  if (before === 'Merge') return { ...layer, ...merge(config) };
  const class_name = own(CLASSES, before) ?? before;
  const inner = isObject(config.layer) ? { layer: modernLayer(config.layer) } : {};
  return { ...layer, ...(class_name === before ? {} : { class_name }), config: { ...renamed(class_name, config), ...inner } };
}

/** Whether a layer has the argument names of Keras 1, for configurations without a version. */
export function isKeras1Layer({ class_name: name, config }: Json): boolean {
  if (!isObject(config)) return false;
  if (isObject(config.layer)) return isKeras1Layer(config.layer);
  return wordOf(name) !== 'Embedding' && (config.output_dim !== undefined || config.inner_activation !== undefined);
}

const CLASSES: Readonly<Record<string, string>> = { Convolution1D: 'Conv1D', AtrousConvolution1D: 'Conv1D', Convolution2D: 'Conv2D' };

/** Argument names of Keras 1 and those since Keras 2, which are not overwritten. */
// biome-ignore format: a table
const WORDS: readonly (readonly [string, string])[] = [
  ['inner_activation', 'recurrent_activation'], ['bias', 'use_bias'], ['p', 'rate'], ['sigma', 'stddev'], ['nb_filter', 'filters'],
  ['filter_length', 'kernel_size'], ['subsample_length', 'strides'], ['subsample', 'strides'], ['atrous_rate', 'dilation_rate'],
  ['border_mode', 'padding'], ['pool_length', 'pool_size'], ['stride', 'strides'],
];

function renamed(className: string, config: Json): Json {
  const words = className === 'Embedding' ? WORDS : [...WORDS, ['output_dim', 'units'] as const];
  const changed = words.filter(([old, word]) => config[old] !== undefined && config[word] === undefined);
  const forget = config.forget_bias_init === undefined ? {} : { unit_forget_bias: config.forget_bias_init === 'one' };
  return { ...config, ...forget, ...Object.fromEntries(changed.map(([old, word]) => [word, config[old]])) };
}

function timeDistributedDense(layer: Json, config: Json): Json {
  const dense = { class_name: 'Dense', config: renamed('Dense', config) };
  return { ...layer, class_name: 'TimeDistributed', config: { ...config, layer: dense } };
}

const MERGES: Readonly<Record<string, string>> = {
  concat: 'Concatenate',
  sum: 'Add',
  mul: 'Multiply',
  ave: 'Average',
  max: 'Maximum',
  dot: 'Dot',
};

/** Converts Keras 1's Merge with a mode to the layer that Keras 2 has for that mode. An unknown mode stays, so that the layer is refused by name. */
function merge(config: Json): Json {
  const class_name = own(MERGES, wordOf(config.mode)) ?? `Merge(${wordOf(config.mode)})`;
  return { class_name, config: { ...config, axis: config.concat_axis ?? -1, axes: config.dot_axes } };
}

function own(words: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
