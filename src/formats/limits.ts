import { RnnError } from '../errors.js';
import { processorTime } from '../processorTime.js';

/**
 * Limits of what a reader accepts from one file, checked before anything is allocated. This table is the only place with the numbers and the
 * names of their flags: help, man page and completions follow from it, and every refusal names the flag that would admit the file.
 */
export interface Limits {
  /** bytes of a header or a JSON description: real ones are below 1 MB */
  readonly headerBytes: number;
  /** bytes of an .npy header; the default is NumPy's own limit */
  readonly numpyHeaderBytes: number;
  /** tensors or archive members of one file: the largest recurrent nets have some hundreds */
  readonly tensors: number;
  readonly nameBytes: number;
  readonly rank: number;
  /** one dimension */
  readonly dimension: number;
  /** most inflated bytes per byte of a zip member or an HDF5 chunk; DEFLATE makes at most 258 bytes of 2 bits */
  readonly ratio: number;
  /** inflated bytes of all members or chunks of a file together */
  readonly inflatedBytes: number;
  /** bytes in memory of all tensors of a file together */
  readonly totalBytes: number;
  /** nesting of JSON, protobuf messages, HDF5 groups, pickled values */
  readonly depth: number;
  /** time to read one file */
  readonly seconds: number;
  /** performance.now() when reading began; undefined: time is not limited */
  started?: number;
  /** processor time when reading began. It is what counts, so that a busy machine accepts the same files as an idle one */
  worked?: number;
}

export type LimitName = Exclude<keyof Limits, 'started' | 'worked'>;

export interface LimitRow {
  /** key of its command-line value; absent if another row with the same flag sets it, or other code does (totalBytes) */
  readonly key?: string;
  readonly flag: string;
  readonly kind: 'bytes' | 'count' | 'seconds';
  readonly standard: number;
  /** largest value that the flag accepts */
  readonly most: number;
  readonly help: string;
}

const MIB = 2 ** 20;
const COUNT = 2 ** 31 - 1;

const TABLE = {
  headerBytes: {
    key: 'maxHeader',
    flag: '--max-header',
    kind: 'bytes',
    standard: 8 * MIB,
    // the largest JSON text that is parsed
    most: 2 ** 27,
    help: 'a header or a description (JSON, a pickle); 10,000 bytes in an .npy unless given',
  },
  // NumPy's own max_header_size (CVE-2019-6446's aftermath): a header of numbers is some 100 bytes, so beyond this it is an attack
  numpyHeaderBytes: { flag: '--max-header', kind: 'bytes', standard: 10_000, most: 2 ** 27, help: 'the header of an .npy' },
  tensors: {
    key: 'maxTensors',
    flag: '--max-tensors',
    kind: 'count',
    standard: 10_000,
    most: COUNT,
    help: 'tensors, or members of an archive, in one file',
  },
  nameBytes: { key: 'maxName', flag: '--max-name', kind: 'bytes', standard: 1024, most: 2 ** 27, help: 'one name in a file' },
  rank: { key: 'maxRank', flag: '--max-rank', kind: 'count', standard: 8, most: 64, help: 'dimensions of a tensor' },
  dimension: {
    key: 'maxDim',
    flag: '--max-dim',
    kind: 'count',
    standard: COUNT,
    most: Number.MAX_SAFE_INTEGER,
    help: 'one dimension of a tensor',
  },
  ratio: {
    key: 'maxRatio',
    flag: '--max-ratio',
    kind: 'count',
    standard: 1032,
    most: COUNT,
    help: 'inflated bytes per compressed byte; valid files stay below 1032',
  },
  inflatedBytes: {
    key: 'maxInflated',
    flag: '--max-inflated',
    kind: 'bytes',
    standard: 2 ** 30,
    most: Number.MAX_SAFE_INTEGER,
    help: 'inflated bytes of all compressed parts of a file',
  },
  totalBytes: {
    flag: '--max-memory',
    kind: 'bytes',
    standard: 2 ** 32,
    most: Number.MAX_SAFE_INTEGER,
    help: 'all tensors of a file, in memory',
  },
  depth: {
    key: 'maxNesting',
    flag: '--max-nesting',
    kind: 'count',
    standard: 64,
    // readers are recursive; the stack has room for twice as many levels
    most: 500,
    help: 'levels of JSON, messages, groups, pickled values',
  },
  seconds: {
    key: 'maxTime',
    flag: '--max-time',
    kind: 'seconds',
    standard: 60,
    // the longest a timer waits
    most: 2_000_000,
    help: 'time to read one file; if the flag is given, time for the whole command',
  },
} as const satisfies Readonly<Record<LimitName, LimitRow>>;

export const LIMITS: Readonly<Record<LimitName, LimitRow>> = TABLE;

/** The keys of their values on a command line. */
export type LimitKey = Extract<(typeof TABLE)[LimitName], { readonly key: string }>['key'];

export const DEFAULT_LIMITS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { standard }]) => [name, standard]),
) as unknown as Limits;

/** The limits that `checkTime` reads. */
export type Clock = Partial<Pick<Limits, 'seconds' | 'started' | 'worked'>>;

/** Returns the limits with the clock of `checkTime` started. */
export function timed(limits: Limits): Limits {
  return { ...limits, started: performance.now(), worked: processorTime(lateness(limits.seconds)) };
}

/** Restarts the clock, if there is one: deferred reads have as much time as the header had. */
export function restart(limits: Limits): void {
  if (limits.started !== undefined) limits.started = performance.now();
  if (limits.worked !== undefined) limits.worked = processorTime(lateness(limits.seconds));
}

/** A hundredth of the limit, in milliseconds: how much too early the processor time of a start may be. */
export function lateness(seconds: number): number {
  return 10 * seconds;
}

/**
 * Readers call this often.
 * @throws RnnError E_LIMIT_TIME (limit)
 */
export function checkTime({ started, seconds, worked }: Clock): void {
  if (started === undefined || seconds === undefined) return;
  const elapsed = performance.now() - started;
  if (elapsed <= 1000 * seconds) return;
  const taken = worked === undefined ? elapsed : Math.min(elapsed, processorTime() - worked);
  if (taken > 1000 * seconds) throw tooSlow(seconds, taken / 1000);
}

export function tooSlow(seconds: number, elapsed: number, what = 'reading'): RnnError {
  return overLimit('seconds', seconds, 'E_LIMIT_TIME', `${what} has taken ${elapsed.toFixed(3)} s and is not done`);
}

/** The error for a whole command that takes too long. */
export function tooLong(seconds: number, elapsed: number): RnnError {
  const what = `the command has taken ${elapsed.toFixed(3)} s and is not done`;
  return overLimit('seconds', seconds, 'E_LIMIT_TIME', what, { fix: 'use smaller sizes or fewer samples, or raise --max-time' });
}

/**
 * The error for a file that is over a limit.
 * @param what description with the exact size; the limit is appended
 * @param found the exact size, if known: the value that the flag needs to admit this file
 */
export function overLimit(
  name: LimitName,
  limit: number,
  code: string,
  what: string,
  { found, where, fix }: { found?: number | bigint; where?: string; fix?: string } = {},
): RnnError {
  const { flag, kind } = LIMITS[name];
  const unit = kind === 'bytes' ? ' bytes' : kind === 'seconds' ? ' s' : '';
  return new RnnError('limit', code, `${what}; the limit is ${limit}${kind === 'seconds' ? unit : ''}`, {
    where,
    expected: `at most ${limit}${unit}`,
    found: found === undefined ? undefined : `${found}${unit}`,
    fix: fix ?? fixFor(name, limit, found),
    limit: { flag, value: limit },
  });
}

function fixFor(name: LimitName, limit: number, found: number | bigint | undefined): string {
  const { flag, most, standard } = LIMITS[name];
  if (limit >= most || (found !== undefined && found > most)) return `${flag} takes at most ${most}`;
  if (name === 'totalBytes') return `raise it with ${flag} if the machine has room`;
  if (name === 'ratio' && limit >= standard)
    return `honest files stay below ${standard}, so this one is damaged or a trap; ${flag} ${found} tries it all the same`;
  return `if you trust the file, ${found === undefined ? `raise it with ${flag}` : `add ${flag} ${found}`}`;
}

// tensors that are assumed at least, since even a file with few has structures around them
const FEW_TENSORS = 400;

/** How many structures of a kind a file may have, given that real files have at most `each` per tensor. */
export function structures(each: number, { tensors }: Pick<Limits, 'tensors'>): number {
  return each * Math.max(tensors, FEW_TENSORS);
}

/**
 * The error for more structures than that.
 * @param what name of the structures, such as 'groups and datasets in the file'
 */
export function tooManyStructures(
  each: number,
  { tensors }: Pick<Limits, 'tensors'>,
  code: string,
  what: string,
  where?: string,
): RnnError {
  const text = `more than ${structures(each, { tensors })} ${what}, ${each} for each tensor that is allowed`;
  return overLimit('tensors', tensors, code, text, { where });
}
