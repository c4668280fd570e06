import { inflateSync } from 'node:zlib';
import type { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type FloatArray, formatShape } from '../../tensor/tensor.js';
import { checkInflated, checkRatio } from '../bytes/budget.js';
import { decodeNumbers } from '../bytes/numbers.js';
import type { ByteReader } from '../bytes/reader.js';
import { overLimit } from '../limits.js';
import type { NumberType } from './datatype.js';
import { expectSignature, type Hdf5, h5Error, nodeAt, readerAt, UNDEFINED, visitOnce } from './file.js';
import { bodyOf, type Message } from './objectHeader.js';

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;
// biome-ignore format: a table
const KNOWN: ReadonlyMap<number, string> = new Map([
  [4, 'szip'], [5, 'nbit'], [6, 'scaleoffset'], [307, 'bzip2'], [32000, 'lzf'], [32001, 'blosc'], [32004, 'lz4'], [32015, 'zstd'],
]);

export interface Chunks {
  /** address of the index; UNDEFINED: there are no chunks */
  readonly tree: bigint;
  readonly chunk: readonly number[];
  readonly filters: readonly number[];
  /** why the numbers cannot be read; thrown only when they are, so that the shape and the file's other datasets stay usable */
  readonly refusal?: RnnError;
  readonly bytes: number;
}

/** Reads a version 3 layout; the reader's position is after the class. @throws RnnError E_H5_LAYOUT (format), E_LIMIT_BYTES (limit) */
export function readChunkLayout(
  file: Hdf5,
  layout: ByteReader,
  filterMessage: Message | undefined,
  type: NumberType,
  shape: readonly number[],
): Chunks {
  const offset = layout.offset;
  const rank = layout.u8('chunk rank') - 1;
  const tree = layout.u64('chunk index address');
  if (rank !== shape.length || rank === 0)
    throw h5Error('E_H5_LAYOUT', `offset ${offset}: chunks of ${rank} dimensions for shape ${formatShape(shape)}`);
  const chunk = shape.map(() => layout.u32('chunk dimension'));
  const elementBytes = layout.u32('element size');
  if (elementBytes !== type.size || chunk.includes(0))
    throw h5Error('E_H5_LAYOUT', `offset ${offset}: chunks ${formatShape(chunk)} of elements of ${elementBytes} bytes`);
  const filters = filterMessage ? readFilters(bodyOf(filterMessage)) : { ids: [] };
  const bytes = chunk.reduce((product, n) => product * BigInt(n), BigInt(type.size));
  if (bytes > BigInt(file.limits.totalBytes)) {
    const what = `offset ${offset}: one chunk ${formatShape(chunk)} takes ${bytes} bytes`;
    throw overLimit('totalBytes', file.limits.totalBytes, 'E_LIMIT_BYTES', what, { found: bytes });
  }
  return { tree, chunk, filters: filters.ids, refusal: filters.refusal, bytes: Number(bytes) };
}

/**
 * Reads the chunks into `out`, which already holds the fill value. Each chunk must lie inside the shape, on its grid, and be listed once.
 * @throws RnnError E_H5_FILTER, E_H5_CHUNK (format), E_LIMIT_RATIO, E_LIMIT_INFLATED (limit)
 */
export function readChunks(
  file: Hdf5,
  { tree, chunk, filters, refusal, bytes: chunkBytes }: Chunks,
  type: NumberType,
  shape: readonly number[],
  out: FloatArray,
): void {
  if (refusal) throw refusal;
  if (tree === UNDEFINED) return;
  const seen = new Set<string>();
  visitChunks(file, tree, shape.length, (start, stored, mask, address, at) => {
    const inside = start.every((n, axis) => n < BigInt(shape[axis]) && n % BigInt(chunk[axis]) === 0n);
    if (!inside || seen.has(start.join()))
      throw h5Error(
        'E_H5_CHUNK',
        `offset ${at}: a chunk at ${formatShape(start)} of shape ${formatShape(shape)}, outside it or for the second time`,
      );
    seen.add(start.join());
    const raw = readerAt(file, address, stored, 'chunk').bytes;
    if (filters.some((filter, i) => filter === DEFLATE && !(mask & (1 << i)))) {
      checkRatio(file.limits, 'E_LIMIT_RATIO', `offset ${at}`, stored, chunkBytes, 'chunk');
      file.inflated += chunkBytes;
      checkInflated(file.limits, file.inflated, { at: `offset ${at}`, where: 'chunk' });
    }
    const bytes = unfilter(raw, filters, mask, chunkBytes, type.size, at);
    placeChunk(decodeNumbers(bytes, 0, bytes.length / type.size, type.dtype, type.littleEndian), chunk, start.map(Number), shape, out);
  });
}

/** III.A.1. The version 1 B-tree of chunks. */
function visitChunks(
  file: Hdf5,
  root: bigint,
  rank: number,
  visit: (start: bigint[], stored: number, mask: number, address: bigint, at: number) => void,
): void {
  const visited = new Set<bigint>();
  const node = (address: bigint, level: number | undefined): void => {
    visitOnce(file, visited, address);
    const reader = nodeAt(file, address, 24, 8 + 8 * (rank + 1) + 8, 'chunk B-tree node');
    expectSignature(reader, 'TREE', 'chunk B-tree node');
    const type = reader.u8('node type');
    const own = reader.u8('node level');
    if (type !== 1 || (level !== undefined && own !== level))
      throw h5Error('E_H5_TREE', `offset ${reader.offset}: a node of type ${type}, level ${own} in a chunk index`);
    const entries = reader.u16('entries used');
    reader.take(16, 'siblings');
    for (let i = 0; i < entries; i++) {
      const at = reader.offset;
      const stored = reader.u32('chunk size');
      const mask = reader.u32('filter mask');
      const start = Array.from({ length: rank }, () => reader.u64('chunk position'));
      reader.u64('element position');
      const child = reader.u64('child address');
      if (own > 0) node(child, own - 1);
      else visit(start, stored, mask, child, at);
    }
  };
  node(root, undefined);
}

/** IV.A.2.l. The filter pipeline, in the order in which the writer applied it, and the error for the first filter that is not supported. */
function readFilters(body: ByteReader): { readonly ids: readonly number[]; readonly refusal?: RnnError } {
  const version = body.u8('filter version');
  const count = body.u8('number of filters');
  if (version !== 1 && version !== 2) throw h5Error('E_H5_FILTER', `offset ${body.offset}: filter pipeline version ${version}`);
  if (version === 1) body.take(6, 'filter pipeline');
  const filters = Array.from({ length: count }, () => {
    const offset = body.offset;
    const id = body.u16('filter');
    const nameBytes = version === 1 || id >= 256 ? body.u16('filter name length') : 0;
    body.u16('filter flags');
    const values = body.u16('filter values');
    const name = Buffer.from(body.take(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes, 'filter name'))
      .toString('latin1')
      .replace(/\0.*$/s, '');
    body.take(4 * values + (version === 1 && values % 2 === 1 ? 4 : 0), 'filter values');
    return { offset, id, name };
  });
  const unknown = filters.find(({ id }) => id < DEFLATE || id > FLETCHER32);
  return { ids: filters.map(({ id }) => id), refusal: unknown && unknownFilter(unknown) };
}

function unknownFilter({ offset, id, name }: { offset: number; id: number; name: string }): RnnError {
  const known = KNOWN.get(id) ?? (escapeText(name, 40) || 'unknown');
  return h5Error('E_H5_FILTER', `offset ${offset}: the filter ${id} (${known}) is not read`, {
    expected: 'deflate, shuffle, fletcher32',
    fix: 'in Python: create_dataset(…, compression="gzip"), or none',
  });
}

/** Undoes the filters, last first; a bit in the mask means that a filter was skipped for this chunk. */
function unfilter(
  raw: Uint8Array,
  filters: readonly number[],
  mask: number,
  chunkBytes: number,
  elementBytes: number,
  at: number,
): Uint8Array {
  let bytes = raw;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (mask & (1 << i)) continue;
    if (filters[i] === DEFLATE) bytes = inflate(bytes, chunkBytes + 4 * filters.length, at);
    else if (filters[i] === SHUFFLE) bytes = unshuffle(bytes, elementBytes);
    else bytes = checkFletcher(bytes, at);
  }
  if (bytes.length === chunkBytes) return bytes;
  throw h5Error('E_H5_CHUNK', `offset ${at}: the chunk has ${bytes.length} bytes`, {
    expected: `${chunkBytes} bytes`,
    found: `${bytes.length} bytes`,
  });
}

function inflate(bytes: Uint8Array, most: number, at: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: most, chunkSize: Math.min(Math.max(most, 1024), 2 ** 28) });
  } catch (error) {
    throw h5Error(
      'E_H5_CHUNK',
      `offset ${at}: the compressed chunk is damaged or larger than it may be: ${escapeText((error as Error).message, 80)}`,
    );
  }
}

/** Undoes the shuffle filter, which stores the first bytes of all elements, then the second bytes, and so on. Leftover bytes are at the end. */
function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const out = new Uint8Array(bytes);
  for (let plane = 0; plane < elementBytes; plane++) {
    for (let i = 0; i < count; i++) out[i * elementBytes + plane] = bytes[plane * count + i];
  }
  return out;
}

/** Checks the last four bytes, a Fletcher-32 sum over 16-bit big-endian words (H5checksum.c). */
function checkFletcher(bytes: Uint8Array, at: number): Uint8Array {
  const data = bytes.subarray(0, Math.max(0, bytes.length - 4));
  let sum1 = 0;
  let sum2 = 0;
  for (let i = 0; i < data.length; i += 2) {
    sum1 = (sum1 + ((data[i] << 8) | (i + 1 < data.length ? data[i + 1] : 0))) % 65535;
    sum2 = (sum2 + sum1) % 65535;
  }
  const tail = bytes.subarray(data.length);
  const stored = tail.length === 4 ? (tail[0] | (tail[1] << 8) | (tail[2] << 16) | (tail[3] << 24)) >>> 0 : -1;
  if ((stored % 65536) % 65535 === sum1 && Math.floor(stored / 65536) % 65535 === sum2) return data;
  throw h5Error('E_H5_CHUNK', `offset ${at}: the Fletcher-32 sum of the chunk is wrong: the data are damaged`);
}

/** Copies the part of a chunk that lies inside the shape, row by row along the last axis. */
function placeChunk(
  values: FloatArray,
  chunk: readonly number[],
  start: readonly number[],
  shape: readonly number[],
  out: FloatArray,
): void {
  const last = shape.length - 1;
  const rowLength = Math.min(chunk[last], shape[last] - start[last]);
  const copy = (axis: number, from: number, to: number): void => {
    if (axis === last) {
      out.set(values.subarray(from, from + rowLength), to + start[last]);
      return;
    }
    const rows = Math.min(chunk[axis], shape[axis] - start[axis]);
    for (let i = 0; i < rows; i++) copy(axis + 1, (from + i) * chunk[axis + 1], (to + start[axis] + i) * shape[axis + 1]);
  };
  copy(0, 0, 0);
}
