import { within } from '../errors.js';
import { type JsonValue, parseJson } from './bytes/jsonText.js';
import { looksLikeZip } from './bytes/zipEnd.js';
import type { Format, Limits, TensorFile } from './format.js';
import type { AttributeValue } from './hdf5/attributes.js';
import { findSignature } from './hdf5/file.js';
import { overLimit } from './limits.js';
import type { ByteSource } from './source.js';

/**
 * HDF5 as Keras writes it: `.weights.h5` and legacy `.h5`. Tensors have their HDF5 path (`layers/lstm/cell/vars/0`), without the leading
 * slash. `architecture` is the parsed `model_config` of a legacy file. Metadata are all attributes: those of the root under their own
 * name (`keras_version`), those of a group as `path@name` (`model_weights@layer_names`); rows of strings or numbers as JSON text.
 */
export const h5: Format = {
  name: 'h5',
  extensions: ['h5', 'hdf5', 'weights.h5'],
  // not a .keras file, whose .h5 member may happen to start where a user block would end
  sniff: source => !looksLikeZip(source) && findSignature(source) >= 0,
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const { readHdf5 } = await import('./hdf5/walk.js');
    const { tensors, attributes, notes } = readHdf5(source, limits);
    const config = attributes.get('')?.get('model_config');
    const metadata = new Map<string, string>();
    for (const [path, values] of attributes) {
      for (const [name, value] of values) {
        if (path === '' && name === 'model_config') continue;
        metadata.set(path === '' ? name : `${path}@${name}`, textOf(value));
      }
    }
    const architecture = typeof config === 'string' ? within("attribute 'model_config'", () => readConfig(config, limits)) : undefined;
    if (tensors.size === 0) notes.push('the file holds no tensors');
    return { format: 'h5', tensors, architecture, metadata, notes };
  },
};

function readConfig(text: string, limits: Limits): JsonValue {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.headerBytes)
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `the description has ${bytes} bytes`, { found: bytes });
  return parseJson(text, { ...limits, python: true });
}

function textOf(value: AttributeValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
