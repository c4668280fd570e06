import { AsyncLocalStorage } from 'node:async_hooks';
import os from 'node:os';
import { DEFAULT_LIMITS, LIMITS, type LimitKey, type LimitName, type Limits } from '../formats/limits.js';
import { askRoomFrom, type Room } from '../ops/room.js';

export { LIMITS, tooLong, tooSlow } from '../formats/limits.js';
export { processorTime } from '../processorTime.js';

/**
 * Limits on what a run may read. They are ambient, because files are read in many places and the limits are set once, by the command line.
 */
export interface FileLimits {
  /** bytes of one file or of stdin */
  readonly file: number;
  /** limits on input read in pieces, in bytes and in seconds of reading; infinite unless requested */
  readonly pieces: { readonly bytes: number; readonly seconds: number };
  /** limits on computing, in place of those derived from the input */
  readonly room: Partial<Room>;
  /** limits of the readers */
  readonly read: Limits;
}

/** The limits that a command line sets. */
export type AskedLimits = Partial<Record<LimitKey | 'maxMemory' | 'maxFile', number>>;

const MOST = 2 ** 32;
// created only when a limit is requested: small commands do not need it
let ambient: AsyncLocalStorage<FileLimits> | undefined;

/** Half of RAM, at most 4 GiB: what zip can address and one ArrayBuffer can hold, leaving room for the arrays made from it. */
function memoryBudget(): number {
  return Math.min(Math.floor(os.totalmem() / 2), MOST);
}

askRoomFrom(() => ambient?.getStore()?.room ?? {}, memoryBudget);

/** The limits in force. */
export function fileLimits(): FileLimits {
  return ambient?.getStore() ?? limitsOf({});
}

/** Limits for bytes that we wrote ourselves and read back as a check: never below the defaults. */
export function ownLimits(): Limits {
  const { read } = fileLimits();
  const most = Object.entries(DEFAULT_LIMITS).map(([name, standard]) => [name, Math.max(standard, read[name as LimitName])]);
  return Object.fromEntries(most) as unknown as Limits;
}

const KEYS = ['maxMemory', 'maxFile', ...Object.values(LIMITS).flatMap(({ key }) => key ?? [])] as (keyof AskedLimits)[];

/** Runs `body` under the requested limits, for example `maxMemory` bytes of tensors and `maxFile` bytes of a file. */
export function withLimits<T>(asked: AskedLimits, body: () => Promise<T>): Promise<T> {
  if (KEYS.every(key => asked[key] === undefined)) return body();
  ambient ??= new AsyncLocalStorage();
  return ambient.run(limitsOf(asked), body);
}

function limitsOf(asked: AskedLimits): FileLimits {
  const budget = memoryBudget();
  const given = Object.entries(LIMITS).flatMap(([name, { key }]) => {
    const value = key && asked[key as keyof AskedLimits];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    file: asked.maxFile ?? budget,
    pieces: { bytes: asked.maxFile ?? Number.POSITIVE_INFINITY, seconds: asked.maxTime ?? Number.POSITIVE_INFINITY },
    room: { bytes: asked.maxMemory, seconds: asked.maxTime },
    read: {
      ...DEFAULT_LIMITS,
      ...Object.fromEntries(given),
      numpyHeaderBytes: asked.maxHeader ?? DEFAULT_LIMITS.numpyHeaderBytes,
      totalBytes: asked.maxMemory ?? budget,
    },
  };
}
