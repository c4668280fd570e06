import { RnnError, within } from '../errors.js';
import { isObject, type JsonObject, parseJson } from './bytes/jsonText.js';
import { readMessage, type Schema, schema, set } from './bytes/protobuf.js';
import { type Limits, overLimit } from './limits.js';
import type { ByteSource } from './source.js';

/** An entry of `keras_metadata.pb`, next to a SavedModel of Keras 2 (keras/protobuf/saved_metadata.proto): an object's description as JSON. */
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
 * Reads the configuration of the whole model, as in model.to_json(); for a user-defined class it is little more than the name.
 * @returns the configuration and the version of Keras
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
