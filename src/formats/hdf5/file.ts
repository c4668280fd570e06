import { RnnError } from '../../errors.js';
import { ByteReader } from '../bytes/reader.js';
import { checkTime, type Limits, structures, tooManyStructures } from '../limits.js';
import { type ByteSource, readUpTo } from '../source.js';
import { lookup3 } from './lookup3.js';

/**
 * An open HDF5 file. Nothing in this folder can open another file: external storage, external links and virtual datasets are refused by name.
 */
export interface Hdf5 {
  readonly source: ByteSource;
  /** offset to which all addresses in the file are relative */
  readonly base: number;
  readonly limits: Limits;
  readonly root: bigint;
  /** structures read so far, limited because a malicious file may have endless trees and chains */
  steps: number;
  /** bytes inflated so far */
  inflated: number;
}

export const UNDEFINED = 0xffffffffffffffffn;

// version 1 with its checks, the largest
const MOST_SUPERBLOCK = 100;
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

// Nodes, headers, chunks and heap objects per tensor. The largest recurrent networks have a few thousand in all; a cyclic or overlapping
// structure that passes every other check is stopped here after a fraction of a second
const STEPS_PER_TENSOR = 25;

/** Offset of the superblock: 0, or after a user block of 512, 1024, 2048 … bytes; -1 if there is none. */
export function findSignature(source: ByteSource): number {
  for (let at = 0; at + 8 <= source.size; at = at === 0 ? 512 : at * 2) {
    const bytes = source.read(at, 8);
    if (SIGNATURE.every((byte, i) => bytes[i] === byte)) return at;
  }
  return -1;
}

/**
 * Reads the superblock, versions 0 to 3.
 * @throws RnnError E_H5_SIGNATURE, E_H5_SUPERBLOCK, E_H5_SHORT (format)
 */
export function openHdf5(source: ByteSource, limits: Limits): Hdf5 {
  const at = findSignature(source);
  if (at < 0) throw h5Error('E_H5_SIGNATURE', 'offset 0: no HDF5 signature', { where: 'signature', expected: '\\x89HDF\\r\\n\\x1a\\n' });
  const reader = new ByteReader(readUpTo(source, at, MOST_SUPERBLOCK), 'E_H5_SHORT', at);
  reader.position = 8;
  const version = reader.u8('superblock version');
  if (version > 3)
    throw h5Error('E_H5_SUPERBLOCK', `offset ${at + 8}: superblock version ${version}`, { where: 'superblock', expected: '0 to 3' });
  const { base, end, root } = version < 2 ? readVersion0(reader, version) : readVersion2(reader, at);
  const start = BigInt(at);
  if (base !== 0n && base !== start)
    throw h5Error('E_H5_SUPERBLOCK', `offset ${at}: the base address is ${base}`, { where: 'superblock', expected: String(at) });
  // with a user block, some versions give the end relative to the base, others relative to the start of the file
  if (end > BigInt(source.size)) {
    throw h5Error('E_H5_SHORT', `offset ${source.size}: the file should have ${end} bytes, it has ${source.size}`, {
      expected: `${end} bytes`,
      found: `${source.size} bytes`,
      fix: 'the file looks truncated; save or download it again',
    });
  }
  return { source, base: Number(base), limits, root, steps: 0, inflated: 0 };
}

interface Superblock {
  readonly base: bigint;
  readonly end: bigint;
  readonly root: bigint;
}

function readVersion0(reader: ByteReader, version: number): Superblock {
  reader.take(4, 'versions');
  checkAddressSize(reader);
  reader.take(version === 0 ? 9 : 13, 'tree sizes');
  const base = reader.u64('base address');
  reader.u64('free space address');
  const end = reader.u64('end of file address');
  if (reader.u64('driver address') !== UNDEFINED)
    throw h5Error('E_H5_SUPERBLOCK', `offset ${reader.offset - 8}: the file is one part of several (a driver block)`);
  reader.u64('name of the root');
  return { base, end, root: reader.u64('root address') };
}

function readVersion2(reader: ByteReader, at: number): Superblock {
  checkAddressSize(reader);
  reader.u8('flags');
  const base = reader.u64('base address');
  reader.u64('extension address');
  const end = reader.u64('end of file address');
  const root = reader.u64('root address');
  checkSum(reader.bytes.subarray(0, 44), reader.u32('checksum'), at, 'superblock');
  return { base, end, root };
}

function checkAddressSize(reader: ByteReader): void {
  const offsets = reader.u8('size of addresses');
  const lengths = reader.u8('size of lengths');
  if (offsets === 8 && lengths === 8) return;
  throw h5Error('E_H5_SUPERBLOCK', `offset ${reader.offset - 2}: addresses of ${offsets} and lengths of ${lengths} bytes`, {
    where: 'superblock',
    expected: '8 and 8',
  });
}

/** A reader over [address, address + length). @throws RnnError E_H5_ADDRESS (format), E_LIMIT_STEPS, E_LIMIT_TIME (limit) */
export function readerAt(file: Hdf5, address: bigint, length: bigint | number, what: string): ByteReader {
  const start = placeAt(file, address, length, what);
  return new ByteReader(file.source.read(start, Number(length)), 'E_H5_SHORT', start);
}

/** Returns the file offset of [address, address + length), which must lie inside the file. @throws RnnError as readerAt */
export function placeAt(file: Hdf5, address: bigint, length: bigint | number, what: string): number {
  checkTime(file.limits);
  if (++file.steps > structures(STEPS_PER_TENSOR, file.limits)) {
    const what = 'structures in the file, damaged or built to be endless';
    throw tooManyStructures(STEPS_PER_TENSOR, file.limits, 'E_LIMIT_STEPS', what);
  }
  const start = BigInt(file.base) + address;
  const end = start + BigInt(length);
  if (address === UNDEFINED || end > BigInt(file.source.size)) {
    throw h5Error(
      'E_H5_ADDRESS',
      `offset ${address === UNDEFINED ? 'none' : start}: ${what} of ${length} bytes lies outside the file of ${file.source.size}`,
      { where: what },
    );
  }
  return Number(start);
}

/** A reader over a node: a head, with the number of entries at byte 6, then the entries. The file may end early; reading beyond it throws. */
export function nodeAt(file: Hdf5, address: bigint, headBytes: number, entryBytes: number, what: string): ByteReader {
  const start = placeAt(file, address, 1, what);
  const head = new ByteReader(readUpTo(file.source, start, headBytes), 'E_H5_SHORT', start);
  head.take(Math.min(6, head.remaining));
  const entries = head.remaining < 2 ? 0 : head.u16();
  return new ByteReader(readUpTo(file.source, start, headBytes + entries * entryBytes), 'E_H5_SHORT', start);
}

/** Records that a tree's node was visited. @throws RnnError E_H5_TREE (format) if it was visited before */
export function visitOnce(file: Hdf5, visited: Set<bigint>, address: bigint): void {
  if (visited.has(address))
    throw h5Error('E_H5_TREE', `offset ${BigInt(file.base) + address}: a B-tree node that occurs twice in its tree`);
  visited.add(address);
}

/** @throws RnnError E_H5_SIGNATURE (format) unless the next four bytes are `signature` */
export function expectSignature(reader: ByteReader, signature: string, what: string): void {
  const found = Buffer.from(reader.take(4, what)).toString('latin1');
  if (found === signature) return;
  throw h5Error('E_H5_SIGNATURE', `offset ${reader.offset - 4}: expected ${what} (${signature}), found other bytes`, { where: what });
}

/** @throws RnnError E_H5_CHECKSUM (format) */
export function checkSum(bytes: Uint8Array, stored: number, offset: number, what: string): void {
  if (lookup3(bytes) === stored) return;
  throw h5Error('E_H5_CHECKSUM', `offset ${offset}: the checksum of the ${what} is wrong: the file is damaged`, {
    where: what,
    fix: 'save or download the file again',
  });
}

/** An unsigned number of `size` bytes. */
export function readUint(reader: ByteReader, size: number, what?: string): bigint {
  let value = 0n;
  const bytes = reader.take(size, what);
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

export function h5Error(
  code: string,
  message: string,
  details: { where?: string; expected?: string; found?: string; fix?: string } = {},
): RnnError {
  return new RnnError('format', code, message, details);
}
