import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Part } from '../tensor/lazy.js';
import { exactSize } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, newBudget } from './bytes/budget.js';
import { isObject, type JsonObject, type JsonValue, parseJsonBytes } from './bytes/jsonText.js';
import { readNumbers } from './bytes/numbers.js';
import { gatherStrided, isRowMajor } from './bytes/strided.js';
import { readZip, type ZipMember } from './bytes/zip.js';
import { looksLikeZip, peekNames } from './bytes/zipEnd.js';
import type { DType, FileTensor, Format, Limits, TensorFile } from './format.js';
import { lazyTensor } from './lazyTensor.js';
import { overLimit } from './limits.js';
import type { ByteSource } from './source.js';

/**
 * PyTorch's .pt2 (torch.export.save): a zip with one top folder, models/model.json with the graph of the forward pass, and the raw numbers of
 * each parameter under data/weights, read on demand. `architecture` is the parsed model.json; `parameters` and `trained` count the parameters, a
 * tensor with two names only once. Tensors are named as in the state dict. Pickled parts are not read: a pickled weight is refused by name.
 */
export const pt2: Format = {
  name: 'pt2',
  extensions: ['pt2'],
  sniff(source: ByteSource): boolean {
    return looksLikeZip(source) && peekNames(source).some(name => /^[^/]+\/(models\/[^/]+\.json|archive_format)$/.test(name));
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const members = new Map((await readZip(source, limits, notes)).map(m => [m.name.slice(m.name.indexOf('/') + 1), m]));
    const models = [...members.keys()].filter(name => /^models\/[^/]+\.json$/.test(name));
    if (models.length !== 1)
      throw new RnnError('format', 'E_PT2_MEMBER', `the archive holds ${models.length} models`, {
        where: 'archive',
        expected: 'one models/NAME.json',
        found: escapeText(models.join(', ') || [...members.keys()].slice(0, 6).join(', '), 120),
        fix: 'in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
      });
    checkByteOrder(members);
    const architecture = readJson(members.get(models[0])!, limits);
    const name = models[0].slice('models/'.length, -'.json'.length);
    const tensors = new Map<string, FileTensor>();
    const budget = newBudget(limits);
    const parameters = new Map<string, { size: bigint; trained: boolean }>();
    for (const [folder, kind] of [
      ['weights', 'weights'],
      ['constants', 'constants'],
    ]) {
      const config = members.get(`data/${folder}/${name}_${kind}_config.json`);
      if (!config) continue;
      const entries = readJson(config, limits);
      const listed = isObject(entries) && isObject(entries.config) ? Object.entries(entries.config) : [];
      for (const [tensorName, entry] of listed) {
        checkName(tensorName, 'tensor', limits);
        const place = `weight '${escapeText(tensorName, 80)}'`;
        const tensor = within(place, () => readWeight(entry, { place, folder }, members, budget));
        tensors.set(tensorName, tensor);
        const { is_param: isParameter, path_name: path, tensor_meta: meta } = entry as JsonObject;
        const { storage_offset: offset, requires_grad: trained } = meta as JsonObject;
        if (isParameter === true)
          parameters.set(JSON.stringify([path, offset, tensor.shape]), { size: exactSize(tensor.shape), trained: trained !== false });
      }
    }
    const sum = (counted: readonly { size: bigint }[]) => String(counted.reduce((total, { size }) => total + size, 0n));
    const all = [...parameters.values()];
    const metadata = new Map([
      ['parameters', sum(all)],
      ['trained', sum(all.filter(p => p.trained))],
    ]);
    if (isObject(architecture) && typeof architecture.torch_version === 'string') metadata.set('torch_version', architecture.torch_version);
    return { format: 'pt2', tensors, architecture, metadata, notes };
  },
};

function checkByteOrder(members: ReadonlyMap<string, ZipMember>): void {
  const order = members.get('byteorder');
  const text = order && order.size < 16 ? new TextDecoder().decode(order.read()).trim() : 'little';
  if (text !== 'little')
    throw new RnnError('unsupported', 'E_PT2_BYTES', 'the numbers are big-endian', {
      where: 'byteorder',
      expected: 'little',
      found: escapeText(text),
    });
}

/** Replaces 2^63 − 1, which means 'to the end' of an axis, by the largest integer that a double holds, which means the same. */
function withEnds(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!text.includes(END)) return bytes;
  return Buffer.from(text.replace(new RegExp(`([:,[]\\s*)${END}(?=[\\s,\\]}])`, 'g'), `$1${Number.MAX_SAFE_INTEGER}`), 'latin1');
}

const END = '9223372036854775807';

function readJson(member: ZipMember, limits: Limits): JsonValue {
  if (member.size > limits.headerBytes)
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `${escapeText(member.name)} has ${member.size} bytes`, {
      found: member.size,
    });
  return within(`member '${escapeText(member.name)}'`, () => parseJsonBytes(withEnds(member.read()), limits));
}

/** c10::ScalarType as torch.export's schema numbers it. */
// biome-ignore format: a table
const DTYPES: Readonly<Record<number, DType>> = {
  1: 'u8', 2: 'i8', 3: 'i16', 4: 'i32', 5: 'i64', 6: 'f16', 7: 'f32', 8: 'f64', 12: 'bool', 13: 'bf16',
};

function readWeight(
  entry: JsonValue,
  { place, folder }: { place: string; folder: string },
  members: ReadonlyMap<string, ZipMember>,
  budget: Budget,
): FileTensor {
  const { path_name: path, use_pickle: pickled, tensor_meta: meta } = (isObject(entry) ? entry : {}) as JsonObject;
  if (pickled === true)
    throw new RnnError('unsupported', 'E_PT2_PICKLE', 'the tensor is stored as a pickle, which is not supported', {
      expected: 'raw numbers',
      found: 'use_pickle',
    });
  const member = typeof path === 'string' ? members.get(`data/${folder}/${path}`) : undefined;
  if (!member || !isObject(meta))
    throw new RnnError('format', 'E_PT2_MEMBER', 'the archive does not contain its data', {
      expected: escapeText(`data/${folder}/${String(path)}`, 120),
      found: 'nothing',
    });
  const dtype = DTYPES[Number(meta.dtype)];
  if (dtype === undefined)
    throw new RnnError('unsupported', 'E_DTYPE', `its type ${escapeText(String(meta.dtype))} is not supported`, {
      expected: 'float or integer numbers',
    });
  const shape = integers(meta.sizes, 'sizes');
  const size = checkShape(shape, budget.limits);
  const strides = integers(meta.strides, 'strides');
  const [offset] = integers([meta.storage_offset ?? { as_int: 0 }], 'storage_offset');
  // so that errors of a deferred read name this weight
  const { where = [] } = member.source;
  const source = { ...member.source, where: [...where.slice(0, -1), place, ...where.slice(-1)] };
  const held = source.size / DTYPE_BYTES[dtype];
  const last = shape.some(n => n === 0) ? 0 : offset + shape.reduce((at, n, i) => at + (n - 1) * strides[i], 0) + 1;
  if (strides.length !== shape.length || strides.some(s => s < 0) || offset < 0 || last > held)
    throw new RnnError('format', 'E_PT2_STRIDES', 'its sizes and strides extend beyond its data', {
      expected: `${last} numbers`,
      found: `${held}`,
    });
  const numbers: Part = (first, count, out) => readNumbers(source, (offset + first) * DTYPE_BYTES[dtype], count, dtype, true, out);
  const head = { shape, dtype, size };
  if (size === 0n || isRowMajor(shape, strides)) return lazyTensor(source, budget, head, () => numbers(0, Number(size)), numbers);
  return lazyTensor(source, budget, head, () => gatherStrided(numbers(0, last - offset), shape, strides));
}

function integers(value: JsonValue | undefined, what: string): number[] {
  const list = Array.isArray(value) ? value : [];
  return list.map(entry => {
    const n = isObject(entry) ? entry.as_int : entry;
    if (typeof n === 'number' && Number.isSafeInteger(n)) return n;
    throw new RnnError('format', 'E_PT2_META', `${what} holds something that is not a whole number`, {
      where: what,
      expected: 'whole numbers',
    });
  });
}
