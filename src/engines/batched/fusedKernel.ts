import type { RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import { startValues } from './fused.js';
import { BLOCK_FIELDS, FUSED, type FusedCell, type Kernel, SOURCE_FIELDS } from './kernel.js';
import type { Pool } from './pool.js';

/**
 * The fast path on the WASM kernel. Samples go through it in blocks, long sequences in windows of time: memory is bounded, and neither
 * changes a bit, because every sample's sums are its own.
 */

/** What one thread keeps at hand: two states of a block and its c should stay in the second-level cache. */
const BLOCK_BYTES = 512 * 1024;
const [LEAST_ROWS, MOST_ROWS] = [20, 80];
/** More rows than that where they fit the first-level cache: fewer blocks to lay out. */
const SMALL_BLOCK_BYTES = 40 * 1024;
/** x and outputs of a block at a time */
const WINDOW_BYTES = 4 * 2 ** 20;
/** Up to here samples run one by one (assembly/stream.ts): tiles of one or two rows are slower. */
const STREAM_ROWS = 2;
/** What the blocks that several threads take from may occupy together. */
const GROUP_BYTES = 64 * 2 ** 20;
/** Fewer rows than this a thread are not worth a thread: the tiles get low. */
const LEAST_ROWS_OF_THREAD = 4;
/** Multiply-adds of a step that a thread of a shared stream needs: a microsecond, some times what the meeting after it takes. */
const LEAST_WORK_OF_PART = 16_384;
/** Multiply-adds after which it is asked again whether threads pay: some milliseconds, to which waking them adds little. */
const WORK_OF_TURN = 2 ** 25;
/** in one round of the pool */
const MOST_BLOCKS = 4096;
/** preactivations of the rows whose gates are computed together (assembly/steps.ts) */
const SCRATCH_BYTES = 20 * 128;
/** x·Wx + b of as many steps at a time as fit a part of the cache */
const PROJECTED_BYTES = 128 * 1024;

interface Plan {
  readonly kernel: Kernel;
  readonly args: RecurrenceArgs;
  readonly kind: FusedCell;
  readonly N: number;
  readonly T: number;
  readonly D: number;
  readonly M: number;
  /** units rounded up to vectors of four */
  readonly padded: number;
  readonly stream: boolean;
  readonly pool?: Pool;
  /** rows of a block */
  readonly rows: number;
  /** steps of a window */
  readonly window: number;
  readonly weights: number;
  readonly wide: number;
}

/** A block's place in memory, and where its run stands. */
interface Block {
  readonly from: number;
  readonly rows: number;
  readonly at: number;
  readonly fields: Record<(typeof BLOCK_FIELDS)[number], number>;
}

interface Outputs {
  readonly sequence?: Float32Array;
  /** the same array as h where nothing is masked */
  readonly last: Float32Array;
  readonly h: Float32Array;
  readonly c?: Float32Array;
}

export function fusedKernel(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel, pool?: Pool): RecurrenceResult {
  kernel.reset();
  const plan = makePlan(args, kind, kernel, pool);
  const { N, T, M } = plan;
  const h = new Float32Array(N * M);
  const outputs: Outputs = {
    sequence: args.sequence ? new Float32Array(N * T * M) : undefined,
    last: args.mask && args.zeroOutputForMask ? new Float32Array(N * M) : h,
    h,
    c: kind === 'lstm' ? new Float32Array(N * M) : undefined,
  };
  const { rows } = plan;
  const group = pool ? Math.max(pool.threads, Math.floor(GROUP_BYTES / bytesOfBlock(plan))) : 1;
  for (let from = 0; from < N; ) {
    const ranges = [];
    for (; from < N && ranges.length < Math.min(group, MOST_BLOCKS); from += rows) ranges.push({ from, rows: Math.min(rows, N - from) });
    const mark = kernel.mark();
    runBlocks(plan, ranges, outputs);
    kernel.release(mark);
  }
  const tensor = (data: Float32Array): Tensor => ({ shape: [N, M], data });
  return {
    sequence: outputs.sequence && { shape: [N, T, M], data: outputs.sequence },
    last: tensor(outputs.last),
    states: outputs.c ? [tensor(outputs.h), tensor(outputs.c)] : [tensor(outputs.h)],
  };
}

/**
 * A recurrence that is run again and again over inputs of this shape, from zeros: weights packed, every place laid out, and x [N·T·D] in,
 * the sequence or the last h out. undefined: too large to be one block in one window.
 */
export function residentRecurrence(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel): ((x: Float32Array) => Float32Array) | undefined {
  const plan = makePlan(args, kind, kernel, undefined);
  const { N, T, D, M, stream, window } = plan;
  if (plan.rows < N || window < T || args.initial) return undefined;
  const block = placeBlock(plan, { from: 0, rows: N });
  const { at, fields } = block;
  kernel.write(at, BLOCK_FIELDS, { ...fields, T });
  const run = stream ? kernel.run.runStream : kernel.run.runSteps;
  const chunk = stream ? projectedSteps(plan) : T;
  const [x, z, zEnd, c, cEnd] = [fields.x, fields.z, fields.z + N * fields.stride, fields.c, fields.c + N * fields.cStride].map(a => a / 4);
  const zNext = fields.zNext / 4;
  // an odd number of steps leaves h in the other of the two
  const h = (stream || T % 2 === 0 ? z : zNext) + (stream ? 0 : D);
  return data => {
    const floats = kernel.floats();
    floats.set(data, x);
    floats.fill(0, z, zEnd);
    if (zNext) floats.fill(0, zNext, zNext + zEnd - z);
    if (c) floats.fill(0, c, cEnd);
    for (let from = 0; from < T; from += chunk) run(at, FUSED[kind], from, Math.min(T, from + chunk));
    if (args.sequence) return floats.slice(fields.sequence / 4, fields.sequence / 4 + N * T * M);
    const last = new Float32Array(N * M);
    for (let n = 0; n < N; n++) last.set(floats.subarray(h + (n * fields.stride) / 4, h + (n * fields.stride) / 4 + M), n * M);
    return last;
  };
}

function makePlan(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel, pool: Pool | undefined): Plan {
  const [N, T, D] = args.x.shape;
  const M = args.units;
  const padded = Math.ceil(M / 4) * 4;
  const stream = N <= STREAM_ROWS;
  const rows = stream ? 1 : rowsOfBlock(N, D, padded, pool?.threads ?? 1);
  const window = Math.max(1, Math.min(T, Math.floor(WINDOW_BYTES / (4 * rows * (D + (args.sequence ? M : 0))))));
  const weights = packWeights(args, kind, kernel, padded, stream);
  return {
    kernel,
    args,
    kind,
    N,
    T,
    D,
    M,
    padded,
    stream,
    pool: rows < N || N === 1 ? pool : undefined,
    rows,
    window,
    ...weights,
  };
}

/** As many rows as the cache carries, in blocks of about the same size, at least one for every thread. */
function rowsOfBlock(N: number, D: number, padded: number, threads: number): number {
  const each = 4 * (2 * (D + padded) + padded);
  const many = Math.max(MOST_ROWS, Math.floor(SMALL_BLOCK_BYTES / each));
  const most = Math.max(LEAST_ROWS, Math.min(many, Math.floor(BLOCK_BYTES / each)));
  const sharing = Math.max(1, Math.min(threads, Math.floor(N / LEAST_ROWS_OF_THREAD)));
  const blocks = Math.ceil(N / most / sharing) * sharing;
  return Math.ceil(N / blocks);
}

/** the window and the states of one block, about */
function bytesOfBlock({ rows, window, D, M, padded }: Plan): number {
  return 4 * rows * (window * (D + M) + 2 * (D + padded) + 2 * padded);
}

/** Raw weights go in behind the packed ones, which stay. */
function packWeights(
  args: RecurrenceArgs,
  kind: FusedCell,
  kernel: Kernel,
  padded: number,
  stream: boolean,
): { weights: number; wide: number } {
  const [D, width] = args.weights.kernel!.shape;
  const M = args.units;
  const gates = width / M;
  const start = startValues(args);
  const weights = kernel.take(4 * padded * (gates * (D + M + 1) + (kind === 'gru' ? 1 : 0)));
  const wide = stream ? kernel.take(4 * padded * (gates * M + 1)) : 0;
  const mark = kernel.mark();
  const put = (data: FloatArray | undefined) => {
    if (!data) return 0;
    const at = kernel.take(4 * data.length);
    kernel.floats().set(data, at / 4);
    return at;
  };
  const source = kernel.take(4 * SOURCE_FIELDS.length);
  kernel.write(source, SOURCE_FIELDS, {
    D,
    M,
    width,
    kernel: put(args.weights.kernel!.data),
    recurrent: put(args.weights.recurrentKernel!.data),
    bias: put(start.input),
    recurrentBias: put(start.recurrent),
  });
  kernel.run.packPanels(source, FUSED[kind], weights);
  if (stream) kernel.run.packWide(source, FUSED[kind], wide);
  kernel.release(mark);
  return { weights, wide };
}

/** All windows of some blocks: x in, steps, outputs out. */
function runBlocks(plan: Plan, ranges: readonly { from: number; rows: number }[], outputs: Outputs): void {
  const { T, window, args } = plan;
  const blocks = ranges.map(range => placeBlock(plan, range));
  for (const block of blocks) writeStates(plan, block);
  for (let done = 0; done < T; done += window) {
    const steps = Math.min(window, T - done);
    const first = args.reverse ? T - done - steps : done;
    for (const block of blocks) stageWindow(plan, block, first, steps);
    runSteps(plan, blocks, steps);
    for (const block of blocks) {
      if (!plan.stream && steps % 2 === 1) [block.fields.z, block.fields.zNext] = [block.fields.zNext, block.fields.z];
      if (outputs.sequence) readSequence(plan, block, first, steps, outputs.sequence);
    }
  }
  for (const block of blocks) readStates(plan, block, outputs);
}

function runSteps(plan: Plan, blocks: readonly Block[], steps: number): void {
  const { kernel, kind, stream, pool } = plan;
  const chunk = stream ? projectedSteps(plan) : steps;
  if (pool && blocks.length > 1) {
    pool.run({ kind, way: stream ? 'stream' : 'steps', blocks: blocks.map(block => block.at), from: 0, to: steps, chunk });
    return;
  }
  const run = stream ? kernel.run.runStream : kernel.run.runSteps;
  const alone = (at: number, first: number, end: number) => {
    for (let from = first; from < end; from += chunk) run(at, FUSED[kind], from, Math.min(end, from + chunk));
  };
  const parts = partsOf(plan);
  if (parts === 1) for (const { at } of blocks) alone(at, 0, steps);
  else shareStream(plan, blocks[0].at, steps, chunk, parts, alone);
}

/** One sample, some thousand steps at a time, by one thread or by all: whichever is faster. */
function shareStream(
  { pool, kind, D, M, args }: Plan,
  at: number,
  steps: number,
  chunk: number,
  parts: number,
  alone: (at: number, from: number, to: number) => void,
): void {
  const { run } = pool!.sharing(`${kind} ${D} ${M} ${parts}`);
  const turn = Math.ceil(WORK_OF_TURN / (args.cell.gates.length * M * (D + M)) / chunk) * chunk;
  const blocks = Array.from({ length: parts }, () => at);
  for (let from = 0; from < steps; from += turn) {
    const to = Math.min(steps, from + turn);
    run(
      to - from,
      () => alone(at, from, to),
      () => pool!.run({ kind, way: 'part', blocks, from, to, chunk }),
    );
  }
}

/** How many threads share one stream: all that have started and have enough to do between two meetings. */
function partsOf({ pool, N, M, args, kind, padded }: Plan): number {
  if (!pool || N > 1 || kind === 'gruBefore') return 1;
  return Math.max(1, Math.min(pool.threads, pool.ready(), Math.floor((padded * args.cell.gates.length * M) / LEAST_WORK_OF_PART)));
}

function projectedSteps({ args, padded, window }: Plan): number {
  return Math.min(window, Math.max(5, Math.floor(PROJECTED_BYTES / (4 * padded * args.cell.gates.length))));
}

function placeBlock(plan: Plan, { from, rows }: { from: number; rows: number }): Block {
  const { kernel, args, kind, D, M, padded, stream, window } = plan;
  const gates = args.cell.gates.length;
  const stride = 4 * (stream ? padded : D + padded);
  const before = kind === 'gruBefore';
  const shared = stream && plan.pool ? plan.pool.threads : 1;
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
      scratch: kernel.take(stream ? 4 * gates * padded : SCRATCH_BYTES + (before ? rows * stride : 0)),
      mask: take(args.mask !== undefined, rows * window),
      saved: take(stream ? before : args.mask !== undefined, 4 * rows * padded),
      sequence: take(args.sequence, 4 * rows * window * M),
      zeroMasked: Number(args.zeroOutputForMask),
      wide: plan.wide,
      projected: take(stream, 4 * gates * padded * projectedSteps(plan)),
      meeting: take(shared > 1, 64 * (shared + 1)),
      aside: kernel.take(192 * shared),
    },
  };
}

/** Initial states, zeros unless given; what pads a row is zero, too. */
function writeStates({ kernel, args, D, M, stream }: Plan, { from, rows, fields }: Block): void {
  const floats = kernel.floats();
  const [h0, c0] = args.initial ?? [];
  const clear = (address: number, bytes: number) => {
    if (address) floats.fill(0, address / 4, (address + bytes) / 4);
  };
  for (const z of [fields.z, fields.zNext]) clear(z, rows * fields.stride);
  clear(fields.c, rows * fields.cStride);
  clear(fields.meeting, fields.aside - fields.meeting);
  const offset = stream ? 0 : D;
  for (let r = 0; r < rows; r++) {
    const sample = [(from + r) * M, (from + r + 1) * M] as const;
    if (h0) floats.set(h0.data.subarray(...sample), (fields.z + r * fields.stride) / 4 + offset);
    if (c0) floats.set(c0.data.subarray(...sample), (fields.c + r * fields.cStride) / 4);
  }
}

/** x and mask of steps [first, first + steps) into a block's window. */
function stageWindow({ kernel, args, T, D }: Plan, { from, rows, at, fields }: Block, first: number, steps: number): void {
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

function readSequence({ kernel, T, M }: Plan, { from, rows, fields }: Block, first: number, steps: number, out: Float32Array): void {
  const floats = kernel.floats();
  const at = fields.sequence / 4;
  if (steps === T) out.set(floats.subarray(at, at + rows * T * M), from * T * M);
  else for (let r = 0; r < rows; r++) out.set(floats.subarray(at + r * steps * M, at + (r + 1) * steps * M), ((from + r) * T + first) * M);
}

function readStates({ kernel, args, T, D, M, stream }: Plan, { from, rows, fields }: Block, outputs: Outputs): void {
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
