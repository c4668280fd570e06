import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { RnnError } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { type ByteSource, memorySource } from '../../formats/source.js';
import { heldArrays } from '../input/arraysInMemory.js';
import { fileLimits } from '../limits.js';
import { changed, checkOrdinary, device, readBytes } from './files.js';
import { keptNetworks } from './kept.js';
import { readError, tooLarge } from './readErrors.js';

/** An open file that is read at requested offsets. */
export interface OpenFile extends ByteSource {
  /** For a pipe, which can be read once: keeps the bytes for every later openFile of the same path. */
  keep?(): void;
  /** Closes the file now; a tensor that is loaded later opens and closes it again. */
  close(): void;
}

/**
 * Opens a file, or standard input for '-'. Pipes and files of unknown size are read to the end, within the limit.
 * @throws RnnError as readBytes
 */
export async function openFile(path: string): Promise<OpenFile> {
  const held = heldArrays(path);
  if (held) return { ...held, where: [path], close: () => undefined };
  if (path !== '-') {
    const source = regularFile(path);
    if (source) return source;
  }
  const kept = keptNetworks<Uint8Array>('bytes');
  const bytes = kept?.get(path) ?? (await readBytes(path));
  const keep = (): void => {
    kept?.set(path, bytes);
  };
  return { ...memorySource(bytes), where: [shownPath(path)], keep, close: () => undefined };
}

/**
 * Opens a file by its path relative to another file. Pipes and devices are refused.
 * @param inside links may not lead out of the folder
 * @throws RnnError as readBytes, E_OUTSIDE (io)
 */
export function openBeside(path: string, name: string, inside?: 'inside'): OpenFile {
  const beside = join(dirname(path), name);
  try {
    const status = statSync(beside);
    checkOrdinary(beside, status);
    if (!status.isFile()) throw device(beside, 'a file');
    // opens exactly the file that was checked, even if a link has changed since
    const real = realpathSync(beside);
    if (inside && !real.startsWith(join(realpathSync(dirname(path)), sep)))
      throw new RnnError('io', 'E_OUTSIDE', "a link leads out of the model's folder", {
        where: shownPath(beside),
        fix: 'copy the file itself into the folder (cp -L)',
      });
    const source = new FileSource(real, fileLimits().file, beside);
    source.close();
    return source;
  } catch (error) {
    throw readError(beside, error);
  }
}

/** Size of the file in bytes; 0 if there is none. */
export function bytesIn(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function regularFile(path: string): OpenFile | undefined {
  try {
    const status = statSync(path);
    checkOrdinary(path, status);
    // files in /proc claim to be empty, whatever they contain
    if (!status.isFile() || status.size === 0) return undefined;
    const { pieces, file } = fileLimits();
    if (status.size > pieces.bytes) throw tooLarge(path, `${status.size} bytes`, pieces.bytes);
    return new FileSource(path, file);
  } catch (error) {
    throw readError(path, error);
  }
}

// small reads are served from a window that grows while reads are consecutive
const LEAST_WINDOW = 2 ** 12;
const MOST_WINDOW = 2 ** 18;
// Node refuses to read more than 2^31 - 1 bytes at once
const MOST_AT_ONCE = 2 ** 30;

class FileSource implements OpenFile {
  readonly size: number;
  readonly where: readonly string[];
  private readonly before: Stats;
  private descriptor: number | undefined;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  /**
   * @param most bytes of a single read
   * @param named the path as messages show it
   */
  constructor(
    private readonly path: string,
    private readonly most: number,
    named = path,
  ) {
    this.where = [shownPath(named)];
    this.descriptor = openSync(path, 'r');
    this.before = fstatSync(this.descriptor);
    this.size = this.before.size;
  }

  read(offset: number, length: number): Uint8Array {
    const from = offset - this.windowStart;
    if (from >= 0 && from + length <= this.window.length) return this.window.subarray(from, from + length);
    if (length > MOST_WINDOW / 2) {
      if (length > this.most) throw tooLarge(this.path, `${length} bytes`, this.most);
      const bytes = new Uint8Array(length);
      this.readInto(offset, bytes);
      return bytes;
    }
    const follows = from >= 0 && from <= this.window.length;
    const wanted = follows ? Math.min(2 * this.window.length, MOST_WINDOW) : LEAST_WINDOW;
    const window = new Uint8Array(Math.min(Math.max(wanted, length), this.size - offset));
    this.readInto(offset, window);
    this.window = window;
    this.windowStart = offset;
    return this.window.subarray(0, length);
  }

  close(): void {
    this.window = new Uint8Array(0);
    if (this.descriptor === undefined) return;
    const descriptor = this.descriptor;
    this.descriptor = undefined;
    closeSync(descriptor);
  }

  readInto(offset: number, target: Uint8Array): void {
    try {
      const descriptor = this.descriptor ?? openSync(this.path, 'r');
      try {
        this.readFrom(descriptor, offset, target);
      } finally {
        if (descriptor !== this.descriptor) closeSync(descriptor);
      }
    } catch (error) {
      throw readError(this.path, error);
    }
  }

  /**
   * Also checks that the file is still the one that was opened, unchanged: the numbers of one file must not be read under the names of
   * another.
   */
  private readFrom(descriptor: number, offset: number, target: Uint8Array): void {
    let at = 0;
    while (at < target.length) {
      const count = readSync(descriptor, target, at, Math.min(target.length - at, MOST_AT_ONCE), offset + at);
      if (count === 0) break;
      at += count;
    }
    const now = fstatSync(descriptor);
    const { size, mtimeMs, ino, dev } = this.before;
    if (at < target.length || now.size !== size || now.mtimeMs !== mtimeMs || now.ino !== ino || now.dev !== dev)
      throw changed(this.path, size, Math.min(now.size, offset + at));
  }
}
