import { type FileHandle, open, readdir, readFile, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';

/** The only file system access: whole files in, whole files out. */

export interface ReadLimits {
  /** most bytes of one file or of standard input */
  readonly bytes: number;
}

const DEFAULT_READ: ReadLimits = { bytes: 2 ** 32 };
const CHUNK = 2 ** 20;

/**
 * The bytes of a file, or of standard input for '-'. Devices and pipes are read to their end, bounded by the limit.
 * @throws RnnError E_NOT_FOUND, E_ACCESS, E_IS_DIRECTORY, E_READ (io, exit 4), E_EMPTY_STDIN (io), E_FILE_SIZE (limit, exit 5)
 */
export async function readBytes(path: string, limits: ReadLimits = DEFAULT_READ): Promise<Uint8Array> {
  if (path === '-') return readStdin(limits);
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    if (size > limits.bytes) throw tooLarge(path, size, limits.bytes);
    return await readAll(
      path,
      limits,
      (buffer, offset) => file.read(buffer, offset, buffer.length - offset, null).then(r => r.bytesRead),
      size,
    );
  } finally {
    await file.close();
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    if ((await stat(path)).isDirectory())
      throw new RnnError('io', 'E_IS_DIRECTORY', 'this is a directory, not a file', {
        where: shown(path),
        expected: 'a file',
        found: 'a directory',
      });
    return await open(path, 'r');
  } catch (error) {
    throw readError(path, error);
  }
}

async function readAll(
  path: string,
  limits: ReadLimits,
  read: (buffer: Uint8Array, offset: number) => Promise<number>,
  sizeHint: number,
): Promise<Uint8Array> {
  let buffer = new Uint8Array(Math.max(CHUNK, sizeHint + 1));
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      const grown = new Uint8Array(buffer.length * 2);
      grown.set(buffer);
      buffer = grown;
    }
    const bytesRead = await read(buffer, length).catch(error => {
      throw readError(path, error);
    });
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > limits.bytes) throw tooLarge(path, length, limits.bytes);
  }
}

async function readStdin(limits: ReadLimits): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of process.stdin) {
      parts.push(part);
      length += part.length;
      if (length > limits.bytes) throw tooLarge('-', length, limits.bytes);
    }
  } catch (error) {
    throw readError('-', error);
  }
  if (length === 0)
    throw new RnnError('io', 'E_EMPTY_STDIN', 'standard input is empty', {
      where: 'stdin',
      expected: 'a file on standard input',
      found: '0 bytes',
      fix: 'pipe a file in, or give its path',
    });
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * Writes a file whole or not at all: to a temporary name in the same folder, synced, then renamed. An interrupted write leaves the old file.
 * @throws RnnError E_EXISTS without `force` (io), E_SAME_FILE when the target is one of `inputs`, E_WRITE
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array,
  { force = false, inputs = [] as readonly string[] } = {},
): Promise<void> {
  await checkTarget(path, force, inputs);
  const folder = dirname(resolve(path));
  await sweepStale(folder);
  const temporary = join(folder, `.${basename(path)}.rnn-cli-${process.pid}.tmp`);
  pending.add(temporary);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw writeError(path, error);
  } finally {
    pending.delete(temporary);
  }
}

/** Temporary files being written, so that an interrupt can remove them. */
const pending = new Set<string>();

export async function removePending(): Promise<void> {
  await Promise.all([...pending].map(path => unlink(path).catch(() => undefined)));
}

async function checkTarget(path: string, force: boolean, inputs: readonly string[]): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (!target) return;
  if (target.isDirectory())
    throw new RnnError('io', 'E_IS_DIRECTORY', 'the output is a directory', {
      where: shown(path),
      expected: 'a file name',
      found: 'a directory',
    });
  for (const input of inputs) {
    const other = await stat(input).catch(() => undefined);
    const same = other && other.ino === target.ino && other.dev === target.dev && (await realpath(input)) === (await realpath(path));
    if (same || (other && other.ino === target.ino && other.dev === target.dev && other.ino !== 0)) {
      throw new RnnError('io', 'E_SAME_FILE', 'the output is the input', { where: shown(path), fix: 'write to another file' });
    }
  }
  if (!force && target.isFile())
    throw new RnnError('io', 'E_EXISTS', 'the file exists', {
      where: shown(path),
      expected: 'a new file name',
      found: 'a file',
      fix: 'add --force to overwrite it',
    });
}

/** Removes what killed runs left behind: temporary names of ours whose process is gone. */
async function sweepStale(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const pid = /^\..*\.rnn-cli-(\d+)\.tmp$/.exec(name)?.[1];
    if (pid && Number(pid) !== process.pid && !isAlive(Number(pid))) await unlink(join(folder, name)).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A rename survives a power loss once its folder is on disk; not every system lets a folder be opened. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/**
 * Whether standard output was closed (`>&-`) before the program began. Node opens /dev/null for reading and writing in its place, where a
 * shell's `> /dev/null` opens it for writing only. A parent that silences both outputs (stdio: 'ignore') does as Node does, so both count as
 * silenced. Known on Linux only; elsewhere false.
 */
export async function stdoutIsClosed(): Promise<boolean> {
  return (await isReadWriteNull(1)) && !(await isReadWriteNull(2));
}

const ACCESS_MODE = 0o3;
const READ_WRITE = 0o2;

async function isReadWriteNull(descriptor: number): Promise<boolean> {
  try {
    if ((await readlink(`/proc/self/fd/${descriptor}`)) !== '/dev/null') return false;
    const flags = /^flags:\s*([0-7]+)$/m.exec(await readFile(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_WRITE;
  } catch {
    return false;
  }
}

function readError(path: string, error: unknown): unknown {
  if (error instanceof RnnError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const where = shown(path);
  const invalidUtf8 = path.includes('\ufffd') ? { fix: 'the file name is not valid UTF-8; use - and redirect: rnn-cli … - < file' } : {};
  if (code === 'ENOENT') return new RnnError('io', 'E_NOT_FOUND', 'no such file', { where, ...invalidUtf8 });
  if (code === 'EACCES' || code === 'EPERM') return new RnnError('io', 'E_ACCESS', 'permission denied', { where });
  if (code === 'ELOOP') return new RnnError('io', 'E_READ', 'the path is a loop of symbolic links', { where });
  return new RnnError('io', 'E_READ', `cannot be read (${code ?? String(error)})`, { where });
}

function writeError(path: string, error: unknown): unknown {
  if (error instanceof RnnError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const where = shown(path);
  if (code === 'ENOSPC') return new RnnError('io', 'E_WRITE', 'no space is left on the device', { where });
  if (code === 'ENOENT') return new RnnError('io', 'E_WRITE', 'the folder does not exist', { where });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new RnnError('io', 'E_ACCESS', 'permission denied', { where });
  return new RnnError('io', 'E_WRITE', `cannot be written (${code ?? String(error)})`, { where });
}

function tooLarge(path: string, size: number, limit: number): RnnError {
  return new RnnError('limit', 'E_FILE_SIZE', `is larger than the limit of ${limit} bytes`, {
    where: shown(path),
    expected: `at most ${limit} bytes`,
    found: `${size} bytes or more`,
  });
}

function shown(path: string): string {
  return path === '-' ? 'stdin' : escapeText(path);
}
