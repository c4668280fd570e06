/**
 * sigmoid and tanh as sequences of single float32 operations, each rounded: the same sequences are in the SIMD source
 * (engines/batched/assembly), four lanes at a time, and give the same bits. At most 2 ulp from the truth over all 2^32 inputs
 * (scripts/proveActivations.mjs); a NaN passes.
 */
const f = Math.fround;

const LOG2E = f(Math.LOG2E);
const LN2_HIGH = 0.693359375; // 355/512: n·LN2_HIGH is exact for |n| < 2^15
const LN2_LOW = f(-2.1219444e-4); // ln 2 − LN2_HIGH

// Adding 1.5·2^23 rounds to the nearest integer n, which then stands in the low bits of the sum. With 127 (or 63) more, those bits
// shifted up by 23 are the number 2^n (or 2^(n−64)): the exponent field is biased by 127, and what stands above it is shifted out.
const TO_INTEGER = 12582912;
const TO_POWER = TO_INTEGER + 127;
const TO_SMALL_POWER = TO_INTEGER + 63;
const SMALL_ONE = 2 ** -64;

// e^r = 1 + r + r²·(½ + r·C3 + r²·(C4 + r·C5 + r²·C6)) for |r| ≤ ln 2/2. Minimax by Remez' exchange, error of e^r − 1 below 2^-25.9 of it,
// then moved by some units of the last place to where the worst tanh32 is smallest (1.99 ulp instead of 2.06).
const C3 = f(0.166665256);
const C4 = f(0.0416664928);
const C5 = f(0.00836917013);
const C6 = f(0.00139305065);

const floats = new Float32Array(1);
const bits = new Int32Array(floats.buffer);

function bitsOf(x: number): number {
  floats[0] = x;
  return bits[0];
}

function fromBits(word: number): number {
  bits[0] = word;
  return floats[0];
}

/** e^r − 1 for |r| ≤ ln 2/2 */
function expm1Reduced(r: number): number {
  const square = f(r * r);
  const low = f(f(r * C3) + 0.5);
  const high = f(f(f(r * C5) + C4) + f(square * C6));
  return f(f(square * f(low + f(square * high))) + r);
}

/** x − n·ln 2 in two steps */
function reduce(x: number, n: number): number {
  return f(f(x - f(n * LN2_HIGH)) - f(n * LN2_LOW));
}

/**
 * 1/(1 + e^−x) = 2^-64 / (2^-64 + u + u·t) with e^−x·2^-64 = u·(1 + t), u a power of two. The factor keeps u from overflowing, so that the
 * left tail has its digits down to the smallest number; the smaller of u and 2^-64 is added first, which saves a rounding that shows.
 */
export function sigmoid32(x: number): number {
  const y = Math.min(Math.max(x, -104), 32); // beyond: 0 and 1
  const m = f(f(y * -LOG2E) + TO_SMALL_POWER);
  const t = expm1Reduced(reduce(-y, f(m - TO_SMALL_POWER)));
  const u = fromBits(bitsOf(m) << 23);
  const smaller = f(Math.min(u, SMALL_ONE) + f(u * t));
  return f(SMALL_ONE / f(Math.max(u, SMALL_ONE) + smaller));
}

/** (1 − e)/(1 + e) with e = e^−2|x| = u·(1 + t), u a power of two: 1 ∓ u is exact */
export function tanh32(x: number): number {
  const a = Math.min(Math.abs(x), 10); // tanh 9.02 rounds to 1
  const m = f(TO_POWER - f(a * f(2 * LOG2E)));
  const t = expm1Reduced(reduce(f(a * -2), f(m - TO_POWER)));
  const u = fromBits(bitsOf(m) << 23);
  const ut = f(u * t);
  const y = f(f(f(1 - u) - ut) / f(f(1 + u) + ut));
  return fromBits(bitsOf(y) | (bitsOf(x) & -0x80000000));
}
