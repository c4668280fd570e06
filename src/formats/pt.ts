import { RnnError } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import { type FloatArray, sizeOf } from '../tensor/tensor.js';
import { type Budget, checkShape, newBudget, reserve } from './bytes/budget.js';
import { readPickle } from './bytes/pickle.js';
import { isCounts, isRef, type Pickled } from './bytes/pickleValues.js';
import { readZip, type ZipMember } from './bytes/zip.js';
import { looksLikeZip, peekNames } from './bytes/zipEnd.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { overLimit } from './limits.js';
import { type ByteSource, readUpTo } from './source.js';
import { type Collected, collect } from './torch/collect.js';
import { LEGACY_MAGIC, readLegacy } from './torch/legacy.js';
import { checkStorageSize, type Storages, tensorOf } from './torch/tensors.js';

/**
 * Files of torch.save, and pickles of arrays: a pickle that names tensors, with their numbers in other members of a zip (PyTorch 1.6 and
 * later), after the pickle (before 1.6), or in the pickle (NumPy). State dicts, checkpoints, whole modules and TorchScript are read alike: every
 * tensor gets a dotted name, and anything else in the pickle stays a record.
 */
export const pt: Format = {
  name: 'pt',
  extensions: ['pt', 'pth', 'ckpt', 'pkl', 'pickle'],
  sniff(source: ByteSource): boolean {
    if (looksLikeZip(source)) return peekNames(source).some(name => /(^|\/)data\.pkl$/.test(name));
    const bytes = readUpTo(source, 0, 2);
    return (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) || isOldPickle(source);
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const start = readUpTo(source, 0, LEGACY_MAGIC.length);
    if (start[0] !== 0x80 && !isOldPickle(source)) return readArchive(source, limits);
    if (LEGACY_MAGIC.every((byte, i) => byte === start[i])) {
      const { value, storages } = readLegacy(source, limits);
      return fileOf(collect(value, limits), storages, limits);
    }
    return pickledFile(source, limits);
  },
};

/** Whether it looks like a pickle of protocol 0 or 1, which has no magic number: it starts with a memoised list or dict, or a name, and ends with STOP. */
function isOldPickle(source: ByteSource): boolean {
  if (source.size < 4 || source.read(source.size - 1, 1)[0] !== 0x2e) return false;
  const start = Buffer.from(readUpTo(source, 0, 64)).toString('latin1');
  return /^(\([ld]p0\n|[\]}]q\0|\(?c(numpy|collections|copy_reg|__builtin__)[\w.]*\n\w+\n[pq(])/.test(start);
}

function readArchive(source: ByteSource, limits: Limits): TensorFile {
  const notes: string[] = [];
  const members = new Map(readZip(source, limits, notes).map(member => [member.name, member]));
  const { root, pickle } = findPickle(members);
  if (pickle.size > limits.headerBytes) {
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `offset ${pickle.offset}: the pickle has ${pickle.size} bytes`, {
      found: pickle.size,
      where: 'data.pkl',
    });
  }
  checkByteOrder(members.get(`${root}byteorder`));
  const found = collect(readPickle(pickle.read(), limits, pickle.offset), limits);
  const script = members.has(`${root}constants.pkl`) || [...members.keys()].some(name => name.startsWith(`${root}code/`));
  if (!script) return fileOf(found, storagesIn(members, `${root}data/`), limits, notes);
  const constants = constantsIn(members, root, limits);
  // a frozen program has its weights among its constants only
  const file =
    found.tensors.size > 0 || !constants
      ? fileOf(found, storagesIn(members, `${root}data/`), limits, notes)
      : fileOf({ ...found, tensors: constants.tensors, sets: constants.sets }, storagesIn(members, `${root}constants/`), limits, notes);
  if (constants && constants.tensors.size > 0) notes.push(`the program has ${constants.tensors.size} constant tensors`);
  return { ...file, metadata: new Map([...file.metadata, ['torchscript', 'true']]) };
}

/** Returns the constant tensors of a TorchScript program, which its code calls `constants.0` … */
function constantsIn(members: ReadonlyMap<string, ZipMember>, root: string, limits: Limits): Collected | undefined {
  const member = members.get(`${root}constants.pkl`);
  if (!member || member.size > limits.headerBytes) return undefined;
  return collect(new Map([['constants', readPickle(member.read(), limits, member.offset)]]), limits);
}

/** Reads a file that is a single pickle: an array, a list of arrays, or anything that contains arrays. */
export function pickledFile(source: ByteSource, limits: Limits): TensorFile {
  const value = readBare(source, limits);
  const array = plainArray(value, newBudget(limits));
  if (array) return { format: 'pt', tensors: new Map([['tensor', array]]), metadata: new Map(), notes: [] };
  return fileOf(numbered(collect(value, limits), value), NO_STORAGES, limits);
}

/** Reads a single pickle. It can hold NumPy arrays, but no PyTorch tensors. */
function readBare(source: ByteSource, limits: Limits): Pickled {
  if (source.size > limits.totalBytes)
    throw overLimit('totalBytes', limits.totalBytes, 'E_LIMIT_BYTES', `the pickle has ${source.size} bytes`, { found: source.size });
  return readPickle(source.read(0, source.size), limits);
}

const NO_STORAGES: Storages = {
  find({ key }) {
    throw new RnnError('format', 'E_PT_STORAGE', `the numbers of storage ${key} are not in a pickle alone`, {
      fix: 'in Python: torch.save(model.state_dict(), file)',
    });
  },
};

function fileOf(found: Collected, storages: Storages, limits: Limits, notes: string[] = []): TensorFile {
  const budget = newBudget(limits);
  const tensors = new Map<string, FileTensor>();
  for (const [name, ref] of found.tensors) tensors.set(name, tensorOf(name, ref, storages, budget));
  if (tensors.size === 0) notes.push('the file holds no tensors');
  const foreign = [...found.classes].filter(name => !/^torch\.nn\.modules\.|^numpy\.(ndarray|dtype)$/.test(name));
  const more = foreign.length > MOST_LISTED ? ` and ${foreign.length - MOST_LISTED} more` : '';
  if (foreign.length > 0) notes.push(`kept as records, not loaded: ${escapeNames(foreign.slice(0, MOST_LISTED), 80)}${more}`);
  const { metadata, sets, modules } = found;
  return { format: 'pt', tensors, metadata: new Map(metadata), notes, sets, ...(modules.size > 0 ? { architecture: modules } : {}) };
}

const MOST_LISTED = 8;

function findPickle(members: ReadonlyMap<string, ZipMember>): { root: string; pickle: ZipMember } {
  const found = [...members.values()].filter(member => /^([^/]*\/)?data\.pkl$/.test(member.name));
  if (found.length !== 1) {
    throw new RnnError('format', 'E_PT_PICKLE', `offset 0: expected one data.pkl in the archive, found ${found.length}`, {
      where: 'archive',
    });
  }
  return { root: found[0].name.slice(0, -'data.pkl'.length), pickle: found[0] };
}

function checkByteOrder(member: ZipMember | undefined): void {
  if (!member) return; // PyTorch before 2.1 wrote none, and always little-endian in practice
  const order = member.size <= 16 ? new TextDecoder('latin1').decode(member.read()).trim() : '';
  if (order !== 'little') {
    throw new RnnError(
      'format',
      'E_PT_BYTEORDER',
      `offset ${member.offset}: the byte order is '${escapeText(order, 20)}'; only little is read`,
      { where: 'byteorder' },
    );
  }
}

function storagesIn(members: ReadonlyMap<string, ZipMember>, folder: string): Storages {
  return {
    find(storage) {
      const name = `${folder}${storage.key}`;
      const member = members.get(name);
      if (!member) throw new RnnError('format', 'E_PT_STORAGE', `the archive has no member '${escapeText(name, 80)}'`);
      checkStorageSize(storage, member.size, member.offset);
      return member.source;
    },
  };
}

/**
 * Pickles that are one array or a list of arrays: `pickle.dump(model.get_weights(), f)`, `pickle.dump(y.tolist(), f)`, and the object arrays
 * that np.save makes of such lists.
 */

/** Nested lists of numbers as one array; undefined for anything else. @throws RnnError E_LIMIT_… (limit) */
function plainArray(value: Pickled, budget: Budget): FileTensor | undefined {
  const objects = objectArray(value);
  const list = objects?.items ?? value;
  const lengths: number[] = [];
  let inner: Pickled = list;
  for (; Array.isArray(inner) && inner.length > 0 && lengths.length <= budget.limits.rank; [inner] = inner) lengths.push(inner.length);
  if (lengths.length === 0 || typeof inner !== 'number') return undefined;
  const shape = objects ? [...objects.shape, ...lengths.slice(1)] : lengths;
  const size = Number(checkShape(shape, budget.limits));
  reserve(budget, BigInt(size), 'f64');
  const data = new Float64Array(size);
  if (sizeOf(lengths) !== size || fill(list, lengths, 0, data, 0) !== size) return undefined;
  // the numbers of a float32 array that became a list
  const narrow: FloatArray = Float32Array.from(data);
  return data.every((v, k) => Object.is(v, narrow[k])) ? { shape, dtype: 'f32', data: narrow } : { shape, dtype: 'f64', data };
}

/** Copies nested lists into `data`. @returns the index after the last number; NaN if a list has another length or contains something else */
function fill(value: Pickled, lengths: readonly number[], depth: number, data: Float64Array, at: number): number {
  if (depth === lengths.length) {
    if (typeof value !== 'number') return Number.NaN;
    data[at] = value;
    return at + 1;
  }
  if (!Array.isArray(value) || value.length !== lengths[depth]) return Number.NaN;
  let next = at;
  for (const part of value) {
    next = fill(part, lengths, depth + 1, data, next);
    if (Number.isNaN(next)) return next;
  }
  return next;
}

/** An array of Python objects: numpy's state (version, shape, dtype, Fortran order, list). */
function objectArray(value: Pickled): { shape: readonly number[]; items: Pickled[] } | undefined {
  if (!isRef(value, 'object') || value.name !== 'numpy.ndarray' || !Array.isArray(value.state)) return undefined;
  const [, shape, , fortran, items] = value.state;
  if (!isCounts(shape) || !Array.isArray(items) || (fortran === true && shape.length > 1)) return undefined;
  return { shape, items };
}

/** Renames the arrays of a list as np.savez does: arr_0, arr_1 … instead of their positions. */
function numbered(found: Collected, value: Pickled): Collected {
  const names = [...found.tensors.keys()];
  const list = Array.isArray(value) || objectArray(value) !== undefined;
  if (!list || !names.every(name => /^\d+(\.\d+)*$/.test(name))) return found;
  const tensors = new Map([...found.tensors.values()].map((tensor, i) => [`arr_${i}`, tensor]));
  return { ...found, tensors, metadata: new Map(), sets: new Map([['', [...tensors.keys()]]]) };
}
