import { RnnError, within } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';
import type { Part } from '../tensor/lazy.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, newBudget, reserveBytes } from './bytes/budget.js';
import { isObject, type JsonObject, type JsonValue, MAX_JSON_BYTES, parseJsonBytes } from './bytes/jsonText.js';
import { readNumbers } from './bytes/numbers.js';
import type { DType, FileTensor, Format, Limits, OpenPart, TensorFile } from './format.js';
import { json } from './json.js';
import { lazyTensor } from './lazyTensor.js';
import { overLimit } from './limits.js';
import { type ByteSource, joinedSource, memorySource, readAll, readUpTo, sliceSource } from './source.js';

/**
 * TensorFlow.js: model.json (topology and a manifest of weights), with shards of raw numbers, possibly quantised, in the same folder; the numbers
 * are read on demand. `architecture` is `modelTopology` as in the file. Shards are opened by plain file names; a path that leads anywhere else is
 * refused.
 */
export const tfjs: Format = {
  name: 'tfjs',
  extensions: [],
  sniff(source: ByteSource): boolean {
    if (!json.sniff(source)) return false;
    const bytes = readUpTo(source, 0, MAX_JSON_BYTES);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"weightsManifest"');
  },
  async read(source: ByteSource, limits: Limits, openPart?: OpenPart): Promise<TensorFile> {
    const bytes = readAll(source);
    if (bytes.length > limits.headerBytes) {
      throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `model.json has ${bytes.length} bytes`, { found: bytes.length });
    }
    const document = parseJsonBytes(bytes, limits);
    const groups = isObject(document) ? document.weightsManifest : undefined;
    if (!isObject(document) || !Array.isArray(groups)) throw manifestError('$.weightsManifest: expected an array of weight groups');
    const budget = newBudget(limits);
    const tensors = new Map<string, FileTensor>();
    for (const [i, group] of groups.entries()) {
      const { paths, weights } = checkGroup(group, `$.weightsManifest[${i}]`, budget);
      const needed = weights.reduce((sum, weight) => sum + weight.bytes, 0);
      const data = { ...openShards(paths, needed, openPart), where: source.where };
      let at = 0;
      for (const weight of weights) {
        if (tensors.has(weight.name)) throw manifestError(`two weights are called '${escapeText(weight.name, 80)}'`);
        tensors.set(weight.name, tensorOf(weight, sliceSource(data, at, weight.bytes), budget));
        at += weight.bytes;
      }
    }
    const metadata = new Map<string, string>();
    for (const key of ['format', 'generatedBy', 'convertedBy']) {
      const value = document[key];
      if (typeof value === 'string') metadata.set(key, value);
    }
    return { format: 'tfjs', tensors, architecture: document.modelTopology ?? undefined, metadata, notes: [] };
  },
};

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  /** elements, exact */
  readonly size: bigint;
  /** dtype of the tensor */
  readonly dtype: DType;
  /** dtype of the numbers in the shard */
  readonly stored: DType;
  readonly bytes: number;
  /** value = stored · scale + min */
  readonly scale?: number;
  readonly min?: number;
}

const DTYPES: ReadonlyMap<JsonValue, DType> = new Map<JsonValue, DType>([
  ['float32', 'f32'],
  ['int32', 'i32'],
  ['bool', 'bool'],
]);
const QUANTISED: ReadonlyMap<JsonValue, DType> = new Map<JsonValue, DType>([
  ['uint8', 'u8'],
  ['uint16', 'u16'],
  ['float16', 'f16'],
]);

function checkGroup(group: JsonValue, place: string, budget: Budget): { paths: string[]; weights: Weight[] } {
  if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
    throw manifestError(`${place}: expected {"paths": […], "weights": […]}`);
  const paths = group.paths.map((path, i) => {
    const plain = typeof path === 'string' && /^[^/\\:\0]+$/.test(path) && path !== '..' && path !== '.';
    if (!plain)
      throw manifestError(
        `${place}.paths[${i}]: '${escapeText(wordOf(path), 60)}' is not a plain file name beside model.json`,
        'E_TFJS_PATH',
      );
    return path;
  });
  if (paths.length > budget.limits.tensors)
    throw overLimit('tensors', budget.limits.tensors, 'E_LIMIT_TENSORS', `${place}: ${paths.length} shards`, { found: paths.length });
  return { paths, weights: group.weights.map((weight, i) => checkWeight(weight, `${place}.weights[${i}]`, budget)) };
}

function checkWeight(weight: JsonValue, place: string, budget: Budget): Weight {
  if (!isObject(weight) || typeof weight.name !== 'string' || !Array.isArray(weight.shape))
    throw manifestError(`${place}: expected {"name", "shape", "dtype"}`);
  checkName(weight.name, 'weight', budget.limits);
  const dtype = DTYPES.get(weight.dtype);
  if (!dtype) throw manifestError(`${place}.dtype: '${escapeText(wordOf(weight.dtype), 30)}' is not read`, 'E_TFJS_DTYPE');
  if (!weight.shape.every((n): n is number => typeof n === 'number')) throw manifestError(`${place}.shape: expected whole numbers`);
  const shape = weight.shape as number[];
  const size = within(place, () => checkShape(shape, budget.limits));
  // more than any shards could hold: refused by the limit
  if (size > Number.MAX_SAFE_INTEGER) reserveBytes(budget, size, dtype);
  const quantisation = isObject(weight.quantization) ? checkQuantisation(weight.quantization, place) : { stored: dtype };
  return { name: weight.name, shape, size, dtype, bytes: Number(size) * DTYPE_BYTES[quantisation.stored], ...quantisation };
}

function checkQuantisation(q: JsonObject, place: string): Pick<Weight, 'stored' | 'scale' | 'min'> {
  const stored = QUANTISED.get(q.dtype);
  if (!stored) throw manifestError(`${place}.quantization.dtype: '${escapeText(wordOf(q.dtype), 30)}' is not read`, 'E_TFJS_DTYPE');
  if (stored === 'f16') return { stored };
  if (typeof q.scale !== 'number' || typeof q.min !== 'number')
    throw manifestError(`${place}.quantization: expected numbers as scale and min`);
  return { stored, scale: q.scale, min: q.min };
}

/** Opens the shards of a group as one source, which must have exactly the bytes that its weights need. */
function openShards(paths: readonly string[], needed: number, openPart: OpenPart | undefined): ByteSource {
  if (needed > 0 && !openPart) {
    throw new RnnError('format', 'E_TFJS_SHARD', 'model.json needs its weight files beside it, and there is no folder to look in', {
      found: escapeText(paths.join(', '), 100),
      fix: 'give the path of model.json instead of piping it in',
    });
  }
  const shards: ByteSource[] = [];
  let at = 0;
  for (const path of paths) {
    const shard = openPart ? openPart(path, 'inside') : memorySource(new Uint8Array(0));
    at += shard.size;
    if (at > needed) throw shardError(path, needed, at);
    shards.push(shard);
  }
  if (at !== needed) throw shardError(paths[paths.length - 1] ?? 'model.json', needed, at);
  return joinedSource(shards);
}

function shardError(path: string, expected: number, found: number): RnnError {
  const message = `offset ${found}: the weights of this group need ${expected} bytes, its shards have ${found < expected ? 'only' : 'at least'} ${found}`;
  return new RnnError('format', 'E_TFJS_SHARD', message, {
    where: escapeText(path, 80),
    expected: `${expected} bytes`,
    found: `${found} bytes`,
  });
}

function tensorOf(weight: Weight, source: ByteSource, budget: Budget): FileTensor {
  const { stored, scale, min, dtype } = weight;
  const raw: Part = (first, count, out) => readNumbers(source, first * DTYPE_BYTES[stored], count, stored, true, out);
  const whole = () => raw(0, Number(weight.size));
  if (scale === undefined || min === undefined) return lazyTensor(source, budget, weight, whole, raw);
  // as tfjs' io_utils.ts: product and sum in float64, then rounded once; integers are rounded to whole numbers
  const rounded = () => Float64Array.from(whole(), v => Math.round(v * scale + min));
  return lazyTensor(source, budget, weight, dtype === 'f32' ? () => whole().map(v => v * scale + min) : rounded);
}

function manifestError(message: string, code = 'E_TFJS_MANIFEST'): RnnError {
  return new RnnError('format', code, message, { where: 'model.json' });
}
