import { log } from '../numerics/log.js';
import { sineCosine } from '../numerics/trig.js';
import { integerSeed } from './integerSeed.js';
import type { RandomStream, StreamKind } from './random.js';
import { productHigh } from './words.js';

const PROMISE = 'tensorflow-philox/v1';

/**
 * TensorFlow's stateless stream of one seed, from which Keras fills a kernel: Philox4x32 with ten rounds (Salmon et al. 2011), its key and
 * counter scrambled from the seed by one block under a fixed key. Numbers are float32.
 * @param seed 0 … 2^32 − 1
 */
export function philoxStream(seed: number): RandomStream {
  const block = Uint32Array.of(seed, 0, 0, 0);
  philoxRounds(block, 0x3ec8f720, 0x02461e29);
  const [key0, key1, counter2, counter3] = block;
  let counter = 0;
  let at = 4;
  let spare: number | null = null;

  function u32(): number {
    if (at === 4) {
      block[0] = counter;
      block[1] = Math.floor(counter / 0x100000000);
      block[2] = counter2;
      block[3] = counter3;
      philoxRounds(block, key0, key1);
      counter += 1;
      at = 0;
    }
    return block[at++];
  }

  const uniform = () => (u32() & 0x7fffff) / 8388608;

  // Box and Muller's pair, every step rounded to float32: the sine first
  function normal(): number {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const f = Math.fround;
    const u1 = Math.max(uniform(), f(1e-7));
    const { sin, cos } = sineCosine(f(f(2 * Math.PI) * uniform()));
    const radius = f(Math.sqrt(f(-2 * f(log(u1)))));
    spare = f(f(cos) * radius);
    return f(f(sin) * radius);
  }

  return { uniform, normal };
}

export const philox: StreamKind = {
  name: 'philox',
  promise: PROMISE,
  open: seed => philoxStream(Number(integerSeed(seed, "TensorFlow's stateless stream", 0n, 0xffffffffn))),
};

/** Ten rounds on four words, in place. */
export function philoxRounds(c: Uint32Array, key0: number, key1: number): void {
  for (let round = 0; round < 10; round++) {
    const high0 = productHigh(0xd2511f53, c[0]);
    const low0 = Math.imul(0xd2511f53, c[0]);
    const high2 = productHigh(0xcd9e8d57, c[2]);
    const low2 = Math.imul(0xcd9e8d57, c[2]);
    c[0] = high2 ^ c[1] ^ key0;
    c[1] = low2;
    c[2] = high0 ^ c[3] ^ key1;
    c[3] = low0;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
}
