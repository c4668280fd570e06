import { RnnError, within } from '../errors.js';
import { isObject, type JsonObject, parseJson } from './bytes/jsonText.js';
import { readMessage, type Schema, schema, set } from './bytes/protobuf.js';
import { type Limits, overLimit } from './limits.js';
import type { ByteSource } from './source.js';

/** `keras_metadata.pb` beside a SavedModel of Keras 2 (keras/protobuf/saved_metadata.proto): for every object its description as JSON. */
interface SavedObject {
  path: string;
  metadata: string;
}

const OBJECT: Schema<SavedObject> = schema('SavedObject', [
  [3, 'node_path', set('path', field => field.string())],
  [5, 'metadata', set('metadata', field => field.string())],
]);
const METADATA: Schema<SavedObject[]> = schema('SavedMetadata', [
  [
    1,
    'nodes',
    (nodes, field) => {
      nodes.push(field.message(OBJECT, { path: '', metadata: '' }));
    },
    'repeated',
  ],
]);

/**
 * The configuration of the whole model, as model.to_json() has it; of a user-defined class little more than its name.
 * @returns with it the version of Keras
 * @throws RnnError E_PROTOBUF, E_JSON… (format), E_LIMIT_… (limit)
 */
export function readKerasMetadata(source: ByteSource, limits: Limits): { config?: JsonObject; version?: string } {
  if (source.size > limits.headerBytes)
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `the description has ${source.size} bytes`, {
      found: source.size,
    });
  const nodes = readMessage(source, METADATA, [] as SavedObject[], limits);
  const root = nodes.find(node => node.path === 'root');
  if (!root) throw new RnnError('format', 'E_KERAS_CONFIG', "keras_metadata.pb has no object called 'root'");
  const document = within('root', () => parseJson(root.metadata, { ...limits, python: true }));
  if (!isObject(document)) throw new RnnError('format', 'E_KERAS_CONFIG', "the description of 'root' is not a JSON object");
  const { class_name, config, keras_version: version } = document;
  return {
    ...(typeof class_name === 'string' ? { config: { class_name, config: isObject(config) ? config : {} } as JsonObject } : {}),
    ...(typeof version === 'string' ? { version } : {}),
  };
}
