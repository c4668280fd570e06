import { RnnError, within } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';
import { formatShape } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, newBudget, reserve } from './bytes/budget.js';
import { decodeNumbers } from './bytes/numbers.js';
import { readPickle } from './bytes/pickle.js';
import type { Pickled, StorageRef, TensorRef } from './bytes/pickleTorch.js';
import { gatherStrided, isRowMajor } from './bytes/strided.js';
import { readZip, type ZipMember } from './bytes/zip.js';
import { looksLikeZip, peekNames } from './bytes/zipEnd.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { overLimit, structures, tooManyStructures } from './limits.js';
import { type ByteSource, readUpTo } from './source.js';

/**
 * PyTorch's .pt of a state dict (the zip form, PyTorch 1.6 and later): a pickle that names tensors, and their numbers in members beside
 * it. Dicts inside dicts give dotted names; numbers and strings beside the tensors become metadata.
 */
export const pt: Format = {
  name: 'pt',
  extensions: ['pt', 'pth'],
  sniff(source: ByteSource): boolean {
    if (looksLikeZip(source)) return peekNames(source).some(name => /(^|\/)data\.pkl$/.test(name));
    const bytes = readUpTo(source, 0, 2);
    return bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const bytes = readUpTo(source, 0, 2 + LEGACY_MAGIC.length);
    if (bytes[0] === 0x80) throw bareOrLegacy(bytes);
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
    const found: Found = { tensors: new Map(), metadata: new Map(), visits: 0, limits };
    collect(readPickle(pickle.read(), limits, pickle.offset), '', 0, found);
    const storages = new StorageReader(members, root);
    const budget = newBudget(limits);
    const tensors = new Map<string, FileTensor>();
    for (const [name, ref] of found.tensors) {
      tensors.set(
        name,
        within(`tensor '${escapeText(name, 80)}'`, () => readTensor(ref, storages, budget)),
      );
    }
    if (tensors.size === 0) notes.push('the file holds no tensors');
    return { format: 'pt', tensors, metadata: found.metadata, notes };
  },
};

const LEGACY_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

function bareOrLegacy(bytes: Uint8Array): RnnError {
  const legacy = LEGACY_MAGIC.every((byte, i) => bytes[i + 2] === byte);
  return new RnnError(
    'format',
    'E_PT_LEGACY',
    legacy
      ? 'offset 0: this is the .pt form from before PyTorch 1.6, which is a row of pickles'
      : 'offset 0: this is a bare pickle, not a zip archive of torch.save',
    { expected: 'the zip form', fix: 'in Python: torch.save(torch.load(file), new_file) with PyTorch 1.6 or later' },
  );
}

function findPickle(members: ReadonlyMap<string, ZipMember>): { root: string; pickle: ZipMember } {
  const found = [...members.values()].filter(member => /^([^/]*\/)?data\.pkl$/.test(member.name));
  if (found.length !== 1) {
    throw new RnnError('format', 'E_PT_PICKLE', `offset 0: expected one data.pkl in the archive, found ${found.length}`, {
      where: 'archive',
    });
  }
  const root = found[0].name.slice(0, -'data.pkl'.length);
  if (members.has(`${root}constants.pkl`) || [...members.keys()].some(name => name.startsWith(`${root}code/`))) {
    throw new RnnError('format', 'E_PT_TORCHSCRIPT', `offset ${found[0].offset}: this is a TorchScript program, not a state dict`, {
      where: 'archive',
      fix: 'in Python: torch.save(torch.jit.load(file).state_dict(), new_file)',
    });
  }
  return { root, pickle: found[0] };
}

function checkByteOrder(member: ZipMember | undefined): void {
  if (!member) return; // PyTorch before 2.1 wrote none, and always little-endian in practice
  const order = member.size <= 16 ? Buffer.from(member.read()).toString('latin1').trim() : '';
  if (order !== 'little') {
    throw new RnnError(
      'format',
      'E_PT_BYTEORDER',
      `offset ${member.offset}: the byte order is '${escapeText(order, 20)}'; only little is read`,
      { where: 'byteorder' },
    );
  }
}

interface Found {
  readonly tensors: Map<string, TensorRef>;
  readonly metadata: Map<string, string>;
  visits: number;
  readonly limits: Limits;
}

// Values in a checkpoint that are no tensors (optimizer options) stay far below this; a pickle that refers to itself does not
const VISITS_PER_TENSOR = 20;

/** Walks dicts and lists; what a memo repeats is counted each time, so a pickle cannot unfold into more than it may. */
function collect(value: Pickled, name: string, depth: number, found: Found): void {
  const { limits } = found;
  if (++found.visits > structures(VISITS_PER_TENSOR, limits))
    throw tooManyStructures(VISITS_PER_TENSOR, limits, 'E_LIMIT_TENSORS', 'values in what the pickle unfolds into', 'data.pkl');
  if (depth > limits.depth)
    throw overLimit('depth', limits.depth, 'E_LIMIT_DEPTH', `nested at least ${depth} levels deep`, { where: 'data.pkl' });
  if (value instanceof Map || Array.isArray(value)) {
    const entries: Iterable<[Pickled, Pickled]> = value.entries();
    for (const [key, child] of entries) collect(child, name === '' ? wordOf(key) : `${name}.${wordOf(key)}`, depth + 1, found);
  } else if (typeof value === 'object' && value !== null) {
    if (value.kind !== 'tensor')
      throw new RnnError('format', 'E_PT_TENSOR', `'${escapeText(name, 80)}' is a ${value.kind}, not a tensor`, { where: 'data.pkl' });
    checkName(name, 'tensor', limits);
    if (found.tensors.has(name))
      throw new RnnError('format', 'E_PT_DUPLICATE', `two tensors are called '${escapeText(name, 80)}'`, { where: 'data.pkl' });
    if (found.tensors.size >= limits.tensors)
      throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `at least ${limits.tensors + 1} tensors in one file`, {
        where: 'data.pkl',
      });
    found.tensors.set(name, value);
  } else if (depth === 1 && value !== null) {
    found.metadata.set(name, wordOf(value));
  }
}

/** Reads each storage once: tensors may share one, as the weights of a network that was on a GPU do. */
class StorageReader {
  private readonly members: ReadonlyMap<string, ZipMember>;
  private readonly root: string;
  private readonly contents = new Map<string, Uint8Array>();

  constructor(members: ReadonlyMap<string, ZipMember>, root: string) {
    this.members = members;
    this.root = root;
  }

  read(storage: StorageRef): Uint8Array {
    const name = `${this.root}data/${storage.key}`;
    const member = this.members.get(name);
    if (!member) throw new RnnError('format', 'E_PT_STORAGE', `the archive has no member '${escapeText(name, 80)}'`);
    const needed = BigInt(storage.length) * BigInt(DTYPE_BYTES[storage.dtype]);
    if (BigInt(member.size) !== needed) {
      throw new RnnError(
        'format',
        'E_PT_STORAGE',
        `offset ${member.offset}: storage ${storage.key} should have ${needed} bytes (${storage.length} × ${storage.dtype}), it has ${member.size}`,
        {
          expected: `${needed} bytes`,
          found: `${member.size} bytes`,
        },
      );
    }
    const content = this.contents.get(name) ?? member.read();
    this.contents.set(name, content);
    return content;
  }
}

function readTensor(ref: TensorRef, storages: StorageReader, budget: Budget): FileTensor {
  const { storage, start, shape, strides } = ref;
  const size = checkShape(shape, budget.limits);
  checkView(ref, size);
  reserve(budget, size, storage.dtype);
  const bytes = storages.read(storage);
  const count = Number(size);
  const width = DTYPE_BYTES[storage.dtype];
  if (isRowMajor(shape, strides)) return { shape, data: decodeNumbers(bytes, start * width, count, storage.dtype), dtype: storage.dtype };
  let last = start;
  for (let axis = 0; axis < shape.length; axis++) last += (shape[axis] - 1) * strides[axis];
  const all = count === 0 ? new Float32Array(0) : decodeNumbers(bytes, start * width, last - start + 1, storage.dtype);
  return { shape, data: gatherStrided(all, shape, strides), dtype: storage.dtype };
}

/** Every index inside the storage, and no two of them the same number. */
function checkView({ storage, start, shape, strides }: TensorRef, size: bigint): void {
  const last = shape.reduce((sum, n, axis) => sum + (BigInt(n) - 1n) * BigInt(strides[axis]), BigInt(start));
  if (size === 0n ? start > storage.length : last >= BigInt(storage.length)) {
    throw new RnnError(
      'format',
      'E_PT_VIEW',
      `shape ${formatShape(shape)}, strides ${formatShape(strides)} and offset ${start} reach element ${last} of a storage of ${storage.length}`,
    );
  }
  if (size === 0n) return;
  let span = 0n;
  for (const axis of [...shape.keys()].filter(axis => shape[axis] > 1).sort((a, b) => strides[a] - strides[b])) {
    if (BigInt(strides[axis]) <= span) {
      throw new RnnError('format', 'E_PT_VIEW', `shape ${formatShape(shape)} with strides ${formatShape(strides)}: elements overlap`, {
        fix: 'in Python: save tensor.contiguous()',
      });
    }
    span += BigInt(shape[axis] - 1) * BigInt(strides[axis]);
  }
}
