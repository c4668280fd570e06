import { escapeNames, wordOf } from '../../escape.js';
import { asObject, type Json, list } from '../../layers/kerasConfig.js';
import type { Assumption } from '../../model/assumptions.js';
import { nameOf } from './models.js';

/**
 * Assumptions for what TensorFlow.js 4.22 computes differently than Keras, whose numbers we compute: it aligns the pixels of a bilinear enlargement by
 * their corners, not their centres; GlobalAveragePooling1D counts masked steps; masked steps of stacked cells output the state of the first cell; and
 * a mask passes layers that do not support masks (`kwargs` of its executor is one object for all layers).
 */
export function tensorflowJsAssumptions(model: Json): Assumption[] {
  const layers = layersOf(model);
  const isMasked = layers.some(({ class_name, config }) => class_name === 'Masking' || (config as Json).mask_zero === true);
  const named = (others: (layer: Json, config: Json) => boolean) => layers.filter(layer => others(layer, layer.config as Json)).map(nameOf);
  const enlarged = named(({ class_name }, { interpolation }) => class_name === 'UpSampling2D' && interpolation === 'bilinear');
  const masked = isMasked ? named(({ class_name }, { cells }) => WITHOUT_MASKS.has(wordOf(class_name)) || list(cells).length > 1) : [];
  return [
    ...otherwise(enlarged, names => `${names} places pixels as Keras does`, 'by their middles, TensorFlow.js by their corners'),
    ...otherwise(
      masked,
      names => `masks end at ${names} as in Keras`,
      'TensorFlow.js averages over masked steps, too, and uses a mask behind layers that have none',
    ),
  ];
}

/** Layers that have no mask in Keras, and one whose mask TensorFlow.js does not use. */
const WITHOUT_MASKS: ReadonlySet<string> = new Set(
  'GlobalAveragePooling1D Conv1D SeparableConv1D MaxPooling1D AveragePooling1D Reshape Permute RepeatVector Flatten Dot'.split(' '),
);

function otherwise(names: readonly string[], what: (names: string) => string, why: string): Assumption[] {
  return names.length === 0 ? [] : [{ fact: 'backend', what: what(escapeNames(names)), value: 'keras', why, say: null }];
}

/** All layers, including those of nested models. */
function layersOf(model: Json): Json[] {
  return list(model.layers)
    .map(layer => asObject(layer, 'layer'))
    .map(layer => ({ ...layer, config: asObject(layer.config ?? {}, 'layer') }))
    .flatMap(layer => [layer, ...layersOf(layer.config)]);
}
