import { existsSync, type Stats } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { RnnError } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { fileLimits } from '../limits.js';
import { type FileHandle, open, readFile, realpath, stat } from './disk.js';
import { readError, tooLarge } from './readErrors.js';

/**
 * Reads whole files, within limits, and unchanged from first byte to last. (For reading by offset see fileSource.ts, for writing
 * atomicWrite.ts.)
 */

const CHUNK = 2 ** 20;
// Linux returns at most 2^31 - 4096 bytes at once, and Node refuses to ask for more than 2^31 - 1
const MOST_AT_ONCE = 2 ** 30;

/**
 * The bytes of a file, or of standard input for '-'. Pipes are read to their end, bounded by the limit; devices are refused.
 * @throws RnnError E_NOT_FOUND, E_ACCESS, E_IS_DIRECTORY, E_DEVICE, E_CHANGED, E_READ, E_EMPTY_STDIN (io, exit 4), E_FILE_SIZE (limit, exit 5)
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  const most = fileLimits().file;
  if (path === '-') return readStdin(most);
  try {
    const file = await openForReading(path);
    try {
      return await readWhole(path, file, most);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(path, error);
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  // checked before opening: opening a directory fails differently on every system, and opening a device may have side effects
  checkOrdinary(path, await stat(path));
  return open(path, 'r');
}

/** Orbax keeps tensors in a database (OCDBT), which its own reader takes apart; Flax then names them by their paths. */
const FROM_ORBAX =
  'in Python: p = orbax.checkpoint.StandardCheckpointer().restore(os.path.abspath(FILE)); np.savez("net.npz", **flax.traverse_util.flatten_dict(p, sep="/"))';

/** @throws RnnError E_IS_DIRECTORY, E_DEVICE (io) */
export function checkOrdinary(path: string, status: Stats): void {
  if (status.isDirectory()) {
    const ofOrbax = existsSync(join(path, '_METADATA'));
    throw new RnnError('io', 'E_IS_DIRECTORY', `this is ${ofOrbax ? 'a checkpoint of orbax' : 'a directory'}, not a file`, {
      where: shownPath(path),
      expected: 'a file',
      found: 'a directory',
      fix: ofOrbax ? FROM_ORBAX : 'give a file in it; the only directory that can be read is a SavedModel',
    });
  }
  if (status.isSocket() || status.isBlockDevice()) throw device(path);
}

/** Reads a file as it is at one moment: refused if it shrinks, grows or is rewritten meanwhile. */
async function readWhole(path: string, file: FileHandle, most: number): Promise<Uint8Array> {
  const before = await file.stat();
  // /dev/zero and /dev/random never end; /dev/null is an empty file, and a terminal ends with ^D
  if (before.isCharacterDevice() && !isatty(file.fd) && path !== os.devNull) throw device(path);
  if (before.size > most) throw tooLarge(path, `${before.size} bytes`, most);
  const bytes = await readAll(path, file, most, before.size);
  // files in /proc claim to be empty, whatever they contain
  if (before.isFile() && before.size > 0) checkUnchanged(path, before, await file.stat(), bytes.length);
  return bytes;
}

function checkUnchanged(path: string, before: Stats, after: Stats, length: number): void {
  if (length === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs) return;
  throw changed(path, before.size, length);
}

/** @returns the error for a file that changed while it was read */
export function changed(path: string, expected: number, found: number): RnnError {
  return new RnnError('io', 'E_CHANGED', 'the file changed while it was read', {
    where: shownPath(path),
    expected: `${expected} bytes`,
    found: `${found} bytes`,
    fix: 'wait until it is written, then try again',
  });
}

/** @returns the error for a path that is a device */
export function device(path: string, expected = 'a file or a pipe'): RnnError {
  return new RnnError('io', 'E_DEVICE', expected === 'a file' ? 'this is a device or a pipe, not a file' : 'this is a device, not a file', {
    where: shownPath(path),
    expected,
    found: expected === 'a file' ? 'a device or a pipe' : 'a device',
  });
}

/** Reads from the current position to the end; a single read may return less than requested. */
async function readAll(path: string, file: FileHandle, most: number, sizeHint: number): Promise<Uint8Array> {
  let buffer = new Uint8Array(Math.max(sizeHint === 0 ? CHUNK : 0, sizeHint + 1));
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      const grown = new Uint8Array(Math.min(buffer.length * 2, most + CHUNK));
      grown.set(buffer);
      buffer = grown;
    }
    const { bytesRead } = await file.read(buffer, length, Math.min(buffer.length - length, MOST_AT_ONCE), null);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > most) throw tooLarge(path, `at least ${length} bytes`, most);
  }
}

function emptyStdin(): RnnError {
  return new RnnError('io', 'E_EMPTY_STDIN', 'standard input is empty', {
    where: 'stdin',
    expected: 'a file on standard input',
    found: '0 bytes',
    fix: 'pipe a file in, or give its path',
  });
}

/** A file or standard input in pieces. */
export interface Pieces {
  /** bytes of the whole file; undefined for standard input */
  readonly size: number | undefined;
  /** bytes before each piece in its buffer that may be overwritten */
  readonly headroom: number;
  /**
   * The next bytes, valid until the read after the next; undefined at the end. In a file, the following piece is read ahead. @throws
   * RnnError as readBytes
   */
  read(): Promise<Uint8Array | undefined>;
  /** Makes the next read start here; files only. */
  seek(position: number): void;
  /** @param giveBack bytes of standard input that were read; the next readBytes('-') starts with them */
  close(giveBack?: Uint8Array): Promise<void>;
}

const PIECE = 2 ** 20;
const HEADROOM = 2 ** 16;

/**
 * @returns undefined unless this is standard input or a file of known size: named pipes and devices are not
 * @throws RnnError as readBytes
 */
export async function openPieces(path: string): Promise<Pieces | undefined> {
  const most = fileLimits().pieces.bytes;
  if (path === '-') return stdinSource(most);
  try {
    const file = await openForReading(path);
    const before = await file.stat();
    if (before.isFile() && before.size > 0 && before.size <= most) return fileSource(path, file, before);
    await file.close();
    if (before.isFile() && before.size > most) throw tooLarge(path, `${before.size} bytes`, most);
    return undefined;
  } catch (error) {
    throw readError(path, error);
  }
}

function fileSource(path: string, file: FileHandle, before: Stats): Pieces {
  // one buffer is being read into, one is in use, and the end of the one before may not be consumed yet
  const buffers = Array.from({ length: 3 }, () => new Uint8Array(HEADROOM + PIECE));
  let turn = 0;
  let position = 0;
  let next: Promise<Uint8Array> | undefined;
  const ask = (): Promise<Uint8Array> => {
    const buffer = buffers[turn++ % buffers.length];
    const piece = file.read(buffer, HEADROOM, PIECE, position).then(({ bytesRead }) => buffer.subarray(HEADROOM, HEADROOM + bytesRead));
    // a failure is handled by the read that awaits this piece
    piece.catch(() => undefined);
    return piece;
  };
  return {
    size: before.size,
    headroom: HEADROOM,
    async read() {
      try {
        const piece = await (next ?? ask());
        position += piece.length;
        next = piece.length > 0 ? ask() : undefined;
        if (piece.length > 0) return piece;
        checkUnchanged(path, before, await file.stat(), position);
        return undefined;
      } catch (error) {
        throw readError(path, error);
      }
    },
    seek(to) {
      position = to;
      next = undefined;
    },
    async close() {
      await next?.catch(() => undefined);
      await file.close();
    },
  };
}

/** Standard input that a source gave back: the bytes already read, and the rest. */
let givenBack: { readonly start: Uint8Array; readonly rest: AsyncIterator<Uint8Array> } | undefined;

function stdinSource(most: number): Pieces {
  const pieces = stdinPieces();
  let length = 0;
  return {
    size: undefined,
    headroom: 0,
    async read() {
      try {
        const { done, value } = await pieces.next();
        if (done && length === 0) throw emptyStdin();
        length += value?.length ?? 0;
        if (length > most) throw tooLarge('-', `at least ${length} bytes`, most);
        return done ? undefined : value;
      } catch (error) {
        throw readError('-', error);
      }
    },
    seek() {
      throw new Error('standard input cannot be read by offset');
    },
    async close(start) {
      if (!start) return;
      givenBack = { start, rest: pieces };
    },
  };
}

/** Standard input from its first byte, even after a source gave it back. */
async function* stdinPieces(): AsyncGenerator<Uint8Array> {
  if (!givenBack) {
    yield* process.stdin;
    return;
  }
  const { start, rest } = givenBack;
  givenBack = undefined;
  yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function readStdin(most: number): Promise<Uint8Array> {
  const source = stdinSource(most);
  const parts: Uint8Array[] = [];
  for (let part = await source.read(); part; part = await source.read()) parts.push(part);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Reads a text file that ships with the package, by its path in the package; undefined if it is missing. */
export async function readPackageFile(path: string): Promise<string | undefined> {
  // this file is in src/run/files/, dist/parts/ or dist/index.cjs; a script in dist/ has no __dirname, so there bin/ is derived from how it
  // was started
  const beside = typeof __dirname === 'string' ? ['../..', '..', '../../..'].map(up => join(__dirname, up)) : [];
  const started = await realpath(process.argv[1] ?? '').catch(() => '');
  for (const root of [...beside, join(started, '..', '..')]) {
    const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}
