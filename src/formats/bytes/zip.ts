import { inflateRawSync } from 'node:zlib';
import { escapeText } from '../../escape.js';
import { once } from '../../once.js';
import { checkTime, type Limits, overLimit } from '../limits.js';
import { type ByteSource, piecesOf, sliceSource } from '../source.js';
import { checkInflated, checkName, checkRatio } from './budget.js';
import { crc32 } from './crc32.js';
import { readDirectory, type ZipEntry, zipError } from './zipDirectory.js';
import { findEnd, type ZipEnd } from './zipEnd.js';

/**
 * Checked reading of zip archives, for .npz, .keras and .pt. The central directory and the local headers are read immediately and must agree; no
 * two members may overlap or have the same name. The content of a member is read on demand. Inflating stops at the declared size, so a zip bomb
 * cannot produce more than it declares.
 */
export interface ZipMember {
  readonly name: string;
  /** where its data begins in the file */
  readonly offset: number;
  readonly size: number;
  /** whether it is stored uncompressed */
  readonly stored: boolean;
  /** The content, inflated, size and CRC checked. @throws RnnError E_ZIP_SIZE, E_ZIP_CRC, E_ZIP_DEFLATE (format), E_LIMIT_INFLATED (limit) */
  read(): Uint8Array;
  /**
   * The content as a source, for reading parts of it. A stored member is read in place, and only `check` compares its CRC. For a deflated member
   * a beginning that is long enough for a header is inflated; anything beyond it inflates the whole.
   */
  readonly source: ByteSource;
}

// Members up to this size are inflated into one buffer of their size
const MAX_CHUNK = 2 ** 28;

/**
 * Returns the members of an archive in its own order, without directories.
 * @throws RnnError E_ZIP_… (format); E_LIMIT_TENSORS, E_ZIP_RATIO (limit)
 */
export function readZip(file: ByteSource, limits: Limits, notes: string[]): ZipMember[] {
  const end = findEnd(file);
  if (end.entries > limits.tensors) {
    throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `offset ${end.offset}: the archive claims ${end.entries} members`, {
      found: end.entries,
    });
  }
  if (end.prefix > 0) checkPrefix(file, end.prefix);
  if (end.prefix > 0) notes.push(`${end.prefix} bytes before the archive were left alone`);
  const entries = readDirectory(file, end);
  checkOverlap(entries, end);
  const names = new Set<string>();
  for (const { name, start, where, method, packed, size } of entries) {
    checkName(name, 'member', limits);
    if (names.has(name)) throw zipError('E_ZIP_DUPLICATE', `offset ${start}: two members are called '${escapeText(name)}'`, where);
    names.add(name);
    if (method !== 0) checkRatio(limits, 'E_ZIP_RATIO', `offset ${start}`, packed, size, where);
  }
  const inflated = { bytes: 0 };
  return entries.filter(({ name, size }) => !name.endsWith('/') || size > 0).map(entry => memberOf(file, entry, limits, inflated));
}

/** Bytes before an archive are allowed (self-extracting ones have some), but not a second archive: the file would be two archives in one. */
function checkPrefix(file: ByteSource, prefix: number): void {
  let before = Buffer.alloc(0);
  let at = 0;
  for (const piece of piecesOf(file, 0, prefix)) {
    const bytes = Buffer.concat([before, piece]);
    const found = bytes.indexOf('PK\x05\x06', 0, 'latin1');
    if (found >= 0)
      throw zipError('E_ZIP_POLYGLOT', `offset ${at - before.length + found}: another archive stands before this one`, 'archive');
    before = bytes.subarray(Math.max(0, bytes.length - 3));
    at += piece.length;
  }
}

function checkOverlap(entries: readonly ZipEntry[], { directory }: ZipEnd): void {
  let free = 0;
  for (const { start, dataStart, packed, where } of [...entries].sort((a, b) => a.start - b.start)) {
    if (start < free) throw zipError('E_ZIP_OVERLAP', `offset ${start}: the member overlaps the one before it`, where);
    free = dataStart + packed;
    if (free > directory)
      throw zipError('E_ZIP_OVERLAP', `offset ${start}: the member's ${packed} bytes reach into the central directory`, where);
  }
}

function memberOf(file: ByteSource, entry: ZipEntry, limits: Limits, inflated: { bytes: number }): ZipMember {
  const { name, size, dataStart: offset, packed, method } = entry;
  const packedSource = { ...sliceSource(file, offset, packed), where: [...(file.where ?? []), entry.where] };
  if (method === 0) {
    const source = { ...packedSource, check: once(() => checkStored(packedSource, entry, limits)) };
    const read = () => {
      source.check();
      return source.read(0, size);
    };
    return { name, offset, size, stored: true, source, read };
  }
  let counted = false;
  const read = () => {
    checkTime(limits);
    if (!counted) inflated.bytes += size;
    counted = true;
    checkInflated(limits, inflated.bytes);
    const content = inflate(packedSource.read(0, packed), entry);
    checkCrc(entry, crc32(content));
    return content;
  };
  return { name, offset, size, stored: false, read, source: inflatedSource(packedSource, entry, read) };
}

function checkStored(stored: ByteSource, entry: ZipEntry, limits: Limits): void {
  let sum = 0;
  for (const piece of piecesOf(stored)) {
    checkTime(limits);
    sum = crc32(piece, sum);
  }
  checkCrc(entry, sum);
}

// deflated bytes that are enough for the header of any .npy, and how many inflated bytes of them are kept
const START = 2 ** 14;
const KEPT = 2 ** 16;

function inflatedSource(packed: ByteSource, { size }: ZipEntry, read: () => Uint8Array): ByteSource {
  let start: Uint8Array | undefined;
  return {
    size,
    where: packed.where,
    atOnce: true,
    read(offset, length) {
      start ??= (packed.size <= START ? read() : startOf(packed.read(0, START))).slice(0, KEPT);
      if (offset + length <= start.length) return start.subarray(offset, offset + length);
      return read().subarray(offset, offset + length);
    },
  };
}

// zlib's Z_SYNC_FLUSH: a stream that ends early is not an error
const SYNC_FLUSH = 2;

/** Inflates the first bytes of a member; empty if they are damaged, which is better reported when the whole is read. */
function startOf(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { finishFlush: SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}

function checkCrc({ crc, dataStart, where }: ZipEntry, found: number): void {
  if (found === crc) return;
  throw zipError('E_ZIP_CRC', `offset ${dataStart}: the CRC-32 is wrong: the data are damaged`, where, {
    expected: hex32(crc),
    found: hex32(found),
    fix: 'save or download the file again',
  });
}

function inflate(packed: Uint8Array, { size, dataStart: offset, where }: ZipEntry): Uint8Array {
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // one byte more than declared, to detect a longer content. One chunk if possible, because zlib joins several at the end by copying; memory
    // reserved for a false size is never touched
    result = inflateRawSync(packed, {
      maxOutputLength: size + 1,
      chunkSize: Math.min(Math.max(size + 1, 1024), MAX_CHUNK),
      info: true,
    }) as unknown as typeof result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw zipError('E_ZIP_SIZE', `offset ${offset}: the member inflates to more than the ${size} bytes it declares`, where);
    }
    throw zipError(
      'E_ZIP_DEFLATE',
      `offset ${offset}: the compressed data are damaged: ${escapeText((error as Error).message, 80)}`,
      where,
    );
  }
  const { buffer, engine } = result;
  if (buffer.length !== size)
    throw zipError('E_ZIP_SIZE', `offset ${offset}: the member declares ${size} bytes and inflates to ${buffer.length}`, where);
  if (engine.bytesWritten !== packed.length)
    throw zipError('E_ZIP_SIZE', `offset ${offset}: the compressed data end ${packed.length - engine.bytesWritten} bytes early`, where);
  return buffer;
}

function hex32(n: number): string {
  return `0x${n.toString(16).padStart(8, '0')}`;
}
