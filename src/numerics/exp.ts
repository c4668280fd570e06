import { scaleByPower } from './power.js';

/**
 * e^x = 2^k · 2^(j/32) · e^r with n = 32k + j nearest to 32x/ln 2 and |r| ≤ ln 2/64. Only + − × and table look-ups,
 * so the bits do not depend on the machine, which they do for Math.exp.
 */
export const LN2_32_HIGH = 0.021660849391992087; // ln 2/32 with 18 zero bits at the end: n·LN2_32_HIGH is exact for |n| < 2^18
export const LN2_32_LOW = 5.062034433330175e-13;
export const INVERSE = 46.16624130844683; // 32/ln 2
export const TO_INTEGER = 6755399441055744; // 1.5·2^52: adding it rounds to the nearest integer
const OVERFLOW = 709.782712893384; // largest x with a finite e^x
const UNDERFLOW = -745.1332191019412; // below it e^x is less than half the smallest number

/** 2^(j/32): nearest double and what it leaves, for j = 0 … 31. */
// biome-ignore format: one power to a line
export const TABLE = new Float64Array([
  1, 0,
  1.0218971486541166, 5.109225028973444e-17,
  1.0442737824274138, 8.551889705537965e-17,
  1.0671404006768237, -7.899853966841582e-17,
  1.0905077326652577, -3.046782079812471e-17,
  1.1143867425958924, 1.0410278456845571e-16,
  1.1387886347566916, 8.912812676025408e-17,
  1.1637248587775775, 3.8292048369240935e-17,
  1.189207115002721, 3.982015231465646e-17,
  1.215247359980469, -7.712630692681488e-17,
  1.241857812073484, 4.658027591836937e-17,
  1.2690509571917332, 2.667932131342186e-18,
  1.2968395546510096, 2.5382502794888315e-17,
  1.3252366431597413, -2.8587312100388614e-17,
  1.3542555469368927, 7.70094837980299e-17,
  1.383909881963832, -6.770511658794786e-17,
  Math.SQRT2, -9.667293313452913e-17,
  1.4451808069770467, -3.0237581349939873e-17,
  1.4768261459394993, -3.483994556892796e-17,
  1.5091644275934228, -1.016455327754295e-16,
  1.5422108254079407, 7.949834809697621e-17,
  1.5759808451078865, -1.0136916471278304e-17,
  1.6104903319492543, 2.4707192569797888e-17,
  1.645755478153965, -1.0125679913674773e-16,
  1.681792830507429, 8.199010020581497e-17,
  1.718619298122478, -1.851380418263111e-17,
  1.7562521603732995, 2.960140695448873e-17,
  1.7947090750031072, 1.8227458427912087e-17,
  1.8340080864093424, 3.283107224245627e-17,
  1.8741676341103, -6.122763413004143e-17,
  1.9152065613971474, -1.0619946056195963e-16,
  1.9571441241754002, 8.960767791036668e-17,
]);

/** Filled by `expParts`: e^x / 2^k as high + low. One array for all calls, because a pair as return value would be allocated. */
export const parts = new Float64Array(2);

/** For −746 < x < 710: fills `parts` with e^x = (parts[0] + parts[1]) · 2^k to about 2^-60 and returns k. parts[0] is in [0.98, 2.01]. */
export function expParts(x: number): number {
  const n = x * INVERSE + TO_INTEGER - TO_INTEGER;
  const r = x - n * LN2_32_HIGH - n * LN2_32_LOW;
  // e^r − 1 by its Taylor series; the next term, r^8/40320, is below 2^-67
  const tail = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)));
  const p = r + r * r * (0.5 + r * (1 / 6 + r * tail));
  const j = (n & 31) << 1;
  const high = TABLE[j];
  const rest = TABLE[j + 1] + high * p;
  const sum = high + rest;
  parts[0] = sum;
  parts[1] = rest - (sum - high);
  return n >> 5;
}

/** e^x within 0.52 ulp, 0.76 where the result is subnormal (it is rounded twice there). NaN gives NaN, −∞ gives 0. */
export function exp(x: number): number {
  if (!(x <= OVERFLOW)) return x + Number.POSITIVE_INFINITY; // +∞, or NaN
  if (x < UNDERFLOW) return 0;
  const k = expParts(x);
  return scaleByPower(parts[0], k);
}
