import { lateness, overLimit, tooSlow } from '../formats/limits.js';
import { processorTime } from '../processorTime.js';
import { type FloatArray, formatShape, sizeOf } from '../tensor/tensor.js';

/** The memory and time that a computation may take. A file of 200 bytes can ask for any amount of either. */
export interface Room {
  readonly bytes: number;
  readonly seconds: number;
  /** limit of multiply-adds and other steps, if the computation must be cheap on any machine */
  readonly work?: number;
}

/** A value that is kept in memory: numbers, or a list of such values. `load` is present if the numbers are in a file. */
interface Held {
  readonly shape: readonly number[];
  readonly data: FloatArray;
  readonly items?: readonly Held[];
  readonly load?: unknown;
}

interface Ledger extends Room {
  /** wall-clock and processor time at the start, in ms */
  readonly began: number;
  readonly started: number;
  held: number;
  /** steps done in all, and since the clock was last read */
  worked: number;
  steps: number;
  /** how many values share a buffer */
  readonly uses: Map<ArrayBufferLike, number>;
}

/** Most bytes of one value outside any room. */
const ONE_VALUE = 2 ** 31;
/** What every computation may take; what each number of its inputs and constants adds; and seconds for each multiply-add of its layers. */
const LEAST: Room = { bytes: 2 ** 28, seconds: 15 };
const FOR_A_NUMBER: Room = { bytes: 1024, seconds: 5e-5 };
const FOR_A_PRODUCT = 1e-8;
/** Multiply-adds per second that no kernel exceeds. */
const FASTEST = 4e10;

let asked: () => Partial<Room> = () => ({});
let budget = () => Number.POSITIVE_INFINITY;

// a computation is a single synchronous call, so one ledger is enough
let ledger: Ledger | undefined;

/** Provides the requested limits and the memory of the machine. */
export function askRoomFrom(source: typeof asked, machine: typeof budget): void {
  [asked, budget] = [source, machine];
}

/** Bytes allowed for a computation with this many numbers of inputs and constants. */
export function bytesFor(numbers: number): number {
  const most = LEAST.bytes + FOR_A_NUMBER.bytes * numbers;
  return most < 2 * LEAST.bytes ? most : Math.min(most, Math.max(budget(), LEAST.bytes));
}

export function numbersOf(values: readonly { readonly shape: readonly number[] }[]): number {
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The room for a computation with this many numbers of inputs and constants, and multiply-adds of layers with known sizes. */
export function roomFor(numbers: number, products = 0): Room {
  const { bytes, seconds } = asked();
  return {
    bytes: bytes ?? bytesFor(numbers),
    seconds: seconds ?? Math.ceil(LEAST.seconds + FOR_A_NUMBER.seconds * numbers + FOR_A_PRODUCT * products),
  };
}

/** Runs a computation within limits. @throws RnnError E_MEMORY, E_LIMIT_TIME (limit) */
export function inRoom<T>(room: Room, body: () => T): T {
  const outer = ledger;
  ledger = {
    ...room,
    began: performance.now(),
    started: processorTime(lateness(room.seconds)),
    held: 0,
    worked: 0,
    steps: 0,
    uses: new Map(),
  };
  try {
    return body();
  } finally {
    ledger = outer;
  }
}

/** Call before allocating. @throws RnnError E_MEMORY (limit) if that would exceed the room */
export function claim(bytes: number | bigint, shape?: readonly number[]): void {
  const most = ledger?.bytes ?? ONE_VALUE;
  const held = ledger?.held ?? 0;
  const needed = BigInt(bytes) + BigInt(held);
  if (needed <= most) return;
  const what = shape ? `a tensor ${formatShape(shape)}` : 'a step';
  throw overLimit('totalBytes', most, 'E_MEMORY', `${what} takes ${bytes} bytes${held > 0 ? ` in addition to the ${held} in use` : ''}`, {
    found: needed,
  });
}

/** Call before computing products. @throws RnnError E_LIMIT_TIME (limit) if even the fastest kernel could not finish them in time */
export function claimProducts(count: number): void {
  if (!ledger) return;
  ledger.worked += count;
  if (ledger.worked <= (ledger.work ?? ledger.seconds * FASTEST)) return;
  throw overLimit('seconds', ledger.seconds, 'E_LIMIT_TIME', `${ledger.worked} multiply-adds take longer than ${ledger.seconds} s`);
}

/** Checks the time; called for every layer. @throws RnnError E_LIMIT_TIME (limit) */
export function checkRoom(): void {
  // reading the processor time costs ten times as much as reading the clock, so it is only read if the clock is over the limit
  if (!ledger || performance.now() - ledger.began < 1000 * ledger.seconds) return;
  const seconds = (processorTime() - ledger.started) / 1000;
  if (seconds > ledger.seconds) throw tooSlow(ledger.seconds, seconds, 'computing');
}

/** Counts steps of a few nanoseconds; called for every node and inside operators. Reads the clock now and then. @throws RnnError E_LIMIT_TIME (limit) */
export function pass(steps: number): void {
  if (!ledger) return;
  ledger.steps += steps;
  if (ledger.steps < 1e6) return;
  if (ledger.work !== undefined) claimProducts(ledger.steps);
  ledger.steps = 0;
  checkRoom();
}

/** Counts a value that is kept from now on. @throws RnnError E_MEMORY (limit) */
export function hold(value: Held): void {
  if (!ledger) return;
  for (const { byteLength, buffer } of arraysOf(value)) {
    const uses = ledger.uses.get(buffer) ?? 0;
    if (uses === 0) {
      claim(byteLength, value.shape);
      ledger.held += byteLength;
    }
    ledger.uses.set(buffer, uses + 1);
  }
}

/** Stops counting a value. */
export function release(value: Held): void {
  if (!ledger) return;
  for (const { byteLength, buffer } of arraysOf(value)) {
    const uses = ledger.uses.get(buffer) ?? 0;
    if (uses > 1) ledger.uses.set(buffer, uses - 1);
    else if (ledger.uses.delete(buffer)) ledger.held -= byteLength;
  }
}

/** Returns the arrays of a value, except those of a file, which are read on demand. */
function arraysOf(value: Held): FloatArray[] {
  return value.items ? value.items.flatMap(arraysOf) : value.load ? [] : [value.data];
}
