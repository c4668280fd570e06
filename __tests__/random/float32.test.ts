import { bitsOf, fromBits, fusedMultiplyAdd } from '../../src/random/float32.js';

/** x · 2^150 as an integer, for float32 numbers below 2^100 and of no less than 2^-150 */
function scaled(x: number): bigint {
  const bits = bitsOf(x);
  const field = (bits >>> 23) & 255;
  const fraction = BigInt(bits & 0x7fffff);
  const value = field === 0 ? fraction << 1n : (fraction | 0x800000n) << BigInt(field);
  return bits >>> 31 ? -value : value; // 2^(field − 150) · 2^150
}

/** nearest float32 to value / 2^300, ties to even: the exact sum rounded once */
function rounded(value: bigint): number {
  const sign = value < 0n ? -1 : 1;
  const size = value < 0n ? -value : value;
  const width = size.toString(2).length;
  const drop = BigInt(Math.max(width - 24, 300 - 149));
  const kept = size >> drop;
  const rest = size - (kept << drop);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n) ? 1n : 0n;
  return sign * Number(kept + up) * 2 ** (Number(drop) - 300);
}

describe('fusedMultiplyAdd', () => {
  it('rounds the exact a·b + c once', () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state;
    };
    let different = 0;
    const wrong: number[][] = [];
    for (let i = 0; i < 20000; i++) {
      // exponents around 0, so that the sum often cancels and often lies between two float32 numbers
      const number = (spread: number) =>
        fromBits((((random() >>> 31) << 31) | ((127 - spread + ((random() >>> 8) % (2 * spread))) << 23) | (random() >>> 9)) >>> 0);
      const [a, b, c] = [number(4), number(4), number(i % 3 === 0 ? 30 : 6)];
      const expected = rounded(scaled(a) * scaled(b) + (scaled(c) << 150n));
      if (!Object.is(fusedMultiplyAdd(a, b, c), expected)) wrong.push([a, b, c]);
      if (Math.fround(Math.fround(a * b) + c) !== expected) different++;
    }
    expect(wrong).toEqual([]);
    expect(different).toBeGreaterThan(2000); // two roundings would not have passed
  });

  it('rounds once where a double of the sum would lie exactly between two float32 numbers', () => {
    const [a, b] = [1 + 2 ** -23, 1 + 2 ** -23]; // 1 + 2^-22 + 2^-46
    const c = 2 ** -24 - 2 ** -47;
    expect(fusedMultiplyAdd(a, b, Math.fround(c))).toBe(rounded(scaled(a) * scaled(b) + (scaled(Math.fround(c)) << 150n)));
    // 2^-24 + 2^24 + a little: the double loses the little
    const little = Math.fround(2 ** -60);
    expect(fusedMultiplyAdd(1, Math.fround(1 + 2 ** -23), 0)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd(little, 1, Math.fround(3))).toBe(3);
    expect(fusedMultiplyAdd(4097, 4097, little)).toBe(rounded(scaled(4097) * scaled(4097) + (scaled(little) << 150n)));
    expect(fusedMultiplyAdd(4097, 4097, -little)).toBe(rounded(scaled(4097) * scaled(4097) - (scaled(little) << 150n)));
    expect(fusedMultiplyAdd(-4097, 4097, -little)).toBe(-fusedMultiplyAdd(4097, 4097, little));
  });

  it.each([1, 2, 2 ** 20 + 1])('one step below %d borrows from the high word', c => {
    const little = 2 ** -30;
    expect(fusedMultiplyAdd(little, -little, c)).toBe(c);
    expect(fusedMultiplyAdd(little, little, -c)).toBe(-c);
  });
});
