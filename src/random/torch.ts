import { log } from '../numerics/log.js';
import { sineCosine } from '../numerics/trig.js';
import { fill } from './fill.js';
import { fusedMultiplyAdd } from './float32.js';
import { integerSeed } from './integerSeed.js';
import { mt19937 } from './mt19937.js';
import type { ArrayStream, StreamKind } from './random.js';
import { normalBlock } from './torchBlock.js';

const PROMISE = 'torch-cpu/v1';

/**
 * PyTorch's generator on the CPU after torch.manual_seed(s), as its builds for AVX2 and AVX-512 draw from it. `uniform` is torch.rand of one
 * float32 number, `normal` a double of the pair that small arrays are made of.
 */
export interface TorchStream extends ArrayStream {
  /** tensor.uniform_(low, high), float32 */
  uniforms(count: number, low: number, high: number): Float32Array;
  /** torch.randn, float32 */
  normals(count: number): Float32Array;
}

/** arrays of at least this size are transformed in blocks of it */
const BLOCK = 16;

/** @param seed the lower 32 bits of PyTorch's seed: no others reach the Mersenne Twister */
function torchStream(seed: number): TorchStream {
  const u32 = mt19937(seed);
  const uniform = () => (u32() & 0xffffff) / 16777216;
  let spare: number | null = null;

  // 53 bits; the first number is the upper half
  function uniform64(): number {
    const high = u32();
    return ((high & 0x1fffff) * 4294967296 + u32()) / 9007199254740992;
  }

  // Box and Muller's pair in double; the sine is kept for the next call, whatever array it is for
  function normal(): number {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const u1 = uniform64();
    const u2 = uniform64();
    const radius = Math.sqrt(-2 * log(1 - u2));
    const { sin, cos } = sineCosine(2 * Math.PI * u1);
    spare = radius * sin;
    return radius * cos;
  }

  function uniforms(count: number, low: number, high: number): Float32Array {
    const from = Math.fround(low);
    const width = Math.fround(Math.fround(high) - from);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = fusedMultiplyAdd(uniform(), width, from);
    return values;
  }

  // all whole blocks; then, if numbers remain, the last 16 are drawn anew, overlapping the block before
  function normals(count: number): Float32Array {
    if (count < BLOCK) return fill(new Float32Array(count), normal);
    const values = uniforms(count, 0, 1);
    for (let at = 0; at + BLOCK <= count; at += BLOCK) normalBlock(values, at);
    if (count % BLOCK === 0) return values;
    values.set(uniforms(BLOCK, 0, 1), count - BLOCK);
    normalBlock(values, count - BLOCK);
    return values;
  }

  return {
    uniform,
    normal,
    uniforms,
    normals,
    integers: (high, count) => fill(new Float64Array(count), () => u32() % high),
  };
}

export const torch: StreamKind<TorchStream> = {
  name: 'torch',
  promise: PROMISE,
  open: seed => torchStream(Number(BigInt.asUintN(32, integerSeed(seed, 'torch.manual_seed', -(2n ** 63n), 2n ** 64n - 1n)))),
};
