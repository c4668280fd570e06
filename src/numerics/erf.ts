import { productError } from './compensated.js';
import { expParts, parts } from './exp.js';
import { scaleByPower } from './power.js';

/** 2/√π − 1 */
const SLOPE = 0.1283791670955126;

/** Minimax by Remez' exchange: erf(x)/x − 2/√π = y·P(y), y = x², |x| ≤ 1, error below 2^-68 of erf(x)/x. Highest power first. */
// biome-ignore format: a table
const NEAR = new Float64Array([
  -4.229241273773239e-12, 8.708087131895701e-11, -1.2164335661327421e-9, 1.4792373900472341e-8, -1.6364640560982184e-7,
  1.6462045447665563e-6, -1.4925647575650615e-5, 0.00012055332903519192, -0.0008548327021960345, 0.005223977625423909,
  -0.026866170645129927, 0.1128379167095512, -0.37612638903183754,
]);

/** Minimax by Remez' exchange: (1 + 2x)·e^(x²)·erfc(x) = Q(t), t = (x − 2.5)/(x + 2.5), 0.5 ≤ x ≤ 28, error below 2^-60. Highest power first. */
// biome-ignore format: a table
const FAR = new Float64Array([
  2.3900065204092208e-8, -2.1688692659750096e-8, -1.4090427857032658e-7, 1.8596915567225434e-8, 5.500520920026147e-7,
  5.319996684406048e-7, -1.5946831801242362e-6, -4.2180209598076125e-6, 2.612077204098486e-6, 2.2699187595379288e-5,
  6.265378489750675e-6, -0.00011352220628472345, -8.847915720723142e-5, 0.0006321243149932268, 0.0004918658068001387,
  -0.004382078337927378, 0.0009318928176107149, 0.032760893268543236, -0.10296705603857938, 0.1576299190232211,
  -0.0990245395736017, -0.12235676308240431, 1.2648381843668615,
]);

function polynomial(table: Float64Array, x: number): number {
  let sum = table[0];
  for (let i = 1; i < table.length; i++) sum = table[i] + x * sum;
  return sum;
}

/** The error function within 1 ulp. NaN gives NaN, −0 gives −0, ±∞ give ±1. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 1) {
    const y = x * x;
    return a < 1e-150 ? x + x * SLOPE : x + x * (SLOPE + y * polynomial(NEAR, y));
  }
  if (a > 6) return x < 0 ? -1 : 1; // erfc(6) is below half an ulp of 1
  if (Number.isNaN(x)) return x;
  const e = 1 - complement(a);
  return x < 0 ? -e : e;
}

/** erfc(x) = 1 − erf(x) within 3 ulp (in the tail of subnormal results within one unit of the last place). */
export function erfc(x: number): number {
  if (x < 0.5) return 1 - erf(x);
  if (x > 28) return 0; // erfc(27.3) is below half the smallest number
  return Number.isNaN(x) ? x : complement(x);
}

/** erfc(x) for 0.5 ≤ x ≤ 28. x² is taken as an exact pair: its rounding alone would cost x² ulp. */
function complement(x: number): number {
  const q = polynomial(FAR, (x - 2.5) / (x + 2.5)) / (1 + 2 * x);
  const square = x * x;
  const squareLow = productError(x, x, square);
  if (square > 745) return 0;
  const k = expParts(-square);
  const e = parts[0] + (parts[1] - parts[0] * squareLow);
  return scaleByPower(e * q * 64, k - 6);
}
