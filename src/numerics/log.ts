import { productError } from './compensated.js';

/**
 * Natural logarithm in float64 from + − × ÷ and bit casts only: the same bits on every machine and in every version of V8, which
 * Math.log does not promise (ECMA-262 leaves its accuracy open). Error below 0.51 ulp: the correctly rounded value, except where the
 * true logarithm lies within a hundredth of an ulp of the middle between two doubles.
 *
 * ln(2^e·m) = e·ln 2 + 2·atanh(s), s = (m−1)/(m+1), m in [√½, √2): |s| < 0.1716. The first two terms of the series are carried with
 * their rounding errors (two doubles each); the rest is below 2e-4 of the whole, where plain doubles do.
 */

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
/** the word that holds sign and exponent: 1 where memory is little-endian */
const HIGH = words[1] !== 0 ? 1 : 0;

/** ln 2 in two parts; the upper one ends in 11 zero bits, so that its product with an exponent is exact */
const LN2_HIGH = 0.6931471805598903;
const LN2_LOW = 5.497923018708371e-14;
const THIRD = 1 / 3;
/** 1/3 − THIRD */
const THIRD_LOW = 1.850371707708594e-17;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
const TWO_54 = 18014398509481984;

/** ln x; NaN below zero, −∞ at zero. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  let e = 0;
  if (x < SMALLEST_NORMAL) {
    x *= TWO_54;
    e = -54;
  }
  double[0] = x;
  const high = words[HIGH];
  // upper 20 bits of √2's mantissa: from there on the next power of two is the nearer one
  const up = (high & 0xfffff) >= 0x6a09e ? 1 : 0;
  e += (high >>> 20) - 1023 + up;
  words[HIGH] = (high & 0xfffff) | ((1023 - up) << 20);
  return logOf(e, double[0] - 1);
}

/** e·ln 2 + ln(1 + f), f exact, −0.293 < f < 0.415 */
function logOf(e: number, f: number): number {
  if (f === 0) return e * LN2_HIGH + e * LN2_LOW;
  // s = f/(2 + f) as s + sLow
  const d = 2 + f;
  const dLow = f - (d - 2);
  const s = f / d;
  const whole = s * d;
  const sLow = (f - whole - productError(s, d, whole) - s * dLow) / d;
  // s² as q + qLow
  const q = s * s;
  const qLow = productError(s, s, q) + 2 * s * sLow;
  // s²/3 as p + pLow
  const p = q * THIRD;
  const pLow = productError(q, THIRD, p) + (q * THIRD_LOW + qLow * THIRD);
  // 2s·s²/3 as c + cLow
  const a = 2 * s;
  const aLow = 2 * sLow;
  const c = a * p;
  const cLow = productError(a, p, c) + (a * pLow + aLow * p);
  // 2s·(s⁴/5 + s⁶/7 + …)
  let tail = 1 / 23;
  tail = tail * q + 1 / 21;
  tail = tail * q + 1 / 19;
  tail = tail * q + 1 / 17;
  tail = tail * q + 1 / 15;
  tail = tail * q + 1 / 13;
  tail = tail * q + 1 / 11;
  tail = tail * q + 1 / 9;
  tail = tail * q + 1 / 7;
  tail = tail * q + 1 / 5;
  tail = a * (q * q * tail);
  // largest first: |e·ln 2| is 0 or larger than |2s|, and |2s| larger than |c|
  const base = e * LN2_HIGH;
  const sum = base + a;
  const sumLow = base === 0 ? 0 : a - (sum - base);
  const total = sum + c;
  const totalLow = c - (total - sum);
  return total + (totalLow + (sumLow + (aLow + (cLow + (tail + e * LN2_LOW)))));
}
