import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { transpose } from '../tensor/layout.js';
import type { Part } from '../tensor/lazy.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { type Budget, checkShape, DTYPE_BYTES, newBudget } from './bytes/budget.js';
import { encodedPieces, readNumbers } from './bytes/numbers.js';
import { parseNumpyHeader } from './bytes/numpyHeader.js';
import { needPart, readPart } from './bytes/reader.js';
import { gatherStrided } from './bytes/strided.js';
import { decodeUtf8 } from './bytes/utf8.js';
import type { Member } from './bytes/zipWrite.js';
import type { DType, FileTensor, Format, Limits, TensorFile } from './format.js';
import { lazyTensor } from './lazyTensor.js';
import { overLimit } from './limits.js';
import { type ByteSource, readUpTo, sliceSource } from './source.js';

/**
 * NumPy's .npy, versions 1 to 3 (numpy/lib/format.py describes it). Read: floats of 2, 4, 8 bytes, integers, bool, either byte order,
 * C and Fortran order. Written: version 1, little-endian, C order, the bytes numpy.save writes.
 */
export const npy: Format = {
  name: 'npy',
  extensions: ['npy'],
  sniff: source => hasNumpyMagic(readUpTo(source, 0, MAGIC.length)),
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const objects = await pickledObjects(source, limits);
    if (objects) return objects;
    const notes: string[] = [];
    const tensors = new Map([['npy', readNumpyArray(source, newBudget(limits), notes)]]);
    return { format: 'npy', tensors, metadata: new Map(), notes };
  },
  write(tensors) {
    if (tensors.size !== 1) {
      throw new RnnError('format', 'E_NPY_COUNT', `an .npy file holds one array, not ${tensors.size}`, { fix: 'write an .npz' });
    }
    const [only] = tensors.values();
    return numpyMember(only).pieces();
  },
};

const SHORT = 'E_NPY_SHORT';
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

// NumPy leaves room in the header for the first axis to grow to this many digits (numpy/lib/format.py GROWTH_AXIS_MAX_DIGITS)
const GROWTH_DIGITS = 21;

/** dtype codes without the byte order: the letters and the width */
const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['b1', 'bool'],
  ['i1', 'i8'],
  ['u1', 'u8'],
  ['i2', 'i16'],
  ['u2', 'u16'],
  ['i4', 'i32'],
  ['u4', 'u32'],
  ['i8', 'i64'],
  ['u8', 'u64'],
  ['f2', 'f16'],
  ['f4', 'f32'],
  ['f8', 'f64'],
]);

/**
 * Reads an array of Python objects, which is a pickle after the header, as data, if it holds numbers or arrays; undefined for any other array
 * or content. @throws RnnError E_LIMIT_… (limit)
 */
async function pickledObjects(source: ByteSource, limits: Limits): Promise<TensorFile | undefined> {
  const { descr, dataStart } = readHeader(source, limits.numpyHeaderBytes);
  if (descr !== '|O') return undefined;
  const { pickledFile } = await import('./pt.js');
  try {
    const file = pickledFile(sliceSource(source, dataStart, source.size - dataStart), limits);
    return file.tensors.size > 0 ? { ...file, format: 'npy' } : undefined;
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'format') return undefined;
    throw error;
  }
}

function hasNumpyMagic(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Reads one array. Extra bytes after it are ignored, as NumPy does, and noted. @throws RnnError E_NPY_… (format), E_LIMIT_… (limit) */
export function readNumpyArray(source: ByteSource, budget: Budget, notes: string[], name = 'npy'): FileTensor {
  const header = readNumpyHeader(source, budget.limits);
  const { dtype, littleEndian, fortranOrder, shape, size, dataStart } = header;
  needPart(source, dataStart, size * BigInt(DTYPE_BYTES[dtype]), `data for shape ${formatShape(shape)} ${dtype}`, SHORT);
  const surplus = source.size - dataStart - Number(size) * DTYPE_BYTES[dtype];
  if (surplus > 0) notes.push(`${escapeText(name)}: ${surplus} bytes after the array were left alone`);
  const part: Part = (first, count, out) => readNumbers(source, dataStart + first * DTYPE_BYTES[dtype], count, dtype, littleEndian, out);
  const read = () => part(0, Number(size));
  if (!fortranOrder || size === 0n) return lazyTensor(source, budget, header, read, part);
  // a Fortran-order matrix is the transpose of a C-order one, whose rows can be read a few at a time
  if (shape.length === 2) return turnedTensor(lazyTensor(source, budget, { ...header, shape: [shape[1], shape[0]] }, read, part));
  return lazyTensor(source, budget, header, () => gatherStrided(read(), shape, columnMajor(shape)));
}

function turnedTensor(t: FileTensor): FileTensor {
  return Object.assign(transpose(t), { dtype: t.dtype });
}

export interface NumpyHeader {
  readonly dtype: DType;
  readonly littleEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** elements, exact */
  readonly size: bigint;
  readonly dataStart: number;
}

/** Reads everything before the data. @throws RnnError E_NPY_… (format), E_LIMIT_… (limit) */
export function readNumpyHeader(source: ByteSource, limits: Limits): NumpyHeader {
  const { descr, fortranOrder, shape, offset, dataStart } = readHeader(source, limits.numpyHeaderBytes);
  const { dtype, littleEndian } = readDescr(descr, dataStart);
  const size = within(`shape in the header at offset ${offset}`, () => checkShape(shape, limits));
  return { dtype, littleEndian, fortranOrder, shape: shape.map(Number), size, dataStart };
}

function readHeader(source: ByteSource, limit: number) {
  const magic = readPart(source, 0, MAGIC.length, 'magic', SHORT);
  if (!hasNumpyMagic(magic)) {
    throw new RnnError('format', 'E_NPY_MAGIC', 'offset 0: this is not an .npy file', {
      where: 'magic',
      expected: '\\x93NUMPY',
      found: Array.from(magic, b => b.toString(16).padStart(2, '0')).join(' '),
    });
  }
  const part = (at: number, count: number, what: string) => readPart(source, at, count, what, SHORT);
  const [major] = part(6, 1, 'version');
  const [minor] = part(7, 1, 'version');
  if (major < 1 || major > 3 || minor !== 0) {
    throw new RnnError('format', 'E_NPY_VERSION', `offset 6: .npy version ${major}.${minor}`, {
      where: 'version',
      expected: '1.0, 2.0 or 3.0',
      found: `${major}.${minor}`,
    });
  }
  const offset = major === 1 ? 10 : 12;
  const length = part(8, offset - 8, 'header length').reduceRight((sum, byte) => sum * 256 + byte, 0);
  needPart(source, offset, length, 'header', SHORT);
  if (length > limit) {
    throw overLimit('numpyHeaderBytes', limit, 'E_LIMIT_HEADER', `offset 8: the header has ${length} bytes`, {
      found: length,
      where: 'header length',
    });
  }
  const header = part(offset, length, 'header');
  // versions 1 and 2 are latin-1, version 3 is UTF-8
  const text = major === 3 ? decodeUtf8(header, offset) : Buffer.from(header.buffer, header.byteOffset, header.length).toString('latin1');
  return { ...parseNumpyHeader(text, offset), offset, dataStart: offset + length };
}

function readDescr(descr: string, offset: number): { dtype: DType; littleEndian: boolean } {
  const [, order, code] = /^([<>|=]?)([biuf][1248])$/.exec(descr) ?? [];
  const dtype = DTYPES.get(code);
  if (dtype && (order !== '|' || DTYPE_BYTES[dtype] === 1)) return { dtype, littleEndian: order !== '>' };
  const kind = descr.includes('O')
    ? 'Python objects (a pickle), which are never loaded'
    : `the dtype '${escapeText(descr, 40)}', which is not a plain number`;
  throw new RnnError('format', 'E_NPY_DTYPE', `the array before offset ${offset} holds ${kind}`, {
    where: 'descr',
    expected: 'f2 f4 f8, i1…i8, u1…u8 or b1',
    found: escapeText(descr, 40),
    fix: 'in Python: np.save(file, a.astype("float32"))',
  });
}

/** Returns the strides of Fortran order, in elements: the first index varies fastest. */
function columnMajor(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map(n => {
    stride *= n;
    return stride / n;
  });
}

/** The bytes numpy.save writes for this array. bfloat16, which NumPy lacks, is written as float32, which holds it exactly. */
export function numpyMember(array: FileTensor): Member {
  const header = numpyHeader(array);
  const dtype = writtenDType(array);
  return {
    size: header.length + sizeOf(array.shape) * DTYPE_BYTES[dtype],
    *pieces() {
      yield header;
      yield* encodedPieces(array, dtype);
    },
  };
}

/** Returns the header. As in NumPy, it has room for the first axis to grow, so its length does not depend on that axis. */
export function numpyHeader(array: Pick<FileTensor, 'shape' | 'dtype'>): Uint8Array {
  const dtype = writtenDType(array);
  const [code] = [...DTYPES].find(([, name]) => name === dtype) as [string, DType];
  const { shape } = array;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  let header = `{'descr': '${DTYPE_BYTES[dtype] === 1 ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  if (shape.length > 0) header += ' '.repeat(GROWTH_DIGITS - String(shape[0]).length);
  const unpadded = 10 + header.length + 1;
  header += `${' '.repeat(64 - (unpadded % 64))}\n`;
  const out = new Uint8Array(10 + header.length);
  out.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  for (let i = 0; i < header.length; i++) out[10 + i] = header.charCodeAt(i);
  return out;
}

function writtenDType({ dtype }: Pick<FileTensor, 'dtype'>): DType {
  return dtype === 'bf16' ? 'f32' : dtype;
}
