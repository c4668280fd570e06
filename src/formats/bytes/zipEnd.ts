import { RnnError } from '../../errors.js';

/** Where an archive's central directory is, from its end records. Positions are those in the file, prefix included. */
export interface ZipEnd {
  /** of the end record */
  readonly offset: number;
  readonly entries: number;
  /** [directory, directoryEnd) is the central directory */
  readonly directory: number;
  readonly directoryEnd: number;
  /** bytes that stand before the archive, to which its own offsets do not count */
  readonly prefix: number;
}

const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;

/**
 * Finds the end record (APPNOTE 4.3.16) and its zip64 forms. The comment must reach exactly to the end of the file, so nothing can
 * trail the archive, and the directory must end where the end records begin.
 * @throws RnnError E_ZIP_END (format)
 */
export function findEnd(file: Uint8Array): ZipEnd {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const least = Math.max(0, file.length - END_BYTES - MAX_COMMENT);
  for (let at = file.length - END_BYTES; at >= least; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) !== file.length) {
      throw endError(at, 'the end record and its comment do not reach the end of the file: bytes trail the archive, or it is cut');
    }
    checkUnique(view, at, least);
    const end64 = at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === 0x07064b50;
    return end64 ? readEnd64(view, at) : readEnd(view, at);
  }
  throw new RnnError('format', 'E_ZIP_END', `offset ${file.length}: no end-of-directory record: not a zip archive, or cut off`, {
    where: 'end record',
    fix: 'the file looks truncated; save or download it again',
  });
}

/** No earlier end record may claim the rest of the file as its comment: of two, readers take different ones. */
function checkUnique(view: DataView, end: number, least: number): void {
  for (let at = end - 1; at >= least; at--) {
    if (view.getUint32(at, true) === 0x06054b50 && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength) {
      throw endError(at, `a second end record at ${end} stands in the comment of this one`);
    }
  }
}

function readEnd(view: DataView, at: number): ZipEnd {
  const size = view.getUint32(at + 12, true);
  const offset = view.getUint32(at + 16, true);
  return place(at, at, view.getUint16(at + 10, true), BigInt(size), BigInt(offset));
}

function readEnd64(view: DataView, at: number): ZipEnd {
  const record = at - LOCATOR_BYTES - END64_BYTES;
  if (record < 0 || view.getUint32(record, true) !== 0x06064b50 || view.getBigUint64(record + 4, true) !== 44n) {
    throw endError(at, 'the zip64 end record is not where it belongs');
  }
  const entries = view.getBigUint64(record + 32, true);
  const end = place(at, record, Number(entries), view.getBigUint64(record + 40, true), view.getBigUint64(record + 48, true));
  if (BigInt(record - end.prefix) !== view.getBigUint64(at - LOCATOR_BYTES + 8, true))
    throw endError(at, 'the zip64 locator points elsewhere');
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
 * Names of the members, for guessing what an archive is; never throws, at most `most` names. Falls back to the first local header
 * where there is no directory.
 */
export function peekNames(file: Uint8Array, most = 256): string[] {
  const latin1 = (from: number, length: number) =>
    Buffer.from(file.buffer, file.byteOffset + from, Math.min(length, file.length - from)).toString('latin1');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const names: string[] = [];
  try {
    const end = findEnd(file);
    for (let at = end.directory; at + 46 <= end.directoryEnd && names.length < most; ) {
      const length = view.getUint16(at + 28, true);
      names.push(latin1(at + 46, length));
      at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  } catch {
    if (file.length > 30) names.push(latin1(30, view.getUint16(26, true)));
  }
  return names;
}

/** Whether the bytes begin like an archive, or (a prefixed one) end like one. */
export function looksLikeZip(file: Uint8Array): boolean {
  if (file[0] === 0x50 && file[1] === 0x4b && ((file[2] === 3 && file[3] === 4) || (file[2] === 5 && file[3] === 6))) return true;
  const at = file.length - END_BYTES;
  return at >= 0 && file[at] === 0x50 && file[at + 1] === 0x4b && file[at + 2] === 5 && file[at + 3] === 6;
}
