import * as fs from 'node:fs';

/**
 * The parts of node:fs/promises used here, implemented with node:fs, because loading the former takes a millisecond. Operations that no
 * disk delays (names, sizes, a new file) are synchronous, which is faster than a thread; opening, reading, writing and syncing may wait, so
 * they are asynchronous and signals are handled meanwhile.
 */
export interface FileHandle {
  readonly fd: number;
  stat(): Promise<fs.Stats>;
  read(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<{ readonly bytesRead: number }>;
  write(bytes: Uint8Array, offset?: number, length?: number, position?: number): Promise<{ readonly bytesWritten: number }>;
  /** Writes all bytes at the current position. */
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Node refuses to write more than 2^31 − 1 bytes at once. */
const MOST_AT_ONCE = 2 ** 30;

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function asked<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
}

/** Opening a pipe waits for its other end; only a new file ('wx') never waits. */
export async function open(path: string, flags: string, mode?: number): Promise<FileHandle> {
  return handleOf(flags === 'wx' ? fs.openSync(path, flags, mode) : await asked<number>(done => fs.open(path, flags, mode, done)));
}

function handleOf(fd: number): FileHandle {
  const write: FileHandle['write'] = async (bytes, offset = 0, length = bytes.length - offset, position) => ({
    bytesWritten: await asked<number>(done => fs.write(fd, bytes, offset, length, position ?? null, done)),
  });
  return {
    fd,
    write,
    stat: async () => fs.fstatSync(fd),
    read: async (buffer, offset, length, position) => ({
      bytesRead: await asked<number>(done => fs.read(fd, buffer, offset, length, position, done)),
    }),
    async writeFile(bytes) {
      for (let from = 0; from < bytes.length; )
        from += (await write(bytes, from, Math.min(bytes.length - from, MOST_AT_ONCE))).bytesWritten;
    },
    sync: () => asked<void>(done => fs.fsync(fd, error => done(error, undefined))),
    datasync: () => asked<void>(done => fs.fdatasync(fd, error => done(error, undefined))),
    close: async () => fs.closeSync(fd),
  };
}

export const stat = async (path: string): Promise<fs.Stats> => fs.statSync(path);
export const realpath = async (path: string): Promise<string> => fs.realpathSync.native(path);
export const readdir = async (path: string): Promise<string[]> => fs.readdirSync(path);
export const rename = async (from: string, to: string): Promise<void> => fs.renameSync(from, to);
export const link = async (from: string, to: string): Promise<void> => fs.linkSync(from, to);
export const unlink = async (path: string): Promise<void> => fs.unlinkSync(path);
export const readFile = async (path: string, encoding: BufferEncoding): Promise<string> => fs.readFileSync(path, encoding);
