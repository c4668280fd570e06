import { lateness, overLimit, tooSlow } from '../formats/limits.js';
import { processorTime } from '../processorTime.js';
import { type FloatArray, formatShape, sizeOf } from '../tensor/tensor.js';

/** The bytes that the values of a computation may take together, and the seconds that it may last: 200 bytes of a file can ask for any amount of either. */
export interface Room {
  readonly bytes: number;
  readonly seconds: number;
  /** multiply-adds and other steps, if it has to be cheap on any machine */
  readonly work?: number;
}

/** A value that is kept: of numbers, or a list of such; `load` where a file has them. */
interface Held {
  readonly shape: readonly number[];
  readonly data: FloatArray;
  readonly items?: readonly Held[];
  readonly load?: unknown;
}

interface Ledger extends Room {
  /** milliseconds of the clock and of the processor at its start */
  readonly began: number;
  readonly started: number;
  held: number;
  /** done, and those since the clock was looked at */
  worked: number;
  steps: number;
  /** how many values share a buffer */
  readonly uses: Map<ArrayBufferLike, number>;
}

/** Most bytes of one value outside any room. */
const ONE_VALUE = 2 ** 31;
/** What every computation may take, what a number of its inputs and constants adds, and a multiply-add of layers. */
const LEAST: Room = { bytes: 2 ** 28, seconds: 15 };
const FOR_A_NUMBER: Room = { bytes: 1024, seconds: 5e-5 };
const FOR_A_PRODUCT = 1e-8;
/** No kernel does more in a second. */
const FASTEST = 4e10;

let asked: () => Partial<Room> = () => ({});
let budget = () => Number.POSITIVE_INFINITY;

// a computation is one call that waits for nothing, so what it holds is known here
let ledger: Ledger | undefined;

/** Sets where the requested limits, and the memory of the machine, are looked up. */
export function askRoomFrom(source: typeof asked, machine: typeof budget): void {
  [asked, budget] = [source, machine];
}

/** Bytes that so many numbers of inputs and constants justify. */
export function bytesFor(numbers: number): number {
  const most = LEAST.bytes + FOR_A_NUMBER.bytes * numbers;
  return most < 2 * LEAST.bytes ? most : Math.min(most, Math.max(budget(), LEAST.bytes));
}

export function numbersOf(values: readonly { readonly shape: readonly number[] }[]): number {
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** What so many numbers of inputs and constants justify, and multiply-adds of layers whose sizes are known. */
export function roomFor(numbers: number, products = 0): Room {
  const { bytes, seconds } = asked();
  return {
    bytes: bytes ?? bytesFor(numbers),
    seconds: seconds ?? Math.ceil(LEAST.seconds + FOR_A_NUMBER.seconds * numbers + FOR_A_PRODUCT * products),
  };
}

/** Computes in a room. */
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

/** Before so much is allocated. @throws RnnError E_MEMORY (limit) */
export function claim(bytes: number | bigint, shape?: readonly number[]): void {
  const most = ledger?.bytes ?? ONE_VALUE;
  const held = ledger?.held ?? 0;
  const needed = BigInt(bytes) + BigInt(held);
  if (needed <= most) return;
  const what = shape ? `a tensor ${formatShape(shape)}` : 'a step';
  throw overLimit('totalBytes', most, 'E_MEMORY', `${what} takes ${bytes} bytes${held > 0 ? ` beside ${held} of others` : ''}`, {
    found: needed,
  });
}

/** Before so many multiply-adds. @throws RnnError E_LIMIT_TIME (limit) where the fastest kernel would take longer than there is time */
export function claimProducts(count: number): void {
  if (!ledger) return;
  ledger.worked += count;
  if (ledger.worked <= (ledger.work ?? ledger.seconds * FASTEST)) return;
  throw overLimit('seconds', ledger.seconds, 'E_LIMIT_TIME', `${ledger.worked} multiply-adds take longer than ${ledger.seconds} s`);
}

/** Called for every layer. @throws RnnError E_LIMIT_TIME (limit) */
export function checkRoom(): void {
  // the system is asked for the processor's time only where the clock, which costs a tenth, leaves the question open
  if (!ledger || performance.now() - ledger.began < 1000 * ledger.seconds) return;
  const seconds = (processorTime() - ledger.started) / 1000;
  if (seconds > ledger.seconds) throw tooSlow(ledger.seconds, seconds, 'computing');
}

/** Called for every node, and inside operators, with the steps of some nanoseconds: the clock is looked at now and then. @throws RnnError E_LIMIT_TIME (limit) */
export function pass(steps: number): void {
  if (!ledger) return;
  ledger.steps += steps;
  if (ledger.steps < 1e6) return;
  if (ledger.work !== undefined) claimProducts(ledger.steps);
  ledger.steps = 0;
  checkRoom();
}

/** A value is kept from here on. @throws RnnError E_MEMORY (limit) */
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

/** A value is no longer kept. */
export function release(value: Held): void {
  if (!ledger) return;
  for (const { byteLength, buffer } of arraysOf(value)) {
    const uses = ledger.uses.get(buffer) ?? 0;
    if (uses > 1) ledger.uses.set(buffer, uses - 1);
    else if (ledger.uses.delete(buffer)) ledger.held -= byteLength;
  }
}

/** Not those of a file, which are read on demand. */
function arraysOf(value: Held): FloatArray[] {
  return value.items ? value.items.flatMap(arraysOf) : value.load ? [] : [value.data];
}
