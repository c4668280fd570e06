import { RnnError, within } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import type { TensorFile } from '../../formats/format.js';
import { asObject, type Json } from '../../layers/kerasConfig.js';
import { groupNames, MODELS } from './models.js';

/**
 * Adds what `adapt` found for an IntegerLookup to its configuration, where Keras keeps a vocabulary given by argument. In a `.keras` file
 * it is separate: one number per line in `assets/layers/…/vocabulary.txt`, and the weights of tf_idf among the tensors.
 * @throws RnnError E_VOCABULARY (format)
 */
export function withVocabularies<T>(config: T, file: TensorFile): T {
  const { config: model } = (config ?? {}) as { config?: unknown };
  const isModel = typeof model === 'object' && model !== null && !Array.isArray(model);
  return isModel ? { ...config, config: inModel(model as Json, file, '') } : config;
}

function inModel(model: Json, file: TensorFile, prefix: string): Json {
  if (!Array.isArray(model.layers)) return model;
  const layers = model.layers.map(l => asObject(l, 'layer'));
  const groups = groupNames(layers);
  const whole = layers.map((layer, i) => withVocabulary(layer, file, `${prefix}layers/${groups[i]}`));
  return whole.every((layer, i) => layer === layers[i]) ? model : { ...model, layers: whole };
}

function withVocabulary(layer: Json, file: TensorFile, group: string): Json {
  if (typeof layer.config !== 'object' || layer.config === null) return layer;
  const config = layer.config as Json;
  if (MODELS.has(wordOf(layer.class_name))) {
    const inner = inModel(config, file, `${group}/`);
    return inner === config ? layer : { ...layer, config: inner };
  }
  if (layer.class_name !== 'IntegerLookup') return layer;
  const text = file.texts?.get(`assets/${group}/vocabulary.txt`);
  const weights = file.tensors.get(`${group}/vars/idf_weights`);
  const vocabulary = config.vocabulary == null && text ? { vocabulary: numbersOf(text(), `assets/${group}/vocabulary.txt`) } : {};
  const held = weights ? { idf_weights: Array.from(weights.data) } : {};
  return { ...layer, config: { ...config, ...vocabulary, ...held } };
}

function numbersOf(text: string, where: string): number[] {
  return within(where, () =>
    text
      .trimEnd()
      .split(/\r?\n/)
      .map((line, i) => {
        const number = /^[+-]?\d{1,19}$/.test(line) ? Number(line) : Number.NaN;
        if (Number.isSafeInteger(number)) return number;
        throw new RnnError('format', 'E_VOCABULARY', `line ${i + 1} is not a whole number up to 2^53`, {
          where: `line ${i + 1}`,
          expected: 'one whole number per line',
          found: escapeText(line, 40),
        });
      }),
  );
}
