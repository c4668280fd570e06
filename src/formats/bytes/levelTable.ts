import { RnnError } from '../../errors.js';
import { checkTime, type Limits, overLimit } from '../limits.js';
import { type ByteSource, readUpTo } from '../source.js';
import { crc32c, masked } from './crc32c.js';
import { ByteReader } from './reader.js';
import { readSnappy } from './snappy.js';

/**
 * LevelDB's sorted table (google/leveldb, doc/table_format.md), which TensorFlow uses for the index of a checkpoint: blocks of keys with shared
 * prefixes, an index block that lists them, and a footer of 48 bytes. Every block has a checksum.
 */
const MAGIC = 0xdb4775248b80fb57n;
const FOOTER = 48;
/** bytes after every block: type of compression, checksum */
const TRAILER = 5;

export function looksLikeTable(source: ByteSource): boolean {
  if (source.size < FOOTER) return false;
  return new ByteReader(readUpTo(source, source.size - 8, 8), 'E_TABLE_SHORT').u64() === MAGIC;
}

export interface TableEntry {
  /** one character per byte */
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Reads all entries in the order of their keys.
 * @throws RnnError E_TABLE_… (format), E_LIMIT_… (limit)
 */
export function readTable(source: ByteSource, limits: Limits): TableEntry[] {
  if (source.size > limits.headerBytes)
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `the index has ${source.size} bytes`, { found: source.size });
  const footer = new ByteReader(source.read(source.size - FOOTER, FOOTER), 'E_TABLE_SHORT', source.size - FOOTER);
  readHandle(footer); // the metaindex, which TensorFlow leaves empty
  const budget = { left: limits.headerBytes };
  const entries: TableEntry[] = [];
  for (const { value } of readBlock(source, readHandle(footer), limits, budget)) {
    const handle = readHandle(new ByteReader(value, 'E_TABLE_SHORT'));
    for (const entry of readBlock(source, handle, limits, budget)) {
      checkTime(limits);
      if (entries.length > 0 && entry.key <= entries[entries.length - 1].key)
        throw tableError(handle.offset, 'keys are not in order, or one occurs twice');
      entries.push(entry);
      if (entries.length > limits.tensors + 1)
        throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `at least ${entries.length - 1} entries in the index`);
    }
  }
  return entries;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint('the offset of a block'), size: reader.varint('the size of a block') };
}

/** @param budget bytes that all blocks together may still have, so that an index cannot list one block again and again */
function readBlock(source: ByteSource, { offset, size }: Handle, limits: Limits, budget: { left: number }): TableEntry[] {
  if (offset + size + TRAILER > source.size - FOOTER)
    throw tableError(offset, `a block of ${size} bytes, but the blocks end at ${source.size - FOOTER}`);
  const whole = source.read(offset, size + TRAILER);
  const trailer = new ByteReader(whole.subarray(size), 'E_TABLE_SHORT', offset + size);
  const compression = trailer.u8();
  if (masked(crc32c(whole.subarray(0, size + 1))) !== trailer.u32())
    throw tableError(offset, 'the checksum of a block is wrong: the file is damaged');
  const packed = new ByteReader(whole.subarray(0, size), 'E_TABLE_SHORT', offset);
  const tooLong = (length: number) =>
    overLimit(
      'headerBytes',
      limits.headerBytes,
      'E_LIMIT_HEADER',
      `offset ${offset}: the blocks of the index become ${length} bytes and more`,
    );
  if (compression !== 0 && compression !== 1) throw tableError(offset, `compression ${compression} is not read: expected none or Snappy`);
  const bytes = compression === 1 ? readSnappy(packed, budget.left, tooLong) : packed.take(size);
  budget.left -= bytes.length;
  if (budget.left < 0) throw tooLong(bytes.length);
  return entriesOf(bytes, offset);
}

/** Parses a block: [lengths of the shared prefix, the rest of the key, the value][rest of the key][value] …, then the restart offsets and their count. */
function entriesOf(bytes: Uint8Array, offset: number): TableEntry[] {
  const end = new ByteReader(bytes.subarray(Math.max(0, bytes.length - 4)), 'E_TABLE_SHORT', offset + Math.max(0, bytes.length - 4));
  const restarts = end.u32('the count of restarts');
  const length = bytes.length - 4 - 4 * restarts;
  if (length < 0) throw tableError(offset, `${restarts} restarts in a block of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes.subarray(0, length), 'E_TABLE_SHORT', offset);
  const entries: TableEntry[] = [];
  let key = '';
  while (reader.remaining > 0) {
    const [shared, own, value] = [reader.varint('a length'), reader.varint('a length'), reader.varint('a length')];
    if (shared > key.length) throw tableError(reader.offset, `a key shares ${shared} bytes with one of ${key.length}`);
    key = key.slice(0, shared) + latin1(reader.take(own, 'a key'));
    entries.push({ key, value: reader.take(value, 'a value') });
  }
  return entries;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function tableError(offset: number, message: string): RnnError {
  return new RnnError('format', 'E_TABLE', `offset ${offset}: ${message}`, {
    where: 'index',
    fix: 'the file is damaged or not of this type; save or download it again',
  });
}
