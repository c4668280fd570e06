import { Worker } from 'node:worker_threads';
import { FUSED, type FusedCell, type Kernel, MOST_BLOCKS } from './kernel.js';
import { type Sharing, sharing } from './sharing.js';

/**
 * Threads that run blocks in the kernel's memory. The calling thread works along: while the others start up it is not idle, and where a block
 * runs changes no bit of it. Blocks are handed out one at a time, so that a slower core takes fewer.
 */
export interface Pool {
  /** threads, with the calling one */
  readonly threads: number;
  /** how many of them, with the calling one, have started */
  ready(): number;
  run(round: Round): void;
  /** whether sharing a stream of this kind pays, as far as is known */
  sharing(kind: string): Sharing;
}

export interface Round {
  readonly kind: FusedCell;
  /** steps of a block of samples, a sample alone, or one sample shared by threads: then there are as many blocks, all the same, as threads that are ready */
  readonly way: 'steps' | 'stream' | 'part';
  /** addresses, at most MOST_BLOCKS */
  readonly blocks: readonly number[];
  /** steps of every block; at most `chunk` in one call */
  readonly from: number;
  readonly to: number;
  readonly chunk: number;
}

/** Words of the shared control block. `next` is round · 2^16 + the next block to take; the blocks' addresses stand from `blocks` on. */
const WORDS = { round: 0, next: 1, count: 2, done: 3, failed: 4, cell: 5, way: 6, from: 7, to: 8, chunk: 9, ready: 10, blocks: 16 };

const WAYS = { steps: 0, stream: 1, part: 2 };

type Exports = Pick<Kernel['run'], 'runSteps' | 'runStream' | 'runStreamPart'>;

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

/** The kernel's pool with at least so many threads; they stay for the next call and do not keep the process alive. */
export function poolOf(kernel: Kernel, threads: number): Pool {
  const pool = pools.get(kernel) ?? {
    words: new Int32Array(new SharedArrayBuffer(4 * (WORDS.blocks + MOST_BLOCKS))),
    workers: 0,
    sharings: new Map(),
  };
  pools.set(kernel, pool);
  for (; pool.workers < threads - 1; pool.workers++) {
    const workerData = { module: kernel.module, memory: kernel.memory, words: pool.words, at: WORDS };
    // one that the system does not start is missed by nobody: the others take its blocks
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
