import { inflateRawSync } from 'node:zlib';
import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { checkTime, type Limits, overLimit } from '../limits.js';
import { checkInflated, checkName, checkRatio } from './budget.js';
import { crc32 } from './crc32.js';
import { findEnd } from './zipEnd.js';

/**
 * Checked reading of zip archives for .npz, .keras and .pt. yauzl reads the central directory; it leaves the CRC, overlapping and
 * duplicate members, and disagreement between the two sets of headers to its caller, so those are checked here. All of it happens
 * before the first byte is inflated, and inflating stops at the declared size: a bomb cannot produce more than it admits to.
 */
export interface ZipMember {
  readonly name: string;
  /** where its data begins in the file */
  readonly offset: number;
  readonly size: number;
  /** the content, inflated, size and CRC checked. @throws RnnError E_ZIP_SIZE, E_ZIP_CRC, E_ZIP_DEFLATE (format) */
  read(): Uint8Array;
}

// Members up to this size are inflated into one buffer of their size
const MAX_CHUNK = 2 ** 28;

const FLAG_ENCRYPTED = 1;
const FLAG_DESCRIPTOR = 8;
const ZIP64_FIELD = 1;

interface Checked {
  readonly name: string;
  readonly entry: Entry;
  readonly local: LocalFileHeader;
  readonly where: string;
}

/**
 * The members of an archive in its own order, directories left out.
 * @throws RnnError E_ZIP_… (format); E_LIMIT_TENSORS, E_LIMIT_BYTES, E_LIMIT_INFLATED, E_ZIP_RATIO (limit)
 */
export async function readZip(file: Uint8Array, limits: Limits, notes: string[]): Promise<ZipMember[]> {
  const end = findEnd(file);
  if (end.entries > limits.tensors) {
    throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `offset ${end.offset}: the archive claims ${end.entries} members`, {
      found: end.entries,
    });
  }
  if (end.prefix > 0) checkPrefix(file.subarray(0, end.prefix));
  if (end.prefix > 0) notes.push(`${end.prefix} bytes before the archive were left alone`);
  const archive = file.subarray(end.prefix);
  const checked = await readHeaders(archive, end.prefix, end.directory);
  checkDirectory(checked, end);
  checkOverlap(checked, end.directory - end.prefix, end.prefix);
  checkTotal(checked, end.prefix, limits);
  const members: ZipMember[] = [];
  const seen = new Set<string>();
  for (const { name, entry, local, where } of checked) {
    checkName(name, 'member', limits);
    if (seen.has(name))
      throw zipError(
        'E_ZIP_DUPLICATE',
        `offset ${end.prefix + entry.relativeOffsetOfLocalHeader}: two members are called '${escapeText(name)}'`,
        where,
      );
    seen.add(name);
    const size = entry.uncompressedSize;
    if (name.endsWith('/') && size === 0) continue;
    members.push({
      name,
      size,
      offset: end.prefix + local.fileDataStart,
      read() {
        checkTime(limits);
        return readMember(archive, end.prefix, entry, local, where);
      },
    });
  }
  return members;
}

/** Bytes before an archive are left alone (self-extracting ones have some), but a second archive among them is one file that is two. */
function checkPrefix(prefix: Uint8Array): void {
  const at = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength).indexOf('PK\x05\x06', 0, 'latin1');
  if (at >= 0) throw zipError('E_ZIP_POLYGLOT', `offset ${at}: another archive stands before this one`, 'archive');
}

async function readHeaders(archive: Uint8Array, prefix: number, directory: number): Promise<Checked[]> {
  const { default: yauzl } = await import('yauzl');
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    const zip: ZipFile = await yauzl.fromBufferPromise(buffer, { decodeStrings: false, validateEntrySizes: false });
    const checked: Checked[] = [];
    for await (const entry of zip.eachEntry()) {
      const local: LocalFileHeader = await zip.readLocalFileHeaderPromise(entry);
      const { generalPurposeBitFlag: flags, fileNameRaw, extraFields } = entry;
      const name = yauzl.getFileNameLowLevel(flags, fileNameRaw, extraFields, true);
      const where = `member '${escapeText(name, 80)}'`;
      const at = prefix + entry.relativeOffsetOfLocalHeader;
      if (name === '' || name.includes('\ufffd'))
        throw zipError('E_ZIP_NAME', `offset ${at}: the name is ${name === '' ? 'empty' : 'not valid UTF-8'}`, where);
      const wrong = yauzl.validateFileName(name);
      if (wrong !== null) throw zipError('E_ZIP_NAME', `offset ${at}: ${escapeText(wrong, 120)}`, where);
      if (name !== yauzl.getFileNameLowLevel(flags, fileNameRaw, [], true))
        throw zipError('E_ZIP_NAME', `offset ${at}: the member has two different names`, where);
      checkEntry(entry, local, where, at);
      checked.push({ name, entry, local, where });
    }
    return checked;
  } catch (error) {
    if (error instanceof RnnError) throw error;
    throw zipError(
      'E_ZIP_DIRECTORY',
      `offset ${directory}: the central directory is damaged: ${escapeText((error as Error).message, 160)}`,
      'central directory',
    );
  }
}

/** One member's two headers: nothing we do not read, and no disagreement between them. */
function checkEntry(entry: Entry, local: LocalFileHeader, where: string, offset: number): void {
  const fail = (code: string, message: string) => zipError(code, `offset ${offset}: ${message}`, where);
  if ((entry.generalPurposeBitFlag | local.generalPurposeBitFlag) & FLAG_ENCRYPTED)
    throw fail('E_ZIP_ENCRYPTED', 'the member is encrypted');
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw fail('E_ZIP_METHOD', `compression method ${entry.compressionMethod}; only stored (0) and deflate (8) are read`);
  }
  if (((entry.externalFileAttributes >>> 16) & 0xf000) === 0xa000) throw fail('E_ZIP_SYMLINK', 'the member is a symbolic link');
  if (entry.compressionMethod === 0 && entry.compressedSize !== entry.uncompressedSize) {
    throw fail('E_ZIP_SIZE', `a stored member of ${entry.compressedSize} bytes claims to hold ${entry.uncompressedSize}`);
  }
  if (!entry.fileNameRaw.equals(local.fileName)) {
    throw fail('E_ZIP_NAME', `the local header names it '${escapeText(local.fileName.toString('latin1'), 80)}'`);
  }
  if (local.compressionMethod !== entry.compressionMethod)
    throw fail('E_ZIP_HEADERS', 'the two headers name different compression methods');
  if (local.generalPurposeBitFlag & FLAG_DESCRIPTOR) return; // sizes follow the data; the central directory alone has them
  const [uncompressed, compressed] = localSizes(local);
  if (uncompressed !== BigInt(entry.uncompressedSize) || compressed !== BigInt(entry.compressedSize) || local.crc32 !== entry.crc32) {
    throw fail('E_ZIP_HEADERS', 'sizes or CRC in the local header and in the central directory differ');
  }
}

/** Sizes of a local header; a zip64 field holds those that are 0xffffffff, uncompressed first. */
function localSizes(local: LocalFileHeader): [bigint, bigint] {
  const sizes = [BigInt(local.uncompressedSize), BigInt(local.compressedSize)];
  const field = zip64Field(local.extraField);
  let at = 0;
  return sizes.map(size => {
    if (size !== 0xffffffffn || !field || at + 8 > field.length) return size;
    at += 8;
    return field.readBigUInt64LE(at - 8);
  }) as [bigint, bigint];
}

function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === ZIP64_FIELD) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  return undefined;
}

/** The directory must fill the space between the last member and the end record exactly: no second directory, no hidden entry. */
function checkDirectory(checked: readonly Checked[], end: { directory: number; directoryEnd: number }): void {
  let size = 0;
  for (const { entry } of checked) size += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
  if (end.directory + size === end.directoryEnd) return;
  throw zipError(
    'E_ZIP_DIRECTORY',
    `offset ${end.directory}: the central directory has ${end.directoryEnd - end.directory} bytes, its ${checked.length} entries ${size}`,
    'central directory',
  );
}

function checkOverlap(checked: readonly Checked[], directory: number, prefix: number): void {
  const sorted = [...checked].sort((a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader);
  let free = 0;
  for (const { entry, local, where } of sorted) {
    const start = entry.relativeOffsetOfLocalHeader;
    if (start < free) throw zipError('E_ZIP_OVERLAP', `offset ${prefix + start}: the member overlaps the one before it`, where);
    free = local.fileDataStart + entry.compressedSize;
    if (free > directory)
      throw zipError(
        'E_ZIP_OVERLAP',
        `offset ${prefix + start}: the member's ${entry.compressedSize} bytes reach into the central directory`,
        where,
      );
  }
}

/** What the members claim to become, before one of them is inflated. */
function checkTotal(checked: readonly Checked[], prefix: number, limits: Limits): void {
  let total = 0;
  let inflated = 0;
  for (const { entry, where } of checked) {
    const { compressedSize, uncompressedSize } = entry;
    const at = `offset ${prefix + entry.relativeOffsetOfLocalHeader}`;
    total += uncompressedSize;
    if (total > limits.totalBytes)
      throw overLimit('totalBytes', limits.totalBytes, 'E_LIMIT_BYTES', `${at}: the archive holds at least ${total} bytes`, {
        where,
        found: total,
      });
    if (entry.compressionMethod === 0) continue;
    checkRatio(limits, 'E_ZIP_RATIO', at, compressedSize, uncompressedSize, where);
    inflated += uncompressedSize;
  }
  checkInflated(limits, inflated);
}

function readMember(archive: Uint8Array, prefix: number, entry: Entry, local: LocalFileHeader, where: string): Uint8Array {
  const packed = archive.subarray(local.fileDataStart, local.fileDataStart + entry.compressedSize);
  const offset = prefix + local.fileDataStart;
  const content = entry.compressionMethod === 0 ? packed : inflate(packed, entry.uncompressedSize, offset, where);
  if (crc32(content) !== entry.crc32) {
    throw zipError('E_ZIP_CRC', `offset ${offset}: the CRC-32 is wrong: the data are damaged`, where, {
      expected: hex32(entry.crc32),
      found: hex32(crc32(content)),
      fix: 'save or download the file again',
    });
  }
  return content;
}

function inflate(packed: Uint8Array, size: number, offset: number, where: string): Uint8Array {
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // one byte more than declared, so that "too long" shows. One chunk where possible: zlib copies several together at the end, and
    // memory that a lying size reserves is never touched
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

export function zipError(
  code: string,
  message: string,
  where?: string,
  details: { expected?: string; found?: string; fix?: string } = {},
): RnnError {
  return new RnnError('format', code, message, { where, ...details });
}
