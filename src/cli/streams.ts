import { RnnError } from '../errors.js';
import type { WholeCommand } from './thread.js';

/** The part of a stream that the command line uses; process.stdout and process.stderr have it, and so do the tests' streams. */
export interface OutputStream {
  write(data: string | Uint8Array, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The outside world, injected so that tests can run the whole command line in-process. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs the whole command in another thread; absent if that is not possible, as in that thread itself. @returns the exit code */
  runInThread?(argv: readonly string[], whole?: WholeCommand): Promise<number>;
  /** whether stdin is a terminal */
  stdinIsTerminal?(): boolean;
}

/** Columns of the terminal behind the stream, 80 if it does not know them; undefined if there is no terminal. */
export function terminalColumns({ isTTY, columns }: OutputStream): number | undefined {
  return isTTY ? columns || USUAL_COLUMNS : undefined;
}

const USUAL_COLUMNS = 80;

export interface Writer {
  write(data: string | Uint8Array): void;
  /** Resolves once the system has accepted everything so far; false if that failed, and nothing more will be written. */
  taken(): Promise<boolean>;
  /** Resolves once the system has accepted everything. @throws RnnError E_WRITE (io, exit 4), except if the reader has gone (`| head`) */
  finish(): Promise<void>;
}

/**
 * Writes in order, remembers the first failure, and then writes nothing more. The program must not exit before `finish`: process.exit()
 * discards what a pipe has not taken yet.
 */
export function writerTo(stream: OutputStream, name: string): Writer {
  let failure: NodeJS.ErrnoException | undefined;
  let last: Promise<void> = Promise.resolve();
  stream.on('error', error => {
    failure ??= error;
  });
  return {
    write(data) {
      if (failure || data.length === 0) return;
      last = new Promise(resolve => {
        stream.write(data, error => {
          if (error) failure ??= error;
          resolve();
        });
      });
    },
    async taken() {
      await last;
      return failure === undefined;
    },
    async finish() {
      await last;
      if (failure && failure.code !== 'EPIPE') throw writeError(failure, name);
    },
  };
}

function writeError(error: NodeJS.ErrnoException, where: string): RnnError {
  const said: Record<string, string> = { ENOSPC: 'no space is left on the device', EBADF: 'is closed', EIO: 'the device failed' };
  return new RnnError('io', 'E_WRITE', said[error.code ?? ''] ?? `cannot be written (${error.code ?? error.message})`, { where });
}

/** Whether to colour: flag > NO_COLOR > FORCE_COLOR > TERM=dumb > terminal, decided for each stream. */
export function wantsColor(flag: 'auto' | 'always' | 'never' | false | undefined, stream: OutputStream, env: Io['env']): boolean {
  if (flag === 'always') return true;
  if (flag === 'never' || flag === false) return false;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.TERM === 'dumb') return false;
  return stream.isTTY === true;
}

/** Colour depth: 1 is 16 colours, 2 is 256, 3 is 24 bits. FORCE_COLOR=2 and 3 set it; otherwise COLORTERM and TERM. */
export function colorDepth(env: Io['env']): 1 | 2 | 3 {
  if (env.FORCE_COLOR === '3') return 3;
  if (env.FORCE_COLOR === '2') return 2;
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return 3;
  return /256color|-direct/.test(env.TERM ?? '') ? 2 : 1;
}
