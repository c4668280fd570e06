import { RnnError } from '../errors.js';
import type { WholeCommand } from './thread.js';

/** What the command line needs of a stream; process.stdout and process.stderr have it, and so do the tests' own. */
export interface OutputStream {
  write(data: string | Uint8Array, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything outside: injected, so that tests run the whole command line in-process. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** does the whole command in another thread; absent where there is none, as in that thread itself. @returns the exit code */
  runInThread?(argv: readonly string[], whole?: WholeCommand): Promise<number>;
  /** whether stdin is a terminal */
  stdinIsTerminal?(): boolean;
}

/** Columns of the terminal that reads the stream; 80 where it does not know them. Undefined off a terminal. */
export function terminalColumns({ isTTY, columns }: OutputStream): number | undefined {
  return isTTY ? columns || USUAL_COLUMNS : undefined;
}

const USUAL_COLUMNS = 80;

export interface Writer {
  write(data: string | Uint8Array): void;
  /** Resolves when everything so far is accepted by the system: true, or false where that failed and no more is taken. */
  taken(): Promise<boolean>;
  /** Resolves when everything is accepted by the system. @throws RnnError E_WRITE (io, exit 4) unless the reader only went away (`| head`) */
  finish(): Promise<void>;
}

/**
 * Writes in order and remembers the first failure; after one, nothing more is written. The program must not exit before `finish`:
 * process.exit() cuts what a pipe has not taken yet.
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

/** How many colours: 1 sixteen, 2 256, 3 24 bits. FORCE_COLOR=2 and 3 say it; else COLORTERM and TERM do. */
export function colorDepth(env: Io['env']): 1 | 2 | 3 {
  if (env.FORCE_COLOR === '3') return 3;
  if (env.FORCE_COLOR === '2') return 2;
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return 3;
  return /256color|-direct/.test(env.TERM ?? '') ? 2 : 1;
}
