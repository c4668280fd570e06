import { quotient } from './compensated.js';
import { expParts, parts } from './exp.js';
import { scaleByPower } from './power.js';

const TINY = 3.725290298461914e-9; // 2^-28: below it x³/3 is less than half an ulp of x

/** tanh x within 0.6 ulp (Math.tanh: 2.2). NaN gives NaN, −0 gives −0, ±∞ give ±1. */
export function tanh(x: number): number {
  const a = Math.abs(x);
  if (a < 0.25) return a < TINY ? x : nearZero(x);
  if (a > 22) return x < 0 ? -1 : 1; // 2·e^-44 is below half an ulp of 1
  if (Number.isNaN(x)) return x;
  // (1 − E) / (1 + E) with E = e^(−2|x|), each side with the rounding it leaves
  const k = expParts(-2 * a);
  const high = scaleByPower(parts[0], k);
  const low = scaleByPower(parts[1], k);
  const n = 1 - high;
  const d = 1 + high;
  const t = quotient(n, 1 - n - high - low, d, high - (d - 1) + low);
  return x < 0 ? -t : t;
}

/** x + x³·P(x²); P minimax on [0, 1/16] by Remez' exchange, error below 2^-72 of x. */
function nearZero(x: number): number {
  const y = x * x;
  const high =
    -0.008863235226853004 +
    y * (0.003592116760831539 + y * (-0.0014555753499760138 + y * (0.0005864249922491634 + y * -0.0002111134405485339)));
  const p = -0.3333333333333333 + y * (0.13333333333333314 + y * (-0.05396825396820866 + y * (0.02186948853123018 + y * high)));
  return x + x * y * p;
}
