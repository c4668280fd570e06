import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type ByteSource, readUpTo } from '../source.js';
import { crc32 } from './crc32.js';
import { decodeUtf8 } from './utf8.js';
import type { ZipEnd } from './zipEnd.js';

/** One member, as both of its headers describe it. */
export interface ZipEntry {
  readonly name: string;
  readonly where: string;
  /** 0 stored, 8 deflated */
  readonly method: number;
  readonly crc: number;
  /** bytes in the file */
  readonly packed: number;
  /** bytes of its content */
  readonly size: number;
  /** where its local header and its data begin in the file */
  readonly start: number;
  readonly dataStart: number;
}

const FLAG_ENCRYPTED = 1;
const FLAG_DESCRIPTOR = 8;
const FLAG_STRONG_ENCRYPTION = 0x40;
const FLAG_UTF8 = 0x800;
const EXTRA_ZIP64 = 1;
const EXTRA_UNICODE_PATH = 0x7075;
const IN_ZIP64 = 0xffffffff;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;

/**
 * Reads the entries of the central directory (APPNOTE 4.3.12), which must agree with their local headers (4.3.7). The directory must fill the
 * space before the end record exactly, so that there is no second directory and no hidden entry.
 * @throws RnnError E_ZIP_… (format)
 */
export function readDirectory(file: ByteSource, end: ZipEnd): ZipEntry[] {
  const directory = Buffer.from(readUpTo(file, end.directory, end.directoryEnd - end.directory));
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < end.entries) {
    if (at + ENTRY_BYTES > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw damaged(end, `no entry at offset ${end.directory + at}`);
    const next = at + ENTRY_BYTES + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw damaged(end, `the entry at offset ${end.directory + at} leaves it`);
    entries.push(readEntry(file, end, directory.subarray(at, next)));
    at = next;
  }
  if (at === directory.length) return entries;
  const what = `the central directory has ${directory.length} bytes, its ${entries.length} entries ${at}`;
  throw zipError('E_ZIP_DIRECTORY', `offset ${end.directory}: ${what}`, 'central directory');
}

function readEntry(file: ByteSource, end: ZipEnd, bytes: Buffer): ZipEntry {
  const flags = bytes.readUInt16LE(8);
  const nameEnd = ENTRY_BYTES + bytes.readUInt16LE(28);
  const rawName = bytes.subarray(ENTRY_BYTES, nameEnd);
  const extra = extraFields(bytes.subarray(nameEnd, nameEnd + bytes.readUInt16LE(30)), end);
  const [size, packed, headerAt] = withZip64([bytes.readUInt32LE(24), bytes.readUInt32LE(20), bytes.readUInt32LE(42)], extra);
  if (flags & FLAG_STRONG_ENCRYPTION) throw damaged(end, 'strong encryption is not supported');
  if (![size, packed, headerAt].every(Number.isSafeInteger)) throw damaged(end, 'a size of 2^53 bytes or more');
  const start = end.prefix + headerAt;
  const method = bytes.readUInt16LE(10);
  const name = nameOf(rawName, flags, extra, start);
  const where = `member '${escapeText(name, 80)}'`;
  const fail = (code: string, message: string) => zipError(code, `offset ${start}: ${message}`, where);
  const local = readUpTo(file, start, LOCAL_BYTES);
  if (local.length < LOCAL_BYTES || viewOf(local).readUInt32LE() !== 0x04034b50) throw damaged(end, `no local header at offset ${start}`);
  if (method !== 0 && method !== 8) throw fail('E_ZIP_METHOD', `compression method ${method}; only stored (0) and deflate (8) are read`);
  if (((bytes.readUInt32LE(38) >>> 16) & 0xf000) === 0xa000) throw fail('E_ZIP_SYMLINK', 'the member is a symbolic link');
  if (method === 0 && packed !== size) throw fail('E_ZIP_SIZE', `a stored member of ${packed} bytes claims to hold ${size}`);
  const crc = bytes.readUInt32LE(16);
  const dataStart = checkLocal(file, start, viewOf(local), end, { flags, rawName, method, crc, size, packed }, fail);
  return { name, where, method, crc, packed, size, start, dataStart };
}

interface Claims {
  readonly flags: number;
  readonly rawName: Buffer;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly packed: number;
}

/** Checks a local header. @returns where the data begin */
function checkLocal(
  file: ByteSource,
  start: number,
  local: Buffer,
  end: ZipEnd,
  { flags, rawName, method, crc, size, packed }: Claims,
  fail: (code: string, message: string) => RnnError,
): number {
  const [localFlags, nameBytes, extraBytes] = [local.readUInt16LE(6), local.readUInt16LE(26), local.readUInt16LE(28)];
  const more = viewOf(readUpTo(file, start + LOCAL_BYTES, nameBytes + extraBytes));
  if (more.length < nameBytes + extraBytes) throw damaged(end, `the local header at offset ${start} is cut off`);
  const name = more.subarray(0, nameBytes);
  if ((flags | localFlags) & FLAG_ENCRYPTED) throw fail('E_ZIP_ENCRYPTED', 'the member is encrypted');
  if (!name.equals(rawName)) throw fail('E_ZIP_NAME', `the local header names it '${escapeText(name.toString('latin1'), 80)}'`);
  if (local.readUInt16LE(8) !== method) throw fail('E_ZIP_HEADERS', 'the two headers name different compression methods');
  const dataStart = start + LOCAL_BYTES + nameBytes + extraBytes;
  if (localFlags & FLAG_DESCRIPTOR) return dataStart; // the sizes follow the data; only the central directory has them here
  const extra = extraFields(more.subarray(nameBytes), end);
  const [localSize, localPacked] = withZip64([local.readUInt32LE(22), local.readUInt32LE(18)], extra);
  if (localSize !== size || localPacked !== packed || local.readUInt32LE(14) !== crc)
    throw fail('E_ZIP_HEADERS', 'sizes or CRC in the local header and in the central directory differ');
  return dataStart;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function extraFields(bytes: Buffer, end: ZipEnd): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const next = at + 4 + bytes.readUInt16LE(at + 2);
    if (next > bytes.length) throw damaged(end, 'an extra field that leaves its header');
    if (!fields.has(bytes.readUInt16LE(at))) fields.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, next));
    at = next;
  }
  return fields;
}

/** Returns sizes and offsets of a header, with those that are 0xffffffff taken from the zip64 field, in this order. */
function withZip64(values: readonly number[], extra: ReadonlyMap<number, Buffer>): number[] {
  const field = extra.get(EXTRA_ZIP64);
  let at = 0;
  return values.map(value => {
    if (value !== IN_ZIP64 || !field || at + 8 > field.length) return value;
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  });
}

// characters of the bytes from 0x80 on in a name that is not UTF-8 (APPNOTE, appendix D)
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

function nameOf(raw: Buffer, flags: number, extra: ReadonlyMap<number, Buffer>, start: number): string {
  const name =
    flags & FLAG_UTF8 ? utf8Name(raw) : Array.from(raw, byte => (byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80])).join('');
  const wrong = wrongName(name);
  const fail = (message: string) => zipError('E_ZIP_NAME', `offset ${start}: ${message}`, `member '${escapeText(name, 80)}'`);
  if (wrong) throw fail(wrong);
  const field = extra.get(EXTRA_UNICODE_PATH);
  const applies = field && field.length >= 6 && field[0] === 1 && field.readUInt32LE(1) === crc32(raw);
  if (applies && utf8Name(field.subarray(5)) !== name) throw fail('the member has two different names');
  return name;
}

function utf8Name(raw: Buffer): string {
  try {
    return decodeUtf8(raw);
  } catch {
    return raw.toString('utf8');
  }
}

function wrongName(name: string): string | undefined {
  if (name === '') return 'the name is empty';
  if (name.includes('\ufffd')) return 'the name is not valid UTF-8';
  if (name.includes('\\')) return `a backslash in the name: ${escapeText(name, 80)}`;
  if (/^[a-zA-Z]:|^\//.test(name)) return `absolute path: ${escapeText(name, 80)}`;
  return name.split('/').includes('..') ? `invalid relative path: ${escapeText(name, 80)}` : undefined;
}

function damaged({ directory }: ZipEnd, what: string): RnnError {
  return zipError('E_ZIP_DIRECTORY', `offset ${directory}: the central directory is damaged: ${what}`, 'central directory');
}

export function zipError(
  code: string,
  message: string,
  where?: string,
  details: { expected?: string; found?: string; fix?: string } = {},
): RnnError {
  return new RnnError('format', code, message, { where, ...details });
}
