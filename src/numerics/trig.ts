import { productError } from './compensated.js';

/**
 * Sine and cosine in float64 from + − × and bit-exact steps only: the same bits on every machine, which Math.sin and Math.cos do not
 * promise. Error below 0.51 ulp for |x| ≤ 100,000.
 *
 * x = k·π/2 + r + rLow with |r| ≤ π/4: π/2 in three parts, the first two so short that their products with k are exact. Then the Taylor
 * series, with the rounding errors of its larger terms carried along.
 */

const LIMIT = 100000;
const TWO_OVER_PI = 0.6366197723675814;
/** π/2 in three parts; the first two end in 20 zero bits */
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487959506e-21;
/** 1.5·2^52: adding it rounds to the nearest integer */
const TO_INTEGER = 6755399441055744;
const SIXTH = 1 / 6;
/** 1/6 − SIXTH */
const SIXTH_LOW = 9.25185853854297e-18;
const TWENTYFOURTH = 1 / 24;
/** 1/24 − TWENTYFOURTH */
const TWENTYFOURTH_LOW = 2.3129646346357427e-18;

/** sin x and cos x. */
export interface SineCosine {
  readonly sin: number;
  readonly cos: number;
}

/** @throws Error beyond ±100,000, where three parts of π are not precise enough */
export function sineCosine(x: number): SineCosine {
  if (!(x >= -LIMIT && x <= LIMIT)) {
    if (Number.isNaN(x)) return { sin: Number.NaN, cos: Number.NaN };
    throw new Error(`sineCosine(${x}): the argument must lie within ±${LIMIT}`);
  }
  const k = x * TWO_OVER_PI + TO_INTEGER - TO_INTEGER;
  // exact: both products have at most 53 bits, and x is close to k·π/2
  const first = x - k * HALF_PI_1;
  const second = k * HALF_PI_2;
  const a = first - second;
  const aLow = differenceError(first, second, a);
  const third = k * HALF_PI_3;
  const r = a - third;
  const rLow = aLow + differenceError(a, third, r);
  const sin = sineOf(r, rLow);
  const cos = cosineOf(r, rLow);
  const quarter = ((k % 4) + 4) % 4;
  if (quarter === 0) return { sin, cos };
  if (quarter === 1) return { sin: cos, cos: -sin };
  if (quarter === 2) return { sin: -sin, cos: -cos };
  return { sin: -cos, cos: sin };
}

/** r + rLow − r³/6 + (r⁵/120 − …) */
function sineOf(r: number, rLow: number): number {
  const q = r * r;
  const qLow = productError(r, r, q);
  const p = q * SIXTH;
  const pLow = productError(q, SIXTH, p) + (q * SIXTH_LOW + qLow * SIXTH);
  const c = r * p;
  const cLow = productError(r, p, c) + r * pLow;
  let tail = 1 / 1307674368000 - q * (1 / 355687428096000);
  tail = 1 / 6227020800 - q * tail;
  tail = 1 / 39916800 - q * tail;
  tail = 1 / 362880 - q * tail;
  tail = 1 / 5040 - q * tail;
  tail = 1 / 120 - q * tail;
  tail = r * (q * q * tail);
  const sum = r - c;
  const sumLow = r - sum - c;
  // d sin r = cos r · dr
  return sum + (sumLow - cLow + (tail + rLow * (1 - q * (0.5 - q * TWENTYFOURTH))));
}

/** 1 − r²/2 + r⁴/24 − (r⁶/720 − …) − r·rLow */
function cosineOf(r: number, rLow: number): number {
  const q = r * r;
  const qLow = productError(r, r, q);
  const p = q * TWENTYFOURTH;
  const pLow = productError(q, TWENTYFOURTH, p) + (q * TWENTYFOURTH_LOW + qLow * TWENTYFOURTH);
  const c = q * p;
  const cLow = productError(q, p, c) + (q * pLow + qLow * p);
  let tail = 1 / 20922789888000 - q * (1 / 6402373705728000);
  tail = 1 / 87178291200 - q * tail;
  tail = 1 / 479001600 - q * tail;
  tail = 1 / 3628800 - q * tail;
  tail = 1 / 40320 - q * tail;
  tail = 1 / 720 - q * tail;
  tail = q * q * q * tail;
  const half = 0.5 * q;
  const first = 1 - half;
  const firstLow = 1 - first - half;
  const sum = first + c;
  const sumLow = c - (sum - first);
  return sum + (sumLow + (firstLow - 0.5 * qLow + (cLow - tail - rLow * r * (1 - q * (SIXTH - q * (1 / 120))))));
}

/** a − b − d for the rounded difference d, exactly (Knuth's two-sum; no order of a and b needed) */
function differenceError(a: number, b: number, d: number): number {
  const bPart = a - d;
  const aPart = d + bPart;
  return a - aPart - (b - bPart);
}
