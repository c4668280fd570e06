import { Worker } from 'node:worker_threads';
import { FUSED, type FusedCell, type Kernel, MOST_BLOCKS } from './kernel.js';
import { type Sharing, sharing } from './sharing.js';

/**
 * Threads that run blocks in the kernel's memory. The calling thread takes part, so it is not idle while the others start. Which thread runs
 * a block does not change a bit. Blocks are handed out one at a time, so that a slower core takes fewer.
 */
export interface Pool {
  /** number of threads, including the calling one */
  readonly threads: number;
  /** how many of them have started, including the calling one */
  ready(): number;
  run(round: Round): void;
  /** decides whether to share streams of this kind, from the times measured so far */
  sharing(kind: string): Sharing;
}

export interface Round {
  readonly kind: FusedCell;
  /** 'steps': blocks of samples; 'stream': single samples; 'part': one sample shared by threads, with the same block listed once per ready thread */
  readonly way: 'steps' | 'stream' | 'part';
  /** addresses, at most MOST_BLOCKS */
  readonly blocks: readonly number[];
  /** steps [from, to) of every block, at most `chunk` per call */
  readonly from: number;
  readonly to: number;
  readonly chunk: number;
}

/** Indices in the shared control block. `next` holds round · 2^16 + the next block to take; the blocks' addresses start at `blocks`. */
const WORDS = { round: 0, next: 1, count: 2, done: 3, failed: 4, cell: 5, way: 6, from: 7, to: 8, chunk: 9, ready: 10, blocks: 16 };

const WAYS = { steps: 0, stream: 1, part: 2 };

type Exports = Pick<Kernel['run'], 'runSteps' | 'runStream' | 'runStreamPart'>;

/**
 * Runs in every thread, including the calling one: takes blocks until the round has none left. The workers run the source text of this
 * function, so it must not use anything from outside. A number taken from `next` includes the round it belongs to, so a thread that slept
 * through the end of a round notices and takes nothing.
 */
function takeBlocks(words: Int32Array, exports: Exports, at: typeof WORDS): void {
  for (;;) {
    const taken = Atomics.add(words, at.next, 1);
    const index = taken & 0xffff;
    if (((taken >>> 16) & 0xffff) !== (Atomics.load(words, at.round) & 0xffff) || index >= words[at.count]) return;
    try {
      const run: Exports['runStreamPart'] = [exports.runSteps, exports.runStream, exports.runStreamPart][words[at.way]];
      for (let from = words[at.from]; from < words[at.to]; from += words[at.chunk]) {
        run(words[at.blocks + index], words[at.cell], from, Math.min(words[at.to], from + words[at.chunk]), index, words[at.count]);
      }
    } catch {
      Atomics.store(words, at.failed, 1);
    }
    if (Atomics.add(words, at.done, 1) + 1 === words[at.count]) Atomics.notify(words, at.done);
  }
}

const WORKER = `
const { module, memory, words, at } = require('node:worker_threads').workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const takeBlocks = ${takeBlocks};
Atomics.add(words, at.ready, 1);
for (let seen = 0; ; ) {
  Atomics.wait(words, at.round, seen);
  seen = Atomics.load(words, at.round);
  takeBlocks(words, exports, at);
}`;

const pools = new WeakMap<Kernel, { words: Int32Array; workers: number; sharings: Map<string, Sharing> }>();

/** Returns the kernel's pool with at least this many threads. They stay for the next call and do not keep the process alive. */
export function poolOf(kernel: Kernel, threads: number): Pool {
  const pool = pools.get(kernel) ?? {
    words: new Int32Array(new SharedArrayBuffer(4 * (WORDS.blocks + MOST_BLOCKS))),
    workers: 0,
    sharings: new Map(),
  };
  pools.set(kernel, pool);
  for (; pool.workers < threads - 1; pool.workers++) {
    const workerData = { module: kernel.module, memory: kernel.memory, words: pool.words, at: WORDS };
    // if the system cannot start a worker, the others take its blocks
    new Worker(WORKER, { eval: true, workerData, execArgv: [], env: {} }).on('error', () => undefined).unref();
  }
  return {
    threads,
    ready: () => 1 + Atomics.load(pool.words, WORDS.ready),
    run: round => runRound(kernel, pool.words, round),
    sharing(kind) {
      const known = pool.sharings.get(kind) ?? sharing();
      pool.sharings.set(kind, known);
      return known;
    },
  };
}

function runRound(kernel: Kernel, words: Int32Array, { kind, way, blocks, from, to, chunk }: Round): void {
  const round = words[WORDS.round] + 1;
  words.set(blocks, WORDS.blocks);
  words[WORDS.count] = blocks.length;
  words[WORDS.done] = 0;
  words[WORDS.failed] = 0;
  words[WORDS.cell] = FUSED[kind];
  words[WORDS.way] = WAYS[way];
  words[WORDS.from] = from;
  words[WORDS.to] = to;
  words[WORDS.chunk] = chunk;
  Atomics.store(words, WORDS.round, round);
  Atomics.store(words, WORDS.next, round << 16);
  Atomics.notify(words, WORDS.round);
  takeBlocks(words, kernel.run, WORDS);
  for (let done = 0; done < blocks.length; done = Atomics.load(words, WORDS.done)) Atomics.wait(words, WORDS.done, done);
  if (words[WORDS.failed]) throw new Error('a thread of the batched engine failed');
}
