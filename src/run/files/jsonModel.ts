import { CONVENTIONS } from '../../conventions/index.js';
import { RnnError, within } from '../../errors.js';
import { escapeNames } from '../../escape.js';
import { isObject, parseJsonBytes } from '../../formats/bytes/jsonText.js';
import type { TensorFile } from '../../formats/format.js';
import { json } from '../../formats/json.js';
import { type Limits, overLimit, timed } from '../../formats/limits.js';
import { type ByteSource, memorySource, readAll } from '../../formats/source.js';
import { fileLimits } from '../limits.js';
import { described, describedBy, dialectOf, type ModelFile } from './describedFile.js';

/** Reads a spec with or without weights, the JSON of Keras' model.to_json(), or named weights. */
export async function readJsonModel(source: ByteSource): Promise<ModelFile> {
  const limits = timed(fileLimits().read);
  const bytes = readAll(source);
  // JSON written by Python may contain NaN and Infinity
  const python = Buffer.from(bytes).includes('"class_name"');
  const document = parseJsonBytes(bytes, { ...limits, python });
  const empty: TensorFile = { format: 'json', tensors: new Map(), metadata: new Map(), notes: [] };
  if (!isObject(document)) return describedBy(await json.read(source, limits), source);
  if (typeof document.class_name === 'string') {
    checkDescription(source, limits);
    const metadata = new Map(typeof document.keras_version === 'string' ? [['keras_version', document.keras_version]] : []);
    const file = { ...empty, metadata };
    return { source, file, framework: 'keras', ...described(() => document, file, dialectOf(file)) };
  }
  const { weights, ...spec } = document;
  if (weights !== undefined) {
    const file = await within('weights', () => json.read(memorySource(new TextEncoder().encode(JSON.stringify(weights))), limits));
    return { source, file, spec };
  }
  const names = Object.keys(document);
  if (document.layers === undefined && CONVENTIONS.some(convention => convention.detect(names))) {
    return describedBy(await json.read(source, limits), source);
  }
  if (names.some(name => SPEC_KEYS.has(name))) {
    checkDescription(source, limits);
    return { source, file: empty, spec };
  }
  return describedBy(await arraysIn(source, names, limits), source);
}

/** A description of a network has at least one of these keys. */
// biome-ignore format: a table
const SPEC_KEYS: ReadonlySet<string>=new Set([
  '$schema','schema','layers','layer','input','inputs','output','outputs','functional',
]);

/** Reads an object of named arrays. @throws RnnError E_NO_MODEL (format) if it is not one */
async function arraysIn(source: ByteSource, names: readonly string[], limits: Limits): Promise<TensorFile> {
  try {
    const file = await json.read(source, limits);
    if (file.tensors.size > 0) return file;
  } catch (error) {
    if (!(error instanceof RnnError) || error.code !== 'E_JSON_TENSOR') throw error;
  }
  const keys = `${escapeNames(names.slice(0, 5))}${names.length > 5 ? ', …' : ''}`;
  const what = names.length === 0 ? 'an empty JSON object' : `a JSON object with the keys ${keys}`;
  throw new RnnError('format', 'E_NO_MODEL', `${what}: no model and no arrays`, {
    expected: 'a spec ("layers"), Keras\' model.to_json() ("class_name"), or arrays by name',
    found: what,
    fix: 'rnn-cli schema spec prints what a spec may contain',
  });
}

/** Limits the size of a description without numbers. @throws RnnError E_LIMIT_HEADER (limit) */
function checkDescription({ size }: ByteSource, { headerBytes }: Limits): void {
  if (size > headerBytes)
    throw overLimit('headerBytes', headerBytes, 'E_LIMIT_HEADER', `the description has ${size} bytes`, { found: size });
}
