import type { RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Block, type Outputs, placeBlock, readSequence, readStates, stageWindow, writeStates } from './block.js';
import { BLOCK_FIELDS, FUSED, type FusedCell, type Kernel } from './kernel.js';
import { blocksAtOnce, makePlan, type Plan, partsOf, projectedSteps } from './plan.js';
import type { Pool } from './pool.js';

/**
 * The fast path on the WASM kernel. Samples are computed in blocks, and long sequences in windows of time, to bound memory. Neither changes a
 * bit, because samples are independent.
 */

/** Multiply-adds between two decisions whether to use threads: a few milliseconds of work, compared to which waking threads costs little. */
const WORK_OF_TURN = 2 ** 25;

/** Computes the whole recurrence in the WASM kernel, in blocks of rows, with several threads if there is a pool. x [N, T, D] -> [N, T, M] */
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
  const group = blocksAtOnce(plan);
  for (let from = 0; from < N; ) {
    const ranges = [];
    for (; from < N && ranges.length < group; from += rows) ranges.push({ from, rows: Math.min(rows, N - from) });
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
 * Prepares a recurrence that is run repeatedly on inputs of one shape, from zero states: packs the weights and lays out the memory once.
 * @returns a function from x [N·T·D] to the sequence or the last h; undefined if it does not fit one block in one window
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
  // z and zNext are swapped after every step: after an odd number of steps h is in zNext
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

/** Runs all windows of some blocks: copies x in, computes the steps, copies the outputs out. */
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

/** Runs a single sample, a few thousand steps at a time, on one thread or on all, whichever is faster. */
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
