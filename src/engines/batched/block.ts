import { ASIDE_BYTES, BLOCK_FIELDS, MEETING_BYTES } from './kernel.js';
import { type Plan, projectedSteps } from './plan.js';

/** A block of samples in the kernel's memory: where it is, and how its inputs and outputs are copied. */

/** Room for the pre-activations of the rows whose gates are computed together (assembly/steps.ts). */
const SCRATCH_BYTES = 20 * 128;

/** A block's place in memory, and the state of its run. */
export interface Block {
  readonly from: number;
  readonly rows: number;
  readonly at: number;
  readonly fields: Record<(typeof BLOCK_FIELDS)[number], number>;
}

export interface Outputs {
  readonly sequence?: Float32Array;
  /** the same array as h if nothing is masked */
  readonly last: Float32Array;
  readonly h: Float32Array;
  readonly c?: Float32Array;
}

/** Reserves the kernel's memory for rows [from, from + rows) of the batch. */
export function placeBlock(plan: Plan, { from, rows }: { from: number; rows: number }): Block {
  const { kernel, args, kind, D, M, padded, stream, window } = plan;
  const gates = args.cell.gates.length;
  const stride = 4 * (stream ? padded : D + padded);
  const before = kind === 'gruBefore';
  const shared = mayShare(plan);
  const at = kernel.take(4 * BLOCK_FIELDS.length);
  const take = (needed: boolean, bytes: number) => (needed ? kernel.take(bytes) : 0);
  return {
    from,
    rows,
    at,
    fields: {
      rows,
      T: 0,
      D,
      M,
      reverse: Number(args.reverse),
      x: kernel.take(4 * rows * window * D),
      stride,
      z: kernel.take(rows * stride),
      zNext: take(!stream || shared > 1, rows * stride),
      c: take(kind === 'lstm' || before, 4 * rows * padded),
      cStride: 4 * padded,
      weights: plan.weights,
      far: Number(plan.far),
      scratch: kernel.take(stream ? 4 * gates * padded : SCRATCH_BYTES + (before ? rows * stride : 0)),
      mask: take(args.mask !== undefined, rows * window),
      saved: take(stream ? before : args.mask !== undefined, 4 * rows * padded),
      sequence: take(args.sequence, 4 * rows * window * M),
      zeroMasked: Number(args.zeroOutputForMask),
      wide: plan.wide,
      projected: take(stream, 4 * gates * padded * projectedSteps(plan)),
      meeting: take(shared > 1, meetingBytes(shared)),
      aside: kernel.take(ASIDE_BYTES * shared),
    },
  };
}

/** How many threads may share a single sample. */
function mayShare({ N, pool }: Plan): number {
  return N === 1 && pool ? pool.threads : 1;
}

function meetingBytes(threads: number): number {
  return MEETING_BYTES * (threads + 1);
}

/** Writes the initial states, zeros by default. The padding of each row is zero, too. */
export function writeStates(plan: Plan, { from, rows, fields }: Block): void {
  const { kernel, args, D, M, stream } = plan;
  const floats = kernel.floats();
  const [h0, c0] = args.initial ?? [];
  const clear = (address: number, bytes: number) => {
    if (address) floats.fill(0, address / 4, (address + bytes) / 4);
  };
  for (const z of [fields.z, fields.zNext]) clear(z, rows * fields.stride);
  clear(fields.c, rows * fields.cStride);
  clear(fields.meeting, meetingBytes(mayShare(plan)));
  if (!h0 && !c0) return;
  const offset = stream ? 0 : D;
  for (let r = 0; r < rows; r++) {
    const sample = [(from + r) * M, (from + r + 1) * M] as const;
    if (h0) floats.set(h0.data.subarray(...sample), (fields.z + r * fields.stride) / 4 + offset);
    if (c0) floats.set(c0.data.subarray(...sample), (fields.c + r * fields.cStride) / 4);
  }
}

/** Copies x and the mask of steps [first, first + steps) into a block's window. */
export function stageWindow({ kernel, args, T, D }: Plan, { from, rows, at, fields }: Block, first: number, steps: number): void {
  fields.T = steps;
  kernel.write(at, BLOCK_FIELDS, fields);
  const floats = kernel.floats();
  const x = args.x.data;
  if (steps === T) floats.set(x.subarray(from * T * D, (from + rows) * T * D), fields.x / 4);
  for (let r = 0; r < rows; r++) {
    const row = (from + r) * T + first;
    if (steps !== T) floats.set(x.subarray(row * D, (row + steps) * D), fields.x / 4 + r * steps * D);
    if (args.mask) kernel.bytes().set(args.mask.subarray(row, row + steps), fields.mask + r * steps);
  }
}

/** Copies the outputs of steps [first, first + steps) of the block into out [N, T, M]. */
export function readSequence({ kernel, T, M }: Plan, { from, rows, fields }: Block, first: number, steps: number, out: Float32Array): void {
  const floats = kernel.floats();
  const at = fields.sequence / 4;
  if (steps === T) out.set(floats.subarray(at, at + rows * T * M), from * T * M);
  else for (let r = 0; r < rows; r++) out.set(floats.subarray(at + r * steps * M, at + (r + 1) * steps * M), ((from + r) * T + first) * M);
}

/** Copies the block's last output and states [N, M] into the outputs. */
export function readStates({ kernel, args, T, D, M, stream }: Plan, { from, rows, fields }: Block, outputs: Outputs): void {
  const lastStep = args.reverse ? 0 : T - 1;
  const mark = kernel.mark();
  const dense = kernel.take(4 * rows * M);
  const gather = (at: number, stride: number): Float32Array => {
    kernel.run.gatherRows(at, stride, rows, 4 * M, dense);
    return kernel.floats().subarray(dense / 4, dense / 4 + rows * M);
  };
  const h = gather(fields.z + (stream ? 0 : 4 * D), fields.stride);
  outputs.h.set(h, from * M);
  if (outputs.last !== outputs.h) {
    outputs.last.set(h, from * M);
    for (let n = from; n < from + rows; n++) if (args.mask![n * T + lastStep] === 0) outputs.last.fill(0, n * M, (n + 1) * M);
  }
  outputs.c?.set(gather(fields.c, fields.cStride), from * M);
  kernel.release(mark);
}
