import type { RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import { INVERSE, LN2_32_HIGH, LN2_32_LOW, TO_INTEGER } from '../../numerics/exp.js';
import { LAST, MOST, POWERS } from '../../numerics/quick.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { type Recording, startRecording } from '../recording.js';
import { biasRows } from '../recurrentWeights.js';
import { FUSED, type FusedCell, type Kernel, STEP_FIELDS } from './kernel.js';
import { panels64 } from './product.js';

/** The constants that assembly/steps64.ts reads, in its order; some of the 16 are unused. */
const CONSTANTS = [
  ...[MOST, -MOST, INVERSE, TO_INTEGER, LN2_32_HIGH, LN2_32_LOW],
  ...[1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1, 2, -2, 0, 0],
];
const PLACES = 4096;
/** Bytes of the rows in a block, and how many rows of x make a product worth while. */
const BLOCK_BYTES = 2 ** 19;
const ROWS_OF_X = 40;
/** Rows wider than this are copied faster with `set`. */
const WIDE = 64;

/** Byte addresses in the kernel's memory: of the weights, and of the room for some steps of some samples. */
interface Room {
  readonly rows: number;
  /** number of steps whose x·Wx is one product */
  readonly steps: number;
  /** distance between rows of gates, in numbers */
  readonly stride: number;
  readonly kernel: number;
  readonly recurrentKernel: number;
  readonly x: number;
  readonly gates: number;
  readonly recurrent: number;
  readonly h: number;
  readonly c: number;
  readonly step: number;
  readonly fixed: { readonly bias: number; readonly recurrentBias: number; readonly table: number };
}

/** Whether the kernel can compute the whole step in float64. */
export function hasStep64(kind: FusedCell | undefined, { mask, trace }: RecurrenceArgs): kind is Exclude<FusedCell, 'gruBefore'> {
  return kind !== undefined && kind !== 'gruBefore' && mask === undefined && !trace;
}

/**
 * Runs a recurrence in float64, entirely on the kernel, bit for bit as the textbook loop with the σ and tanh of numerics/quick.ts: x·Wx + b and
 * h·Wh + b' are separate sums, added in order, with the biases last.
 * @throws RangeError if WASM cannot have that much memory
 */
export function recurrence64(args: RecurrenceArgs, kind: Exclude<FusedCell, 'gruBefore'>, kernel: Kernel): RecurrenceResult {
  const [N] = args.x.shape;
  const record = startRecording(args, length => new Float64Array(length), args.units);
  kernel.reset();
  const room = roomFor(args, kernel);
  for (let from = 0; from < N; from += room.rows) runBlock(args, FUSED[kind], kernel, room, record, from, Math.min(room.rows, N - from));
  return record.result();
}

function roomFor(args: RecurrenceArgs, kernel: Kernel): Room {
  const { x, cell, weights, units: M } = args;
  const [N, T, D] = x.shape;
  const width = cell.gates.length * M;
  const stride = Math.ceil(width / 4) * 4;
  const most = Math.floor(BLOCK_BYTES / (8 * (D + 2 * stride + 2 * M)));
  const rows = Math.min(N, Math.max(5, most - (most % 5)));
  const steps = Math.max(1, Math.min(T, Math.floor(ROWS_OF_X / rows)));
  const numbers = (count: number) => kernel.take(8 * (count + 2));
  const panels = { kernel: panels64(weights.kernel!, kernel), recurrentKernel: panels64(weights.recurrentKernel!, kernel) };
  const fixed = fixedNumbers(width, biasRows(args), kernel);
  const places = {
    x: numbers(rows * steps * D),
    gates: numbers(rows * steps * stride),
    recurrent: numbers(rows * stride),
    h: numbers(rows * M),
    c: numbers(rows * M),
    step: kernel.take(4 * STEP_FIELDS.length),
  };
  return { rows, steps, stride, ...panels, ...places, fixed };
}

/** Writes what every step reads: the biases [width], if any, and the constants of σ and tanh. @throws RangeError as `take` */
export function fixedNumbers(
  width: number,
  [input, recurrent]: readonly [FloatArray | undefined, FloatArray | undefined],
  kernel: Kernel,
): Room['fixed'] {
  const numbers = (count: number) => kernel.take(8 * (count + 2));
  const fixed = { bias: numbers(width), recurrentBias: numbers(width), table: numbers(2 * CONSTANTS.length + PLACES) };
  const memory = kernel.doubles();
  writeRow(memory, fixed.bias, input, width);
  writeRow(memory, fixed.recurrentBias, recurrent, width);
  writeTable(memory, fixed.table / 8);
  return fixed;
}

/** Writes a bias, or −0 if there is none: adding −0 does not change a bit. */
function writeRow(memory: Float64Array, at: number, bias: FloatArray | undefined, width: number): void {
  if (bias) memory.set(bias, at / 8);
  else memory.fill(-0, at / 8, at / 8 + width);
}

function writeTable(memory: Float64Array, at: number): void {
  CONSTANTS.forEach((value, i) => {
    memory.fill(value, at + 2 * i, at + 2 * i + 2);
  });
  const powers = at + 2 * CONSTANTS.length;
  for (let n = -LAST; n <= LAST; n++) memory[powers + (n & (PLACES - 1))] = POWERS[n + LAST];
}

function runBlock(args: RecurrenceArgs, cell: number, kernel: Kernel, room: Room, record: Recording, from: number, rows: number): void {
  const { x, reverse, units: M, cell: { states, gates: names } } = args; // biome-ignore format: one line
  const [, T, D] = x.shape;
  const { stride, h, c, recurrent } = room;
  const memory = kernel.doubles();
  const stateOf = (r: number) => [h, c].slice(0, states.length).map(at => memory.subarray(at / 8 + r * M, at / 8 + (r + 1) * M));
  for (let r = 0; r < rows; r++)
    record.initial(from + r).forEach((state, s) => {
      memory.set(state, [h, c][s] / 8 + r * M);
    });
  const width = names.length * M;
  for (let first = 0; first < T; first += room.steps) {
    const steps = Math.min(room.steps, T - first);
    for (let s = 0; s < steps; s++) copySteps(memory, room.x / 8 + s * rows * D, args, from, rows, reverse ? T - 1 - first - s : first + s);
    memory.fill(0, room.gates / 8, room.gates / 8 + steps * rows * stride);
    kernel.run.addProduct64(room.x, 8 * D, steps * rows, D, room.kernel, width, room.gates, 8 * stride);
    for (let s = 0; s < steps; s++) {
      memory.fill(0, recurrent / 8, recurrent / 8 + rows * stride);
      kernel.run.addProduct64(h, 8 * M, rows, M, room.recurrentKernel, width, recurrent, 8 * stride);
      kernel.write(room.step, STEP_FIELDS, { rows, M, gates: room.gates + 8 * s * rows * stride, recurrent, stride, h, c, ...room.fixed });
      kernel.run.runStep64(room.step, cell);
      if (args.sequence) for (let r = 0; r < rows; r++) record.step(from + r, reverse ? T - 1 - first - s : first + s, NONE, stateOf(r));
    }
  }
  for (let r = 0; r < rows; r++) record.finish(from + r, stateOf(r));
}

const NONE = new Float64Array(0);

/** Copies x of step t of some samples: [rows, D]. */
function copySteps(memory: Float64Array, at: number, { x }: RecurrenceArgs, from: number, rows: number, t: number): void {
  const [, T, D] = x.shape;
  const { data } = x;
  for (let r = 0, source = (from * T + t) * D; r < rows; r++, at += D, source += T * D) {
    if (D >= WIDE) memory.set(data.subarray(source, source + D), at);
    else for (let d = 0; d < D; d++) memory[at + d] = data[source + d];
  }
}
