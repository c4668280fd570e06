import { AsyncLocalStorage } from 'node:async_hooks';
import os from 'node:os';
import { DEFAULT_LIMITS, LIMITS, type LimitKey, type LimitName, type Limits } from '../formats/limits.js';
import { askRoomFrom, type Room } from '../ops/room.js';

export { LIMITS, tooLong, tooSlow } from '../formats/limits.js';
export { processorTime } from '../processorTime.js';

/** How much a run may take from files. Ambient, because a file is read in many places and the limits are one decision of the command line. */
export interface FileLimits {
  /** bytes of one file or of standard input */
  readonly file: number;
  /** the same of what is read in pieces, and the seconds that reading them may take: any number, unless a smaller limit is requested */
  readonly pieces: { readonly bytes: number; readonly seconds: number };
  /** of computing: what was asked for in place of what the input justifies */
  readonly room: Partial<Room>;
  /** of the readers */
  readonly read: Limits;
}

/** The limits that a command line sets. */
export type AskedLimits = Partial<Record<LimitKey | 'maxMemory' | 'maxFile', number>>;

const MOST = 2 ** 32;
// created only when a limit is requested, which small commands do not need
let ambient: AsyncLocalStorage<FileLimits> | undefined;

/** Half of RAM, at most 4 GiB: what zip can address and one ArrayBuffer can hold, with room for the arrays made from it. */
function memoryBudget(): number {
  return Math.min(Math.floor(os.totalmem() / 2), MOST);
}

askRoomFrom(() => ambient?.getStore()?.room ?? {}, memoryBudget);

/** The limits in force. */
export function fileLimits(): FileLimits {
  return ambient?.getStore() ?? limitsOf({});
}

/** For bytes of our own making, which are read back to check them: never less than the usual limits. */
export function ownLimits(): Limits {
  const { read } = fileLimits();
  const most = Object.entries(DEFAULT_LIMITS).map(([name, standard]) => [name, Math.max(standard, read[name as LimitName])]);
  return Object.fromEntries(most) as unknown as Limits;
}

const KEYS = ['maxMemory', 'maxFile', ...Object.values(LIMITS).flatMap(({ key }) => key ?? [])] as (keyof AskedLimits)[];

/** Runs `body` under the requested limits: tensors read take at most `maxMemory` bytes, a file at most `maxFile`, and so on. */
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
