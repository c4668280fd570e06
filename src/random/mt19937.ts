/**
 * The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), the generator of PyTorch's CPU stream, numpy.random.seed and Python's random. They
 * differ in how they seed it and how they use its 32-bit numbers.
 */
const SIZE = 624;
const SHIFT = 397;

/** Numbers 0 … 2^32 − 1, seeded with one number of 32 bits (init_genrand). */
export function mt19937(seed: number): () => number {
  return twister(seeded(seed));
}

/** The same, seeded with numbers of 32 bits, at least one (init_by_array). */
export function mt19937FromKey(key: readonly number[]): () => number {
  const m = seeded(19650218);
  let i = 1;
  let j = 0;
  for (let k = Math.max(SIZE, key.length); k > 0; k--) {
    m[i] = (m[i] ^ Math.imul(m[i - 1] ^ (m[i - 1] >>> 30), 1664525)) + key[j] + j;
    i = following(m, i);
    j = (j + 1) % key.length;
  }
  for (let k = SIZE - 1; k > 0; k--) {
    m[i] = (m[i] ^ Math.imul(m[i - 1] ^ (m[i - 1] >>> 30), 1566083941)) - i;
    i = following(m, i);
  }
  m[0] = 0x80000000;
  return twister(m);
}

function seeded(seed: number): Uint32Array {
  const m = new Uint32Array(SIZE);
  m[0] = seed;
  for (let j = 1; j < SIZE; j++) m[j] = Math.imul(1812433253, m[j - 1] ^ (m[j - 1] >>> 30)) + j;
  return m;
}

/** i + 1, and back to 1 at the end, with the last word copied to the front */
function following(m: Uint32Array, i: number): number {
  if (i + 1 < SIZE) return i + 1;
  m[0] = m[SIZE - 1];
  return 1;
}

function twister(m: Uint32Array): () => number {
  let at = SIZE;
  return () => {
    if (at === SIZE) {
      refill(m);
      at = 0;
    }
    let y = m[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function refill(m: Uint32Array): void {
  for (let k = 0; k < SIZE; k++) {
    const y = (m[k] & 0x80000000) | (m[k + 1 < SIZE ? k + 1 : 0] & 0x7fffffff);
    m[k] = m[k + SHIFT < SIZE ? k + SHIFT : k + SHIFT - SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
