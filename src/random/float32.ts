/**
 * Single roundings to float32 that JavaScript does not have. A product of two float32 numbers is exact in a double; a sum of doubles that
 * is rounded to odd first rounds to float32 as the exact sum would (Boldo & Melquiond 2008).
 */
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
const HIGH = words[1] !== 0 ? 1 : 0;
const LOW = 1 - HIGH;

/** a·b + c for float32 numbers, rounded to float32 once: the fused multiply-add of a processor. */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const part = sum - product;
  const error = product - (sum - part) + (c - part);
  if (error === 0) return Math.fround(sum);
  double[0] = sum;
  if ((words[LOW] & 1) === 0) {
    // one step towards the exact sum makes the last bit odd; from an even low word upwards there is no carry
    if (error > 0 === sum > 0) words[LOW] += 1;
    else if (words[LOW]-- === 0) words[HIGH] -= 1;
  }
  return Math.fround(double[0]);
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The bits of a float32 number, as a whole number below 2^32. */
export function bitsOf(x: number): number {
  single[0] = x;
  return bits[0];
}

/** the float32 number with these bits */
export function fromBits(word: number): number {
  bits[0] = word;
  return single[0];
}
