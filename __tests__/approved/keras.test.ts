import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { REFERENCE, referenceBytes } from '../formats/reference.js';
import { approve, bentJson, type Case } from '../helpers/approved.js';
import { readTensors } from '../helpers/readFormat.js';
import { caseIds, readCase } from '../helpers/reference.js';

/** The configs of Keras' own files, and each of them with one place bent. */
const files = readdirSync(join(REFERENCE, 'models', 'keras'))
  .filter(name => name.endsWith('.keras'))
  .sort();
const read = (config: unknown) => {
  const model = checkSpec(specFromKerasConfig(config));
  return [model, inferShapes(model)];
};
const configs = new Map<string, unknown>();

beforeAll(async () => {
  for (const name of files) configs.set(name, (await readTensors(referenceBytes('models', 'keras', name))).architecture);
});

const places = (config: unknown): Case[] => [
  ['as it is', () => read(config)],
  ...bentJson(config).map(([label, bent]): Case => [label, () => read(bent)]),
];

/** Layers as Keras recorded them, one model each. */
const recordedLayers = (): Case[] =>
  caseIds('keras').flatMap(id => {
    const { layers } = readCase('keras', id);
    if (!Array.isArray(layers)) return [];
    const plain = layers.filter(l => typeof l.class_name === 'string').map(({ class_name, config }) => ({ class_name, config }));
    const input = { class_name: 'InputLayer', config: { batch_shape: [null, 10, 3], name: 'x' } };
    return [[id, () => read({ class_name: 'Sequential', config: { name: 'net', layers: [input, ...plain] } })] as Case];
  });

approve('keras', [...files.map(name => [name, () => places(configs.get(name))] as const), ['recorded layers', recordedLayers]]);
