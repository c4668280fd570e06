import { AsyncLocalStorage } from 'node:async_hooks';
import os from 'node:os';
import { DEFAULT_LIMITS, type Limits } from '../formats/format.js';

/** How much a run may take from files. Ambient, because a file is read in many places and the limits are one decision of the command line. */
export interface FileLimits {
  /** bytes of one file or of standard input */
  readonly file: number;
  /** bytes of a file that is read in pieces: any number, unless it was asked for less */
  readonly pieces: number;
  /** of the readers */
  readonly read: Limits;
}

const MOST = 2 ** 32;
// made where a limit is asked for: a small command does without
let ambient: AsyncLocalStorage<FileLimits> | undefined;

/** Half of RAM, at most 4 GiB: what zip can name, one ArrayBuffer can hold, and a machine has beside the arrays made of it. */
export function memoryBudget(): number {
  return Math.min(Math.floor(os.totalmem() / 2), MOST);
}

/** The limits in force. */
export function fileLimits(): FileLimits {
  return ambient?.getStore() ?? limitsOf({});
}

/** Runs `body` under what was asked for: tensors read take at most `maxMemory` bytes, a file at most `maxFile`. */
export function withLimits<T>(asked: { maxMemory?: number; maxFile?: number }, body: () => Promise<T>): Promise<T> {
  if (asked.maxMemory === undefined && asked.maxFile === undefined) return body();
  ambient ??= new AsyncLocalStorage();
  return ambient.run(limitsOf(asked), body);
}

function limitsOf({ maxMemory, maxFile }: { maxMemory?: number; maxFile?: number }): FileLimits {
  const budget = memoryBudget();
  return {
    file: maxFile ?? budget,
    pieces: maxFile ?? Number.POSITIVE_INFINITY,
    read: { ...DEFAULT_LIMITS, totalBytes: maxMemory ?? budget },
  };
}
