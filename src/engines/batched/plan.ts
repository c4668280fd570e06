import type { RecurrenceArgs } from '../../layers/layer.js';
import { rowPieces } from '../../tensor/lazy.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { startValues } from './fused.js';
import { FUSED, type FusedCell, type Kernel, MOST_BLOCKS, roomIn, SOURCE_FIELDS } from './kernel.js';
import type { Pool } from './pool.js';

/** How a recurrence is cut for the WASM kernel: rows of a block, steps of a window, threads; and its weights, packed. */

/** What one thread keeps at hand: two states of a block and its c should stay in the second-level cache. */
const BLOCK_BYTES = 512 * 1024;
const [LEAST_ROWS, MOST_ROWS] = [20, 80];
/** What stays in the first-level cache. Small blocks may have more than MOST_ROWS: fewer to lay out. */
const SMALL_BLOCK_BYTES = 36 * 1024;
/** Weights up to here stay in the second-level cache from block to block, so that small blocks cost nothing over as many steps or more. */
const NEAR_BYTES = 512 * 1024;
const LEAST_STEPS = 8;
/** Weights from here on are fetched before they are needed (assembly/fetch.ts); less comes fast enough from the third cache. */
const FAR_BYTES = 8 * 2 ** 20;
/** x and outputs of a block at a time */
const WINDOW_BYTES = 4 * 2 ** 20;
/** What the blocks that several threads take from may occupy together. */
const GROUP_BYTES = 64 * 2 ** 20;
/** Fewer rows than this a thread are not worth a thread: the tiles get low. */
const LEAST_ROWS_OF_THREAD = 3;
/** Multiply-adds of a step that a thread of a shared stream needs: a microsecond, some times what the meeting after it takes. */
const LEAST_WORK_OF_PART = 16_384;
/** x·Wx + b of as many steps at a time as fit a part of the cache */
const PROJECTED_BYTES = 128 * 1024;

export interface Plan {
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
  /** they come from far away at every step */
  readonly far: boolean;
  readonly wide: number;
}

/** How a recurrence lies in the memory of the kernel: what all its blocks of rows share. */
export function makePlan(args: RecurrenceArgs, kind: FusedCell, kernel: Kernel, pool: Pool | undefined): Plan {
  const [N, T, D] = args.x.shape;
  const M = args.units;
  const padded = Math.ceil(M / 4) * 4;
  // one by one (assembly/stream.ts): tiles of one row are slower, and two rows are two threads' work
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

/** As many rows as the cache carries, in blocks of about the same size, at least one for every thread. */
function rowsOfBlock(N: number, D: number, padded: number, near: boolean, threads: number): number {
  const each = 4 * (2 * (D + padded) + padded);
  const small = Math.floor(SMALL_BLOCK_BYTES / each);
  const most = Math.max(LEAST_ROWS, near ? small : Math.min(Math.max(MOST_ROWS, small), Math.floor(BLOCK_BYTES / each)));
  const sharing = Math.max(1, Math.min(threads, Math.floor(N / LEAST_ROWS_OF_THREAD)));
  const blocks = Math.ceil(N / most / sharing) * sharing;
  return Math.ceil(N / blocks);
}

/** How many blocks are in memory together: one, or as many as the threads of the pool take from. */
export function blocksAtOnce(plan: Plan): number {
  const { pool } = plan;
  return pool ? Math.min(MOST_BLOCKS, Math.max(pool.threads, Math.floor(GROUP_BYTES / bytesOfBlock(plan)))) : 1;
}

/** the window and the states of one block, about */
function bytesOfBlock({ rows, window, D, M, padded }: Plan): number {
  return 4 * rows * (window * (D + M) + 2 * (D + padded) + 2 * padded);
}

/** Panels at `weights`, for a stream wide ones of the recurrent weights at `wide`. Raw weights go in behind the packed ones, some rows at a time. */
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
    // a stream reads them in wide panels only
    if (wide) kernel.run.packWide(source, FUSED[kind], wide);
    else kernel.run.packPanels(source, FUSED[kind], weights);
  }
  kernel.release(mark);
}

/** How many threads share one stream: all that have started and have enough to do between two meetings. */
export function partsOf({ pool, N, M, args, kind, padded }: Plan): number {
  if (!pool || N > 1 || kind === 'gruBefore') return 1;
  return Math.max(1, Math.min(pool.threads, pool.ready(), Math.floor((padded * args.cell.gates.length * M) / LEAST_WORK_OF_PART)));
}

/** Steps of x that are multiplied with Wx at once. */
export function projectedSteps({ args, padded, window }: Plan): number {
  return Math.min(window, Math.max(5, Math.floor(PROJECTED_BYTES / (4 * padded * args.cell.gates.length))));
}
