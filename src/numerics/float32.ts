/**
 * exp, sigmoid and tanh as sequences of single float32 operations, each rounded: the same sequence stands in the SIMD source
 * (engines/batched/assembly), four lanes at a time, and gives the same bits. At most 2 ulp from the truth over all 2^32 inputs
 * (scripts/proveActivations.mjs); a NaN passes.
 */
const f = Math.fround;

const LOG2E = f(Math.LOG2E);
const TWICE_LOG2E = f(2 * Math.LOG2E);
const TO_INTEGER = 12582912; // 1.5·2^23: adding it rounds to the nearest integer, which then stands in the low bits
const LN2_HIGH = 0.693359375; // 355/512: n·LN2_HIGH is exact for |n| < 2^15
const LN2_LOW = f(-2.1219444e-4); // ln 2 − LN2_HIGH

// e^r = 1 + r + r²·(½ + r·(C3 + r·(C4 + r·(C5 + r·C6)))) for |r| ≤ ln 2/2; minimax by Remez' exchange, error of e^r − 1 below 2^-25.9 of it,
// then moved by some units of the last place to where the worst tanh32 is smallest (2.03 ulp before, 1.95 after)
const C3 = f(0.16666536);
const C4 = f(0.0416664705);
const C5 = f(0.00836790819);
const C6 = f(0.00139439409);

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
  let q = f(f(C6 * r) + C5);
  q = f(f(q * r) + C4);
  q = f(f(q * r) + C3);
  q = f(f(q * r) + 0.5);
  return f(r + f(f(r * r) * q));
}

/** x − n·ln 2 in two steps */
function reduce(x: number, n: number): number {
  return f(f(x - f(n * LN2_HIGH)) - f(n * LN2_LOW));
}

/** e^x */
export function exp32(x: number): number {
  let y = Math.min(x, 104); // e^104 overflows
  y = Math.max(y, -104); // e^-104 is below half the smallest number
  const m = f(f(y * LOG2E) + TO_INTEGER);
  const n = f(m - TO_INTEGER);
  const p = f(expm1Reduced(reduce(y, n)) + 1);
  // 2^n in two factors: one alone does not reach subnormal results and overflow
  const k = (bitsOf(m) - 0x4b400000) | 0;
  const half = k >> 1;
  return f(f(p * fromBits((half + 127) << 23)) * fromBits((k - half + 127) << 23));
}

/** 1/(1 + e^−x), as b − b·e/(1 + e) with e = e^−|x| and b = 1 or e: the left tail keeps its digits down to the smallest number */
export function sigmoid32(x: number): number {
  const a = Math.min(Math.abs(x), 104);
  const m = f(TO_INTEGER - f(a * LOG2E));
  const n = f(m - TO_INTEGER);
  const p = f(expm1Reduced(reduce(-a, n)) + 1);
  // 2^(n+64) · 2^-64: the second product alone rounds when the result is subnormal
  const e = f(f(p * fromBits((bitsOf(m) + 191) << 23)) * 5.421010862427522e-20);
  const w = f(e / f(1 + e));
  const b = x < 0 ? e : 1;
  return f(b - f(b * w));
}

/** (1 − e)/(1 + e) with e = e^−2|x| = 2^n·(1 + p): numerator and denominator each take 2^n ∓ 1 exactly */
export function tanh32(x: number): number {
  const a = Math.min(Math.abs(x), 10); // tanh 9.02 rounds to 1
  const m = f(TO_INTEGER - f(a * TWICE_LOG2E));
  const n = f(m - TO_INTEGER);
  const p = expm1Reduced(reduce(f(a * -2), n));
  const scale = fromBits((bitsOf(m) + 127) << 23);
  const sp = f(scale * p);
  const t = f(f(sp + f(scale - 1)) / f(sp + f(scale + 1)));
  return fromBits((bitsOf(t) & 0x7fffffff) | (bitsOf(x) & -0x80000000));
}
