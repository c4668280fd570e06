import { Worker } from 'node:worker_threads';
import { FUSED, type FusedCell, type Kernel } from './kernel.js';

/**
 * Threads that run blocks in the kernel's memory. The calling thread works along: while the others start up it is not idle, and where a block
 * runs changes no bit of it. Blocks are handed out one at a time, so that a slower core takes fewer.
 */
export interface Pool {
  /** threads, with the calling one */
  readonly threads: number;
  run(round: Round): void;
}

export interface Round {
  readonly kind: FusedCell;
  readonly stream: boolean;
  /** addresses, at most MOST_BLOCKS */
  readonly blocks: readonly number[];
  /** of every block; at most `chunk` in one call */
  readonly steps: number;
  readonly chunk: number;
}

export const MOST_BLOCKS = 4096;

/** Words of the shared control block. `next` is round · 2^16 + the next block to take; the blocks' addresses stand from `blocks` on. */
const WORDS = { round: 0, next: 1, count: 2, done: 3, failed: 4, cell: 5, stream: 6, steps: 7, chunk: 8, blocks: 16 };

type Exports = Pick<Kernel['run'], 'runSteps' | 'runStream'>;

/**
 * What every thread does, the calling one included: takes blocks until none of the round is left. Its text is what the workers run, so it uses
 * nothing from outside. A number taken from `next` belongs to the round written in it: a thread that slept through the end of a round
 * sees that and takes nothing.
 */
function takeBlocks(words: Int32Array, exports: Exports, at: typeof WORDS): void {
  for (;;) {
    const taken = Atomics.add(words, at.next, 1);
    const index = taken & 0xffff;
    if (((taken >>> 16) & 0xffff) !== (Atomics.load(words, at.round) & 0xffff) || index >= words[at.count]) return;
    try {
      const run = words[at.stream] ? exports.runStream : exports.runSteps;
      for (let from = 0; from < words[at.steps]; from += words[at.chunk]) {
        run(words[at.blocks + index], words[at.cell], from, Math.min(words[at.steps], from + words[at.chunk]));
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
for (let seen = 0; ; ) {
  Atomics.wait(words, at.round, seen);
  seen = Atomics.load(words, at.round);
  takeBlocks(words, exports, at);
}`;

const pools = new WeakMap<Kernel, { words: Int32Array; workers: number }>();

/** The kernel's pool with at least so many threads; they stay for the next call and do not keep the process alive. */
export function poolOf(kernel: Kernel, threads: number): Pool {
  const pool = pools.get(kernel) ?? { words: new Int32Array(new SharedArrayBuffer(4 * (WORDS.blocks + MOST_BLOCKS))), workers: 0 };
  pools.set(kernel, pool);
  for (; pool.workers < threads - 1; pool.workers++) {
    const workerData = { module: kernel.module, memory: kernel.memory, words: pool.words, at: WORDS };
    new Worker(WORKER, { eval: true, workerData, execArgv: [], env: {} }).unref();
  }
  return { threads, run: round => runRound(kernel, pool.words, round) };
}

function runRound(kernel: Kernel, words: Int32Array, { kind, stream, blocks, steps, chunk }: Round): void {
  const round = words[WORDS.round] + 1;
  words.set(blocks, WORDS.blocks);
  words[WORDS.count] = blocks.length;
  words[WORDS.done] = 0;
  words[WORDS.failed] = 0;
  words[WORDS.cell] = FUSED[kind];
  words[WORDS.stream] = Number(stream);
  words[WORDS.steps] = steps;
  words[WORDS.chunk] = chunk;
  Atomics.store(words, WORDS.round, round);
  Atomics.store(words, WORDS.next, round << 16);
  Atomics.notify(words, WORDS.round);
  takeBlocks(words, kernel.run, WORDS);
  for (let done = 0; done < blocks.length; done = Atomics.load(words, WORDS.done)) Atomics.wait(words, WORDS.done, done);
  if (words[WORDS.failed]) throw new Error('a thread of the batched engine failed');
}
