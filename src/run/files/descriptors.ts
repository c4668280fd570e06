import { fstatSync, statSync, write, writeSync } from 'node:fs';

/**
 * Standard output and error by file descriptor. Node's own streams load a network stack before the first byte is written, a tenth of the
 * time of a small command; only a terminal needs them.
 */

/** The part of an output stream that the command line uses; process.stdout has it too. */
export interface DescriptorStream {
  write(data: string | Uint8Array, done: (error?: Error | null) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  readonly isTTY: false;
}

/** Longer writes go through the thread pool, so that computing continues while a slow reader receives them. */
const AT_ONCE = 2 ** 16;

/** Wait before trying again when a non-blocking pipe is full. */
const FULL_PIPE_MS = 2;

/** A stream to a terminal of `columns` columns, or to another device: a worker thread has no streams of its own. */
export function terminalStream(descriptor: number, columns: number | undefined): Omit<DescriptorStream, 'isTTY'> & TerminalSize {
  return { ...streamOf(descriptor), isTTY: columns !== undefined, columns };
}

interface TerminalSize {
  readonly isTTY: boolean;
  readonly columns?: number;
}

/** A stream to a file, a pipe, a socket or the null device; undefined if the descriptor is a terminal, another device, or closed. */
export function descriptorStream(descriptor: number): DescriptorStream | undefined {
  const kind = kindOf(descriptor);
  return kind === 'null' ? NULL_STREAM : kind === 'plain' ? streamOf(descriptor) : undefined;
}

/** Discards everything and never fails, even if the null device was opened read-only or before this process began. */
const NULL_STREAM: DescriptorStream = { isTTY: false, on: () => undefined, write: (_data, done) => done() };

function streamOf(descriptor: number): DescriptorStream {
  let last: Promise<void> | undefined;
  return {
    isTTY: false,
    // errors are passed to the callback of each write
    on: () => undefined,
    write(data, done) {
      const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
      let from = 0;
      if (last === undefined && bytes.length <= AT_ONCE) {
        try {
          while (from < bytes.length) from += writeSync(descriptor, bytes, from);
          return done();
        } catch (error) {
          if (!isFull(error)) return done(error as Error);
        }
      }
      const mine = (last ?? Promise.resolve()).then(() => writeAll(descriptor, bytes, from)).then(() => done(), done);
      last = mine;
      mine.then(() => {
        if (last === mine) last = undefined;
      });
    },
  };
}

function kindOf(descriptor: number): 'null' | 'plain' | undefined {
  try {
    const found = fstatSync(descriptor);
    if (found.isCharacterDevice()) return found.rdev === statSync('/dev/null').rdev ? 'null' : undefined;
    return found.isFile() || found.isFIFO() || found.isSocket() ? 'plain' : undefined;
  } catch {
    return undefined;
  }
}

async function writeAll(descriptor: number, bytes: Uint8Array, from: number): Promise<void> {
  while (from < bytes.length) from += await writeSome(descriptor, bytes, from);
}

/** @returns number of bytes written; 0 after waiting for a full pipe */
function writeSome(descriptor: number, bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, from, (error, written) => {
      if (!error) resolve(written);
      else if (isFull(error)) setTimeout(resolve, FULL_PIPE_MS, 0);
      else reject(error);
    });
  });
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
