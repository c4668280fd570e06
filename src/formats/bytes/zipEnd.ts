import { RnnError } from '../../errors.js';
import { type ByteSource, readUpTo } from '../source.js';

/** Where an archive's central directory is, from its end records. Positions are offsets in the file, including the prefix. */
export interface ZipEnd {
  /** of the end record */
  readonly offset: number;
  readonly entries: number;
  /** [directory, directoryEnd) is the central directory */
  readonly directory: number;
  readonly directoryEnd: number;
  /** bytes before the archive, which its own offsets do not include */
  readonly prefix: number;
}

const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;

/**
 * Finds the end record (APPNOTE 4.3.16) and its zip64 forms. The comment must end with the file, so that nothing follows the archive, and the
 * directory must end where the end records begin.
 * @throws RnnError E_ZIP_END (format)
 */
export function findEnd(file: ByteSource): ZipEnd {
  // the longest comment and the records before it
  const most = END_BYTES + MAX_COMMENT + LOCATOR_BYTES + END64_BYTES;
  const tail = new Tail(readUpTo(file, Math.max(0, file.size - most), most), file.size);
  const least = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  for (let at = file.size - END_BYTES; at >= least; at--) {
    if (tail.u32(at) !== 0x06054b50) continue;
    if (at + END_BYTES + tail.u16(at + 20) !== file.size) {
      throw endError(at, 'the end record and its comment do not reach the end of the file: bytes trail the archive, or it is cut');
    }
    checkUnique(tail, at, least, file.size);
    const end64 = at >= LOCATOR_BYTES && tail.u32(at - LOCATOR_BYTES) === 0x07064b50;
    return end64 ? readEnd64(tail, at) : readEnd(tail, at);
  }
  throw new RnnError('format', 'E_ZIP_END', `offset ${file.size}: no end-of-directory record: not a zip archive, or cut off`, {
    where: 'end record',
    fix: 'the file looks truncated; save or download it again',
  });
}

/** The last bytes of a file, by their offsets in it. */
class Tail {
  private readonly view: DataView;
  private readonly start: number;

  constructor(bytes: Uint8Array, fileSize: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = fileSize - bytes.length;
  }

  u16(at: number): number {
    return this.view.getUint16(at - this.start, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at - this.start, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at - this.start, true);
  }
}

/** Refuses an earlier end record that claims the rest of the file as its comment: readers would use different ones. */
function checkUnique(tail: Tail, end: number, least: number, fileSize: number): void {
  for (let at = end - 1; at >= least; at--) {
    if (tail.u32(at) === 0x06054b50 && at + END_BYTES + tail.u16(at + 20) === fileSize) {
      throw endError(at, `a second end record at ${end} stands in the comment of this one`);
    }
  }
}

function readEnd(tail: Tail, at: number): ZipEnd {
  const disk = tail.u16(at + 4);
  if (disk !== 0) throw endError(at, `the archive is one of several (disk ${disk})`);
  return place(at, at, tail.u16(at + 10), BigInt(tail.u32(at + 12)), BigInt(tail.u32(at + 16)));
}

function readEnd64(tail: Tail, at: number): ZipEnd {
  const record = at - LOCATOR_BYTES - END64_BYTES;
  if (record < 0 || tail.u32(record) !== 0x06064b50 || tail.u64(record + 4) !== 44n) {
    throw endError(at, 'the zip64 end record is not where it belongs');
  }
  const end = place(at, record, Number(tail.u64(record + 32)), tail.u64(record + 40), tail.u64(record + 48));
  if (BigInt(record - end.prefix) !== tail.u64(at - LOCATOR_BYTES + 8)) throw endError(at, 'the zip64 locator points elsewhere');
  return end;
}

function place(at: number, directoryEnd: number, entries: number, size: bigint, offset: bigint): ZipEnd {
  if (size + offset > BigInt(directoryEnd)) {
    throw endError(at, `the central directory (${size} bytes at ${offset}) does not fit before the end record`);
  }
  const directory = directoryEnd - Number(size);
  return { offset: at, entries, directory, directoryEnd, prefix: directory - Number(offset) };
}

function endError(at: number, message: string): RnnError {
  return new RnnError('format', 'E_ZIP_END', `offset ${at}: ${message}`, { where: 'end record', fix: 'save or download the file again' });
}

/**
 * Returns at most `most` names of members, to guess what an archive is; never throws for damaged bytes. Falls back to the first local header if
 * there is no directory.
 */
export function peekNames(file: ByteSource, most = 256): string[] {
  const latin1 = (at: number, length: number) => Buffer.from(readUpTo(file, at, length)).toString('latin1');
  const u16 = (at: number) => readUpTo(file, at, 2).reduceRight((sum, byte) => sum * 256 + byte, 0);
  const end = endOrNone(file);
  if (!end) return file.size > 30 ? [latin1(30, u16(26))] : [];
  const names: string[] = [];
  for (let at = end.directory; at + 46 <= end.directoryEnd && names.length < most; ) {
    names.push(latin1(at + 46, u16(at + 28)));
    at += 46 + u16(at + 28) + u16(at + 30) + u16(at + 32);
  }
  return names;
}

function endOrNone(file: ByteSource): ZipEnd | undefined {
  try {
    return findEnd(file);
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'format') return undefined;
    throw error;
  }
}

/** Whether the bytes begin like an archive, or end like one (if it has a prefix). */
export function looksLikeZip(file: ByteSource): boolean {
  const begins = (bytes: Uint8Array, third: number) =>
    bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === third && bytes[3] === third + 1;
  const start = readUpTo(file, 0, 4);
  if (begins(start, 3) || begins(start, 5)) return true;
  return file.size >= END_BYTES && begins(file.read(file.size - END_BYTES, 4), 5);
}
