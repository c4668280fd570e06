import { log } from '../numerics/log.js';
import { sineCosine } from '../numerics/trig.js';
import { integerSeed } from './integerSeed.js';
import { mt19937FromKey } from './mt19937.js';
import type { RandomStream, StreamKind } from './random.js';
import { wordsOf } from './words.js';

const PROMISE = 'python-random/v1';

/** Python's `random` module after random.seed(s) with a whole number; Keras draws the seeds of its initialisers from it. */
export interface PythonStream extends RandomStream {
  /** random.randint(low, high): both ends included, at most 2^32 numbers wide */
  randint(low: number, high: number): number;
}

export function pythonStream(seed: bigint): PythonStream {
  const u32 = mt19937FromKey(wordsOf(seed < 0n ? -seed : seed));
  const uniform = () => ((u32() >>> 5) * 67108864 + (u32() >>> 6)) / 9007199254740992;
  let spare: number | null = null;

  // random.gauss(0, 1): Box and Muller's pair, the cosine first
  function normal(): number {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const { sin, cos } = sineCosine(uniform() * (2 * Math.PI));
    const radius = Math.sqrt(-2 * log(1 - uniform()));
    spare = sin * radius;
    return cos * radius;
  }

  // as many bits as the number of choices needs, until they name one
  function randint(low: number, high: number): number {
    const choices = high - low + 1;
    const bits = choices === 0x100000000 ? 33 : 32 - Math.clz32(choices);
    for (;;) {
      const value = bits > 32 ? u32() + 0x100000000 * (u32() >>> 31) : u32() >>> (32 - bits);
      if (value < choices) return low + value;
    }
  }

  return { uniform, normal, randint };
}

export const python: StreamKind<PythonStream> = {
  name: 'python',
  promise: PROMISE,
  open: seed => pythonStream(integerSeed(seed, 'random.seed', -(2n ** 63n), 2n ** 64n - 1n)),
};
