import { ByteReader } from '../bytes/reader.js';
import { checkSum, expectSignature, type Hdf5, h5Error, readerAt, readUint, UNDEFINED } from './file.js';

/** Looks up objects by heap id; `idBytes` is the width of an id. */
export interface FractalHeap {
  (id: Uint8Array): ByteReader;
  readonly idBytes: number;
}

interface Shape {
  readonly file: Hdf5;
  readonly width: number;
  readonly start: bigint;
  readonly directRows: number;
  readonly offsetBytes: number;
  readonly checkDirect: boolean;
  /** caches the blocks that were read and checked, since a block contains many objects */
  readonly blocks: Map<bigint, Uint8Array>;
}

/**
 * Opens a fractal heap (III.G): a doubling table of blocks, whose first rows are direct blocks and whose later rows are tables again.
 * @throws RnnError E_H5_HEAP (format) for filtered heaps and for objects too large to lie in a block
 */
export function openHeap(file: Hdf5, address: bigint): FractalHeap {
  const header = readerAt(file, address, 146, 'fractal heap');
  expectSignature(header, 'FRHP', 'fractal heap');
  header.take(1); // version
  const idBytes = header.u16();
  const filterBytes = header.u16();
  if (filterBytes > 0) throw h5Error('E_H5_HEAP', `offset ${header.offset - 2}: a fractal heap with filters is not read`);
  const flags = header.u8();
  const maxManaged = header.u32();
  header.position = 110;
  const width = header.u16();
  const start = header.u64();
  const maxDirect = header.u64();
  const heapBits = header.u16();
  header.u16(); // rows to start with
  const root = header.u64();
  const rows = header.u16();
  checkSum(header.bytes.subarray(0, 142), header.u32(), header.offset - 146, 'fractal heap');
  if (!isPowerOf2(start) || !isPowerOf2(maxDirect) || maxDirect < start || !isPowerOf2(BigInt(width)) || heapBits > 64) {
    throw h5Error('E_H5_HEAP', `offset ${header.offset}: a fractal heap of impossible sizes`);
  }
  const offsetBytes = Math.ceil(heapBits / 8);
  const smaller = maxDirect < BigInt(maxManaged) ? maxDirect : BigInt(maxManaged);
  const lengthBytes = Math.ceil(smaller.toString(2).length / 8);
  const shape: Shape = {
    file,
    width,
    start,
    directRows: log2(maxDirect) - log2(start) + 2,
    offsetBytes,
    checkDirect: (flags & 2) !== 0,
    blocks: new Map(),
  };
  const lookUp = (id: Uint8Array): ByteReader => {
    const reader = new ByteReader(id, 'E_H5_HEAP', header.offset);
    const kind = (reader.u8('heap id') >> 4) & 3;
    if (kind === 2) return new ByteReader(id.subarray(1, 2 + (id[0] & 15)), 'E_H5_SHORT', header.offset);
    if (kind !== 0)
      throw h5Error(
        'E_H5_HEAP',
        `offset ${header.offset}: an object of ${kind === 1 ? 'more than a block' : 'an unknown kind'} in a fractal heap is not read`,
      );
    const offset = readUint(reader, offsetBytes, 'heap offset');
    const length = readUint(reader, lengthBytes, 'heap length');
    return rows === 0 ? inDirect(shape, root, start, offset, length) : inIndirect(shape, root, rows, offset, length);
  };
  return Object.assign(lookUp, { idBytes });
}

function inIndirect(shape: Shape, address: bigint, rows: number, offset: bigint, length: bigint): ByteReader {
  const { file, width, start, directRows, offsetBytes } = shape;
  const entries = rows * width;
  // signature, version, heap address, block offset, addresses, checksum
  const bytes = 4 + 1 + 8 + offsetBytes + entries * 8 + 4;
  const block = blockAt(shape, address, bytes, 'FHIB', fresh => {
    fresh.position = bytes - 4;
    checkSum(fresh.bytes.subarray(0, bytes - 4), fresh.u32(), Number(address) + file.base, 'fractal heap block');
  });
  const place = Number(address) + file.base;
  const perRow = start * BigInt(width);
  const row = offset < perRow ? 0 : log2(offset / perRow) + 1;
  if (row >= rows) throw h5Error('E_H5_HEAP', `offset ${place}: a heap object at ${offset}, beyond ${rows} rows`);
  const size = row === 0 ? start : start << BigInt(row - 1);
  const rowStart = row === 0 ? 0n : perRow << BigInt(row - 1);
  const column = (offset - rowStart) / size;
  block.position = 13 + offsetBytes + (row * width + Number(column)) * 8;
  const child = block.u64();
  if (child === UNDEFINED) throw h5Error('E_H5_HEAP', `offset ${block.offset - 8}: a heap object in a block that does not exist`);
  const inside = offset - rowStart - column * size;
  if (row < directRows) return inDirect(shape, child, size, inside, length);
  return inIndirect(shape, child, log2(size) - log2(perRow) + 1, inside, length);
}

function inDirect(shape: Shape, address: bigint, size: bigint, offset: bigint, length: bigint): ByteReader {
  const place = Number(address) + shape.file.base;
  const headerBytes = 13 + shape.offsetBytes + (shape.checkDirect ? 4 : 0);
  const block = blockAt(shape, address, size, 'FHDB', fresh => {
    if (shape.checkDirect) checkDirectSum(fresh.bytes, headerBytes - 4, place);
  });
  if (offset < headerBytes || offset + length > size)
    throw h5Error('E_H5_HEAP', `offset ${place}: a heap object [${offset}, ${offset + length}) of a block of ${size} bytes`);
  const from = Number(offset);
  return new ByteReader(block.bytes.subarray(from, from + Number(length)), 'E_H5_SHORT', place + from);
}

/** Reads and checks a block, once. */
function blockAt(
  { file, blocks }: Shape,
  address: bigint,
  size: bigint | number,
  signature: string,
  check: (block: ByteReader) => void,
): ByteReader {
  const known = blocks.get(address);
  if (known?.length === Number(size)) return new ByteReader(known, 'E_H5_SHORT', Number(address) + file.base);
  const block = readerAt(file, address, size, 'fractal heap block');
  expectSignature(block, signature, 'fractal heap block');
  check(block);
  blocks.set(address, block.bytes);
  return block;
}

/** Checks the checksum of a direct block, which counts its own four bytes as zeros. */
function checkDirectSum(bytes: Uint8Array, at: number, place: number): void {
  const copy = new Uint8Array(bytes);
  const stored = new DataView(copy.buffer).getUint32(at, true);
  copy.fill(0, at, at + 4);
  checkSum(copy, stored, place, 'fractal heap block');
}

function isPowerOf2(n: bigint): boolean {
  return n > 0n && (n & (n - 1n)) === 0n;
}

function log2(n: bigint): number {
  return n.toString(2).length - 1;
}
