import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { exactSize, formatShape } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, newBudget } from './bytes/budget.js';
import { isObject, type JsonObject, type JsonValue, parseJsonBytes } from './bytes/jsonText.js';
import { nestedText, tensorFromNested } from './bytes/nested.js';
import type { DType, FileTensor, Format, Limits, TensorFile } from './format.js';
import { type ByteSource, readAll, readUpTo } from './source.js';

/**
 * Numbers as JSON: nested arrays (one tensor, `json`); an object of named nested arrays; `{"shape", "data"}` in place of an array, flat;
 * our own forward document, whose `y` is the tensor. Strings beside the arrays are metadata. Values are doubles unless the document says `"dtype": "float32"`.
 */
export const json: Format = {
  name: 'json',
  extensions: ['json'],
  sniff: source => startsLikeJson(readUpTo(source, 0, JSON_START)),
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const budget = newBudget(limits);
    const document = parseJsonBytes(readAll(source), limits);
    const tensors =
      isObject(document) && !isFlat(document) ? fromObject(document, budget, notes) : new Map([['json', fromValue(document, budget, '$')]]);
    const metadata = new Map<string, string>();
    if (isObject(document) && typeof document.schema === 'string') metadata.set('schema', document.schema);
    return { format: 'json', tensors, metadata, notes };
  },
  write(tensors) {
    const [first] = tensors;
    if (tensors.size === 1 && first[0] === 'json') return [encode(`${nestedText(first[1])}\n`)];
    const members = [...tensors].map(([name, t]) => `${JSON.stringify(name)}:${nestedText(t)}`);
    return [encode(`{${members.join(',\n')}}\n`)];
  },
};

const FORWARD_SCHEMA = /^rnn-cli\/forward@\d+$/;
const DTYPES: ReadonlyMap<JsonValue, DType> = new Map<JsonValue, DType>([
  ['float32', 'f32'],
  ['float64', 'f64'],
]);

function fromObject(document: JsonObject, budget: Budget, notes: string[]): Map<string, FileTensor> {
  const { schema } = document;
  if (typeof schema === 'string' && FORWARD_SCHEMA.test(schema)) {
    if (document.y === undefined) throw new RnnError('format', 'E_JSON_TENSOR', 'the forward document has no "y"', { where: 'y' });
    return new Map([['y', tensorFromNested(document.y, budget, '$.y', DTYPES.get(document.dtype))]]);
  }
  if (typeof schema === 'string' && schema.startsWith('rnn-cli/')) {
    throw new RnnError('format', 'E_JSON_TENSOR', `this is a ${escapeText(schema, 40)} document, not numbers`, {
      where: 'schema',
      expected: 'arrays of numbers, or rnn-cli/forward@1',
      found: escapeText(schema, 40),
      fix: schema.startsWith('rnn-cli/spec') ? 'a network goes to --model' : undefined,
    });
  }
  const tensors = new Map<string, FileTensor>();
  for (const [name, value] of Object.entries(document)) {
    checkName(name, 'tensor', budget.limits);
    if (typeof value !== 'string') tensors.set(name, fromValue(value, budget, `$.${escapeText(name, 60)}`));
  }
  if (tensors.size === 0) notes.push('the document holds no tensors');
  return tensors;
}

function isFlat(value: JsonValue): value is JsonObject {
  return isObject(value) && Array.isArray(value.shape) && Array.isArray(value.data);
}

function fromValue(value: JsonValue, budget: Budget, place: string): FileTensor {
  if (!isFlat(value)) return tensorFromNested(value, budget, place);
  const shape = (value.shape as JsonValue[]).map(n => {
    if (typeof n === 'number' && Number.isSafeInteger(n) && n >= 0) return n;
    throw new RnnError('format', 'E_SHAPE_VALUE', `${place}.shape: ${JSON.stringify(n)?.slice(0, 40)} is not a dimension`);
  });
  checkShape(shape, budget.limits);
  const flat = tensorFromNested(value.data, budget, `${place}.data`, DTYPES.get(value.dtype));
  if (flat.shape.length !== 1 || exactSize(shape) !== BigInt(flat.data.length)) {
    throw new RnnError(
      'format',
      'E_JSON_TENSOR',
      `${place}: shape ${formatShape(shape)} does not fit data of shape ${formatShape(flat.shape)}`,
    );
  }
  return { ...flat, shape };
}

/** Spaces before the first bracket may be as many as these bytes have room for. */
const JSON_START = 2 ** 12;

/** Whether the first character that is no space opens an array or an object. A NUL after it belongs to the length of a .safetensors header. */
export function startsLikeJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return (bytes[at] === 0x5b || bytes[at] === 0x7b) && bytes[at + 1] !== 0;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
