import { within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Part } from '../../tensor/lazy.js';
import { allocate, type FloatArray, formatShape } from '../../tensor/tensor.js';
import { type Budget, checkRatio, checkShape, fitsFloat32 } from '../bytes/budget.js';
import { decodeNumbers, readNumbers } from '../bytes/numbers.js';
import type { ByteReader } from '../bytes/reader.js';
import type { FileTensor } from '../format.js';
import { lazyTensor } from '../lazyTensor.js';
import { readChunkLayout, readChunks } from './chunks.js';
import { type NumberType, readSpace, readTypeMessage } from './datatype.js';
import { type Hdf5, h5Error, placeAt, UNDEFINED } from './file.js';
import { bodyOf, findMessage, MESSAGE, type Message } from './objectHeader.js';

/** Why a dataset is not read as a tensor, for a note: it holds strings, records or variable-length rows, or is empty. */
export interface Skipped {
  readonly skipped: string;
}

/** Whether an object header describes a dataset, not a group or a type. */
export function isDataset(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === MESSAGE.layout || type === MESSAGE.dataspace);
}

/**
 * Reads the description of a dataset of numbers in C order; its numbers are read on demand.
 * @param place name of the dataset in errors
 * @throws RnnError E_H5_TYPE, E_H5_EXTERNAL, E_H5_VIRTUAL, E_H5_LAYOUT (format), E_LIMIT_… (limit); when its numbers are read also
 *   E_H5_FILTER, and E_H5_LAYOUT for chunks indexed in the newest way
 */
export function readDataset(file: Hdf5, messages: readonly Message[], budget: Budget, place: string): FileTensor | Skipped {
  const [spaceMessage, typeMessage, layoutMessage] = [MESSAGE.dataspace, MESSAGE.datatype, MESSAGE.layout].map(type =>
    findMessage(messages, type),
  );
  if (!spaceMessage || !typeMessage || !layoutMessage) throw h5Error('E_H5_DATASET', 'the dataset lacks its space, type or layout');
  const external = findMessage(messages, MESSAGE.external);
  if (external)
    throw h5Error(
      'E_H5_EXTERNAL',
      `offset ${external.body.offset}: the data are in other files (external storage), which are never opened`,
    );
  if (spaceMessage.shared || layoutMessage.shared)
    throw h5Error('E_H5_DATASET', `offset ${spaceMessage.body.offset}: a shared dataspace or layout is not read`);
  const type = readTypeMessage(file, typeMessage);
  const dimensions = readSpace(bodyOf(spaceMessage));
  if (type.kind === 'string' || type.kind === 'heapString') return { skipped: 'holds strings' };
  if (type.kind === 'other') return { skipped: `holds no plain numbers (${type.name})` };
  if (!dimensions) return { skipped: 'is empty (a null space)' };
  const size = checkShape(dimensions, file.limits);
  const shape = dimensions.map(Number);
  const { read, part } = readerOf(file, messages, bodyOf(layoutMessage), type, shape, Number(size));
  const some: Part | undefined = part && ((first, count, out) => within(place, () => part(first, count, out)));
  return lazyTensor(file.source, budget, { shape, dtype: type.dtype, size }, () => within(place, read), some);
}

/** IV.A.2.i. Checks the data layout message, versions 3 and 4. @returns a function that reads the numbers */
function readerOf(
  file: Hdf5,
  messages: readonly Message[],
  layout: ByteReader,
  type: NumberType,
  shape: readonly number[],
  size: number,
): { readonly read: () => FloatArray; readonly part?: Part } {
  const offset = layout.offset;
  const version = layout.u8('layout version');
  if (version !== 3 && version !== 4)
    throw h5Error('E_H5_LAYOUT', `offset ${offset}: layout version ${version}, from before HDF5 1.6.3 or after 1.14`, {
      expected: '3 or 4',
      fix: 'rewrite it with h5repack',
    });
  const layoutClass = layout.u8('layout class');
  const bytes = size * type.size;
  if (layoutClass === 0) {
    const stored = layout.u16('compact size');
    if (stored !== bytes) throw sizeError(layout.offset, shape, bytes, BigInt(stored));
    const data = layout.take(stored, 'compact data');
    return { read: () => decodeNumbers(data, 0, size, type.dtype, type.littleEndian) };
  }
  if (layoutClass === 1) {
    const address = layout.u64('data address');
    const stored = layout.u64('data size');
    if (address === UNDEFINED) return { read: filler(file, messages, type, size) };
    if (stored !== BigInt(bytes)) throw sizeError(layout.offset, shape, bytes, stored);
    const start = placeAt(file, address, stored, 'data');
    const part: Part = (first, count, out) =>
      readNumbers(file.source, start + first * type.size, count, type.dtype, type.littleEndian, out);
    return { read: () => part(0, size), part };
  }
  if (layoutClass === 3)
    throw h5Error('E_H5_VIRTUAL', `offset ${offset}: a virtual dataset, made of parts of other files, which are never opened`);
  if (layoutClass !== 2) throw h5Error('E_H5_LAYOUT', `offset ${offset}: layout class ${layoutClass}`);
  if (version === 4) {
    const refusal = h5Error('E_H5_LAYOUT', `offset ${offset}: chunks indexed in the way of libver='latest' are not read`, {
      fix: "in Python: h5py.File(file, 'w') without libver, or h5repack --high=1.8",
    });
    return {
      read() {
        throw refusal;
      },
    };
  }
  const chunks = readChunkLayout(file, layout, findMessage(messages, MESSAGE.filters), type, shape);
  const filled = filler(file, messages, type, size);
  return {
    read() {
      const out = filled();
      readChunks(file, chunks, type, shape, out);
      return out;
    },
  };
}

function sizeError(offset: number, shape: readonly number[], expected: number, found: bigint) {
  return h5Error('E_H5_LAYOUT', `offset ${offset}: shape ${formatShape(shape)} needs ${expected} bytes, ${found} are stored`, {
    expected: `${expected} bytes`,
    found: `${found} bytes`,
  });
}

/**
 * Returns a function that makes `size` numbers with the fill value (default: 0), which is the value of elements that were never written. A tiny
 * file may declare any number of them, so they are limited by the file's size, as compressed data is.
 * @throws RnnError E_LIMIT_RATIO (limit) when they are made
 */
function filler({ limits, source }: Hdf5, messages: readonly Message[], type: NumberType, size: number): () => FloatArray {
  const bytes = fillBytes(messages) ?? new Uint8Array(0);
  if (bytes.length > 0 && bytes.length !== type.size)
    throw h5Error('E_H5_FILL', `a fill value of ${bytes.length} bytes for a type of ${type.size}`);
  const value = bytes.length === 0 ? 0 : decodeNumbers(bytes, 0, 1, type.dtype, type.littleEndian)[0];
  return () => {
    checkRatio(limits, 'E_LIMIT_RATIO', 'numbers that were never written', source.size, size * type.size);
    const out = allocate(size, fitsFloat32(type.dtype) ? 'f32' : 'f64');
    return value === 0 && !Object.is(value, -0) ? out : out.fill(value);
  };
}

/** IV.A.2.e and f. The fill value message, old and new. */
function fillBytes(messages: readonly Message[]): Uint8Array | undefined {
  const message = findMessage(messages, MESSAGE.fill);
  const old = findMessage(messages, MESSAGE.oldFill);
  if (!message) return old && bodyOf(old).take(old.body.u32('fill size'), 'fill value');
  const body = bodyOf(message);
  const version = body.u8('fill version');
  if (version === 3) return body.u8('fill flags') & 0x20 ? body.take(body.u32('fill size'), 'fill value') : undefined;
  if (version !== 1 && version !== 2) throw h5Error('E_H5_FILL', `offset ${body.offset - 1}: fill value version ${version}`);
  body.take(2, 'fill times');
  const defined = body.u8('fill defined');
  return version === 1 || defined ? body.take(body.u32('fill size'), 'fill value') : undefined;
}

/** Name of a dataset in errors, with its path escaped. */
export function placeOf(path: string): string {
  return `dataset '${escapeText(path, 100)}'`;
}
