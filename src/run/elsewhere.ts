/**
 * Work that takes long blocks its thread, and a blocked thread hears no interrupt. The command line allows a command to be begun again in
 * another thread; here it is told when that pays. A thread costs some 30 ms, so small commands stay where they are.
 */

/** Thrown out of the command, by identity, before anything is written. */
export const ELSEWHERE = new Error('this takes long, and is to be done in a thread');

/** Blocking for this long is nothing to somebody who presses ^C. */
const LONG_MS = 100;

/** What a millisecond does, roughly: bytes read and parsed, multiply-adds of the batched engine and of the others, numbers drawn. */
const A_MS = { bytes: 50_000, batched: 3_000_000, plain: 150_000, numbers: 20_000 } as const;
export type Work = Partial<Record<keyof typeof A_MS, number>>;

let allowed = false;

/** From now on long work is refused with ELSEWHERE, once. */
export function allowElsewhere(): void {
  allowed = true;
}

/** Standard input that is read in pieces is gone elsewhere: from here on the command stays where it is. @returns what ends that */
export function stayHere(): () => void {
  const before = allowed;
  allowed = false;
  return () => {
    allowed = before;
  };
}

/** Standard input that was read whole: the thread is given it, since it can be read once. */
let input: Uint8Array | undefined;

export function keepInput(bytes: Uint8Array): void {
  if (allowed) input = bytes;
}

export function holdsInput(): boolean {
  return input !== undefined;
}

/** The input, once. */
export function takeInput(): Uint8Array | undefined {
  const taken = input;
  input = undefined;
  return taken;
}

/** In a thread: what the main one has read of standard input. */
export function giveInput(bytes: Uint8Array | undefined): void {
  input = bytes;
}

/** To be told before the work begins. @throws ELSEWHERE where it is long and a thread may do it */
export function takesLong(work: Work): void {
  if (!allowed) return;
  const ms = Object.entries(work).reduce((sum, [kind, count]) => sum + count / A_MS[kind as keyof typeof A_MS], 0);
  if (ms < LONG_MS) return;
  allowed = false;
  throw ELSEWHERE;
}

/** A file that is being read, and how long that may take. */
export interface Reading {
  readonly where: string;
  readonly seconds: number;
}

let tell: ((reading: Reading | null) => void) | undefined;

/** In a thread: the main one is told when reading begins and ends (null), and ends it where a reader is stuck. */
export function watchedBy(watcher: (reading: Reading | null) => void): void {
  tell = watcher;
}

/** Reads a file under that watch. */
export async function reading<T>(what: Reading, body: () => Promise<T>): Promise<T> {
  tell?.(what);
  try {
    return await body();
  } finally {
    tell?.(null);
  }
}
