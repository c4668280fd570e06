import { exp } from '../numerics/exp.js';
import { fill } from './fill.js';
import { integerSeed } from './integerSeed.js';
import type { ArrayStream, StreamKind } from './random.js';
import { productHigh, wordsOf } from './words.js';
import { tail, ziggurat } from './ziggurat.js';

const PROMISE = 'numpy-pcg64/v1';

/** 0x2360ed051fc65da44385df649fccf645 in pieces of 16 bits, the lowest first */
const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];

/** Two halves of 32 bits. */
interface Word {
  high: number;
  low: number;
}

/**
 * PCG64 (O'Neill 2014: 128-bit linear congruence, XSL-RR output), seeded by SeedSequence.
 * @returns the word that `next` fills with the next 64 bits
 */
function generator(seed: bigint): { readonly word: Readonly<Word>; next(): void } {
  const [s0, s1, s2, s3, i0, i1, i2, i3] = seedWords(seed, 8);
  // 128 bits in pieces of 16: sums of products stay exact in doubles. Each pair of words is (low, high), the higher pair comes first.
  const state = pieces([s2, s3, s0, s1]);
  const increment = double(pieces([i2, i3, i0, i1]));
  add(state, increment);
  advance(state, increment);
  const word: Word = { high: 0, low: 0 };
  const next = () => {
    advance(state, increment);
    const a = (state[6] | (state[7] << 16)) ^ (state[2] | (state[3] << 16));
    const b = (state[4] | (state[5] << 16)) ^ (state[0] | (state[1] << 16));
    const turn = state[7] >>> 10;
    const [top, bottom] = turn < 32 ? [a, b] : [b, a];
    const by = turn & 31;
    word.high = (by === 0 ? top : (top >>> by) | (bottom << (32 - by))) >>> 0;
    word.low = (by === 0 ? bottom : (bottom >>> by) | (top << (32 - by))) >>> 0;
  };
  return { word, next };
}

/**
 * np.random.default_rng(s)
 * @param seed 0 or more, of any size
 */
function pcg64Stream(seed: bigint): ArrayStream {
  const { word, next } = generator(seed);
  let half: number | null = null;

  function uniform(): number {
    next();
    return (word.high * 2097152 + (word.low >>> 11)) / 9007199254740992;
  }

  // 32 bits: the lower half of a number, then its upper half
  function u32(): number {
    if (half !== null) {
      const kept = half;
      half = null;
      return kept;
    }
    next();
    half = word.high;
    return word.low;
  }

  // ziggurat of 256 layers: 8 bits for the layer, one for the sign, 52 for the place
  function normal(): number {
    const { widths, heights, bounds } = ziggurat();
    for (;;) {
      next();
      const { high, low } = word;
      const layer = low & 255;
      const place = (high & 0x1fffffff) * 8388608 + (low >>> 9);
      const x = (low & 256) === 0 ? place * widths[layer] : -(place * widths[layer]);
      if (place < bounds[layer]) return x;
      if (layer === 0) return (low & 0x20000) === 0 ? tail(uniform) : -tail(uniform);
      if ((heights[layer - 1] - heights[layer]) * uniform() + heights[layer] < exp(-0.5 * x * x)) return x;
    }
  }

  // Lemire's bounded numbers (2019) on 32 bits, without bias
  function below(choices: number): number {
    if (choices === 1) return 0;
    const threshold = (0x100000000 - choices) % choices;
    for (;;) {
      const value = u32();
      if (Math.imul(value, choices) >>> 0 >= threshold) return productHigh(value, choices);
    }
  }

  return {
    uniform,
    normal,
    normals: count => fill(new Float64Array(count), normal),
    integers: (choices, count) => fill(new Float64Array(count), () => below(choices)),
  };
}

export const pcg64: StreamKind<ArrayStream> = {
  name: 'pcg64',
  promise: PROMISE,
  open: seed => pcg64Stream(integerSeed(seed, 'numpy.random.default_rng', 0n, null)),
};

/** state = state · MULTIPLIER + increment, modulo 2^128 */
function advance(state: Float64Array, increment: Float64Array): void {
  for (let k = 7, i = 0; k >= 0; k--) {
    let sum = increment[k];
    for (i = 0; i <= k; i++) sum += state[i] * MULTIPLIER[k - i];
    state[k] = sum;
  }
  carry(state);
}

function add(state: Float64Array, other: Float64Array): void {
  for (let k = 0; k < 8; k++) state[k] += other[k];
  carry(state);
}

/** 2·value + 1 */
function double(value: Float64Array): Float64Array {
  for (let k = 0; k < 8; k++) value[k] *= 2;
  value[0] += 1;
  carry(value);
  return value;
}

/** Propagates carries, so that every piece is below 2^16; the carry out of the highest is dropped. */
function carry(value: Float64Array): void {
  let over = 0;
  for (let k = 0; k < 8; k++) {
    const sum = value[k] + over;
    over = Math.floor(sum / 65536);
    value[k] = sum - over * 65536;
  }
}

/** four words of 32 bits, the lowest first */
function pieces(fourWords: readonly number[]): Float64Array {
  return Float64Array.from({ length: 8 }, (_, k) => (fourWords[k >> 1] >>> (16 * (k & 1))) & 0xffff);
}

/**
 * NumPy's SeedSequence (O'Neill's seed_seq_fe): spreads a seed of any size over four words and then over as many as are needed, so that
 * neighbouring seeds give unrelated streams.
 */
export function seedWords(seed: bigint, count: number): number[] {
  const pool = mixedPool(wordsOf(seed));
  let constant = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

function mixedPool(entropy: readonly number[]): Uint32Array {
  let constant = 0x43b0d7e5;
  const hashed = (word: number): number => {
    let value = word ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (x: number, y: number): number => {
    const value = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) | 0;
    return value ^ (value >>> 16);
  };
  const pool = new Uint32Array(4);
  for (let i = 0; i < 4; i++) pool[i] = hashed(entropy[i] ?? 0);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  }
  for (const word of entropy.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(word));
  return pool;
}
