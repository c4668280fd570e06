import type { RecurrenceArgs } from '../../layers/layer.js';
import { rowPieces } from '../../tensor/lazy.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { startValues } from './fused.js';
import { FUSED, type FusedCell, type Kernel, MOST_BLOCKS, roomIn, SOURCE_FIELDS } from './kernel.js';
import type { Pool } from './pool.js';

/** How a recurrence is divided for the WASM kernel (rows per block, steps per window, threads), and where its packed weights are. */

/** Working set of one thread: a block's two states and its c should stay in the second-level cache. */
const BLOCK_BYTES = 512 * 1024;
const [LEAST_ROWS, MOST_ROWS] = [20, 80];
/** Working set that stays in the first-level cache. Blocks that small may have more than MOST_ROWS rows, so that there are fewer blocks. */
const SMALL_BLOCK_BYTES = 36 * 1024;
/** Weights up to this size stay in the second-level cache from block to block, so small blocks cost nothing extra over at least LEAST_STEPS steps. */
const NEAR_BYTES = 512 * 1024;
const LEAST_STEPS = 8;
/** Weights from this size on are prefetched (assembly/fetch.ts); smaller ones come fast enough from the third-level cache. */
const FAR_BYTES = 8 * 2 ** 20;
/** Size of a window: x and outputs of a block that are in memory at a time. */
const WINDOW_BYTES = 4 * 2 ** 20;
/** Most memory of the blocks that are in memory together, for several threads. */
const GROUP_BYTES = 64 * 2 ** 20;
/** Rows per thread below which another thread does not pay off, because the tiles get too low. */
const LEAST_ROWS_OF_THREAD = 3;
/** Multiply-adds that each thread sharing a stream must have per step: a microsecond, several times the cost of the meeting after it. */
const LEAST_WORK_OF_PART = 16_384;
/** Size of x·Wx + b computed at a time: as many steps as fit a part of the cache. */
const PROJECTED_BYTES = 128 * 1024;

export interface Plan {
  readonly kernel: Kernel;
  readonly args: RecurrenceArgs;
  readonly kind: FusedCell;
  readonly N: number;
  readonly T: number;
  readonly D: number;
  readonly M: number;
  /** units, rounded up to a multiple of four */
  readonly padded: number;
  readonly stream: boolean;
  readonly pool?: Pool;
  /** rows of a block */
  readonly rows: number;
  /** steps of a window */
  readonly window: number;
  readonly weights: number;
  /** whether the weights do not stay in the caches from step to step */
  readonly far: boolean;
  readonly wide: number;
}

/** Plans a recurrence: what all its blocks have in common. Packs the weights into the kernel's memory. */
export function makePlan(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel, pool: Pool | undefined): Plan {
  const [N, T, D] = args.x.shape;
  const M = args.units;
  const padded = Math.ceil(M / 4) * 4;
  // one sample at a time (assembly/stream.ts): tiles of one row would be slower, and with threads, two rows are work for two threads
  const stream = N === 1 || (N === 2 && pool !== undefined);
  const weightBytes = 4 * padded * (args.cell.gates.length * (D + M + 1) + (kind === 'gru' ? 1 : 0));
  const near = T >= LEAST_STEPS && weightBytes <= NEAR_BYTES;
  const rows = stream ? 1 : rowsOfBlock(N, D, padded, near, pool?.threads ?? 1);
  const window = Math.max(1, Math.min(T, Math.floor(WINDOW_BYTES / (4 * rows * (D + (args.sequence ? M : 0))))));
  const weights = kernel.take(weightBytes);
  const wide = stream ? kernel.take(4 * padded * (args.cell.gates.length * M + 1)) : 0;
  packWeights(args, kind, kernel, weights, wide);
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
    weights,
    far: weightBytes >= FAR_BYTES,
    wide,
  };
}

/** Rows per block: as many as fit the cache, in blocks of about equal size, with at least one block per thread. */
function rowsOfBlock(N: number, D: number, padded: number, near: boolean, threads: number): number {
  const each = 4 * (2 * (D + padded) + padded);
  const small = Math.floor(SMALL_BLOCK_BYTES / each);
  const most = Math.max(LEAST_ROWS, near ? small : Math.min(Math.max(MOST_ROWS, small), Math.floor(BLOCK_BYTES / each)));
  const sharing = Math.max(1, Math.min(threads, Math.floor(N / LEAST_ROWS_OF_THREAD)));
  const blocks = Math.ceil(N / most / sharing) * sharing;
  return Math.ceil(N / blocks);
}

/** How many blocks are in memory together: one, or with threads at least one for each. */
export function blocksAtOnce(plan: Plan): number {
  const { pool } = plan;
  return pool ? Math.min(MOST_BLOCKS, Math.max(pool.threads, Math.floor(GROUP_BYTES / bytesOfBlock(plan)))) : 1;
}

/** Approximate size of the window and the states of one block. */
function bytesOfBlock({ rows, window, D, M, padded }: Plan): number {
  return 4 * rows * (window * (D + M) + 2 * (D + padded) + 2 * padded);
}

/**
 * Packs the weights: panels at `weights`; for a stream, wide panels of the recurrent weights at `wide`. The raw weights are copied after the
 * packed ones, some rows at a time.
 */
function packWeights(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel, weights: number, wide: number): void {
  const [D, width] = args.weights.kernel!.shape;
  const start = startValues(args);
  const mark = kernel.mark();
  const put = (data: FloatArray | undefined) => {
    if (!data) return 0;
    const at = kernel.take(4 * data.length);
    kernel.floats().set(data, at / 4);
    return at;
  };
  const source = kernel.take(4 * SOURCE_FIELDS.length);
  const none = { kernel: 0, recurrent: 0, kernelFrom: 0, kernelRows: 0, recurrentFrom: 0, recurrentRows: 0 };
  const fields = { D, M: args.units, width, ...none, bias: put(start.input), recurrentBias: put(start.recurrent) };
  const room = roomIn(kernel);
  for (const { from, count, numbers } of rowPieces(args.weights.kernel!, room)) {
    kernel.write(source, SOURCE_FIELDS, { ...fields, kernel: numbers.byteOffset, kernelFrom: from, kernelRows: count });
    kernel.run.packPanels(source, FUSED[kind], weights);
  }
  for (const { from, count, numbers } of rowPieces(args.weights.recurrentKernel!, room)) {
    kernel.write(source, SOURCE_FIELDS, { ...fields, recurrent: numbers.byteOffset, recurrentFrom: from, recurrentRows: count });
    // a stream reads the recurrent weights from wide panels only
    if (wide) kernel.run.packWide(source, FUSED[kind], wide);
    else kernel.run.packPanels(source, FUSED[kind], weights);
  }
  kernel.release(mark);
}

/** How many threads share one stream: all that have started, as far as each has enough work between two meetings. */
export function partsOf({ pool, N, M, args, kind, padded }: Plan): number {
  if (!pool || N > 1 || kind === 'gruBefore') return 1;
  return Math.max(1, Math.min(pool.threads, pool.ready(), Math.floor((padded * args.cell.gates.length * M) / LEAST_WORK_OF_PART)));
}

/** How many steps of x are multiplied by Wx at a time. */
export function projectedSteps({ args, padded, window }: Plan): number {
  return Math.min(window, Math.max(5, Math.floor(PROJECTED_BYTES / (4 * padded * args.cell.gates.length))));
}
