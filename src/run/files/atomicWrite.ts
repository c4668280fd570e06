import type { Stats } from 'node:fs';
import os from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { crc32 } from '../../formats/bytes/crc32.js';
import { type FileHandle, link, open, readdir, realpath, rename, stat, unlink } from './disk.js';

/** Writes files as a whole or not at all. */

export interface WriteOptions {
  /** overwrite an existing file */
  readonly force?: boolean;
}

/** Receives the bytes of one file, piece by piece. */
export interface Sink {
  /** Resolves once the system has the bytes, which must not change before. */
  write(bytes: Uint8Array): Promise<void>;
  /** Overwrites the first bytes of the file; only if `canRewind`. */
  rewrite(bytes: Uint8Array): Promise<void>;
  /** whether this is a file, not a pipe or a device */
  readonly canRewind: boolean;
  /** temporary path of the file until it is complete */
  readonly path?: string;
}

/**
 * Writes a file under a temporary name in the same folder, syncs it, renames it, and syncs the folder. Whatever fails, and wherever the
 * process is killed, the old file stays intact. Without `force`, the last step itself refuses to replace a file, so that one created in the
 * meantime is safe too. Pipes and devices are written to directly.
 * @throws RnnError E_EXISTS without `force`, E_IS_DIRECTORY, E_ACCESS, E_WRITE (io, exit 4)
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  await writeAtomic(path, sink => sink.write(bytes), options);
}

/** `writeFileAtomic` for a file written in pieces; if `fill` throws, no file remains. @throws RnnError as writeFileAtomic */
export async function writeAtomic<T>(path: string, fill: (sink: Sink) => Promise<T>, { force = false }: WriteOptions = {}): Promise<T> {
  const old = await stat(path).catch(() => undefined);
  if (old) checkTarget(path, old, force);
  try {
    return old && !old.isFile() ? await writeInto(await open(path, 'w'), fill) : await replace(path, fill, old, force);
  } catch (error) {
    throw writeError(path, error);
  }
}

async function replace<T>(path: string, fill: (sink: Sink) => Promise<T>, old: Stats | undefined, force: boolean): Promise<T> {
  // symbolic links are followed: the file they lead to is replaced, not the link
  const target = old ? await realpath(path) : resolve(path);
  const folder = dirname(target);
  await sweepStale(folder);
  const temporary = join(folder, `${prefix()}${process.pid}-${hex(Math.random() * 2 ** 32)}.tmp`);
  pending.add(temporary);
  tellPending();
  try {
    const file = await open(temporary, 'wx', old ? old.mode & 0o777 : 0o666);
    const filled = await writeInto(file, fill, temporary);
    if (force) await rename(temporary, target);
    else await claim(temporary, target);
    await syncFolder(folder);
    return filled;
  } finally {
    await unlink(temporary).catch(() => undefined);
    pending.delete(temporary);
    tellPending();
  }
}

async function writeInto<T>(file: FileHandle, fill: (sink: Sink) => Promise<T>, temporary?: string): Promise<T> {
  const behind = temporary ? syncBehind(file) : undefined;
  try {
    const filled = await fill({
      canRewind: temporary !== undefined,
      path: temporary,
      async write(bytes) {
        await file.writeFile(bytes);
        behind?.wrote(bytes.length);
      },
      rewrite: bytes => writeStart(file, bytes),
    });
    if (temporary) await file.sync();
    await behind?.end();
    return filled;
  } finally {
    await behind?.end().catch(() => undefined);
    await file.close();
  }
}

const SYNC_EVERY = 2 ** 24;

/** Syncs a long file while it is written, so that the last sync is short. A failure is reported once, at the end. */
function syncBehind(file: FileHandle): { wrote(bytes: number): void; end(): Promise<void> } {
  let since = 0;
  let running: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;
  return {
    wrote(bytes) {
      since += bytes;
      if (since < SYNC_EVERY || running) return;
      since = 0;
      running = file.datasync().then(
        () => {
          running = undefined;
        },
        error => {
          failed = { error };
        },
      );
    },
    async end() {
      await running;
      if (failed) throw failed.error;
    },
  };
}

async function writeStart(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; ) from += (await file.write(bytes, from, bytes.length - from, from)).bytesWritten;
}

const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EACCES']);

/**
 * Gives the temporary file its name, unless that is taken: link(2) never overwrites. On file systems without links, the check beforehand
 * has to suffice.
 */
async function claim(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    await rename(temporary, target);
  }
}

/** Temporary files being written, so that an interrupt can remove them. */
const pending = new Set<string>();
let shared: SharedArrayBuffer | undefined;

/** Also keeps the names in this memory, for a thread that outlives this one. */
export function sharePending(memory: SharedArrayBuffer): void {
  shared = memory;
}

/** Temporary names shared by another thread; they are recorded before the files are created. */
export function pendingIn(memory: SharedArrayBuffer): string[] {
  const length = new Int32Array(memory)[0];
  return length === 0 ? [] : JSON.parse(Buffer.from(memory, 4, length).toString('utf8'));
}

function tellPending(): void {
  if (!shared) return;
  const text = Buffer.from(JSON.stringify([...pending]), 'utf8');
  const length = new Int32Array(shared, 0, 1);
  length[0] = 0;
  if (text.length > shared.byteLength - 4) return;
  new Uint8Array(shared, 4).set(text);
  length[0] = text.length;
}

/** Removes unfinished files: after a signal, before the program ends. */
export async function removePending(paths: Iterable<string> = pending): Promise<void> {
  await Promise.all([...paths].map(path => unlink(path).catch(() => undefined)));
}

/** @throws RnnError E_IS_DIRECTORY, E_EXISTS */
export function checkTarget(path: string, target: Stats, force: boolean): void {
  if (target.isDirectory()) {
    throw new RnnError('io', 'E_IS_DIRECTORY', 'the output is a directory', {
      where: escapeText(path),
      expected: 'a file name',
      found: 'a directory',
    });
  }
  if (target.isFile() && !force) throw exists(path);
}

function exists(path: string): RnnError {
  return new RnnError('io', 'E_EXISTS', 'the file exists', {
    where: escapeText(path),
    expected: 'a new file name',
    found: 'a file',
    fix: 'add --force to overwrite it',
  });
}

/** `.rnn-cli-1a2b3c4d-`, with a hash of the host name: on a shared disk, process numbers of other machines mean nothing. */
function prefix(): string {
  return `.rnn-cli-${hex(crc32(Buffer.from(os.hostname())))}-`;
}

/** 32 bits as eight hexadecimal digits */
function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}

/** Removes files left behind by killed runs: temporary names of ours, from this machine, whose process is gone. */
async function sweepStale(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const ours = prefix();
  for (const name of names) {
    const pid = name.startsWith(ours) ? /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(ours.length))?.[1] : undefined;
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

/** Syncs a folder, because a rename only survives a power loss once its folder is on disk; not every system can open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}

const SAID: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the file system allows',
  EIO: 'the device failed',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  EPIPE: 'the reader went away',
};

/** Turns a system error into an RnnError (io) that says what to do; returns other errors unchanged. */
export function writeError(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof RnnError || code === undefined) return error;
  const where = escapeText(path);
  if (code === 'EEXIST') return exists(path);
  if (code === 'EACCES' || code === 'EPERM') return new RnnError('io', 'E_ACCESS', 'permission denied', { where });
  const fix = code === 'ENOENT' ? `make it first: mkdir -p ${escapeText(dirname(path), 200)}` : undefined;
  return new RnnError('io', 'E_WRITE', SAID[code] ?? `cannot be written (${code})`, { where, fix });
}
