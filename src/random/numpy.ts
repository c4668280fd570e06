import { fill } from './fill.js';
import { integerSeed } from './integerSeed.js';
import { mt19937 } from './mt19937.js';
import { polarNormals } from './polar.js';
import type { ArrayStream, StreamKind } from './random.js';

const PROMISE = 'numpy-legacy/v1';

/**
 * np.random.seed(s) and the functions of np.random that draw from it (RandomState, frozen since NumPy 1.16).
 * @param seed 0 … 2^32 − 1
 */
export function numpyStream(seed: number): ArrayStream {
  const u32 = mt19937(seed);
  // 53 bits: 27 of one number, 26 of the next
  const uniform = () => ((u32() >>> 5) * 67108864 + (u32() >>> 6)) / 9007199254740992;
  const normal = polarNormals(uniform, 'y');

  // rejection sampling: on average at most half of the draws are rejected
  function below(high: number): number {
    const most = high - 1;
    if (most === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(most);
    for (;;) {
      const value = (u32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  return {
    uniform,
    normal,
    normals: count => fill(new Float64Array(count), normal),
    integers: (high, count) => fill(new Float64Array(count), () => below(high)),
  };
}

export const numpy: StreamKind<ArrayStream> = {
  name: 'numpy',
  promise: PROMISE,
  open: seed => numpyStream(Number(integerSeed(seed, 'numpy.random.seed', 0n, 0xffffffffn))),
};
