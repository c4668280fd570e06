import { expParts, parts } from './exp.js';
import { scaleByPower } from './power.js';

const OVERFLOW = 709.782712893384;
const TINY = 5.551115123125783e-17; // 2^-54: below it x²/2 is less than half an ulp of x

/** e^x − 1 within 1 ulp, also where e^x is close to 1. NaN gives NaN, −0 gives −0. */
export function expm1(x: number): number {
  if (!(x <= OVERFLOW)) return x + Number.POSITIVE_INFINITY;
  if (x < -40) return -1; // e^-40 is below half an ulp of 1
  if (x < 0.125 && x > -0.125) return nearZero(x);
  const k = expParts(x);
  if (k > 60) return scaleByPower(parts[0], k); // 1 is below half an ulp of e^x
  const high = scaleByPower(parts[0], k);
  const low = scaleByPower(parts[1], k);
  const sum = high - 1;
  const error = high > 1 ? high - sum - 1 : high - (sum + 1);
  return sum + (error + low);
}

/** x + x²/2 + x³·P(x); P minimax on [−1/8, 1/8] by Remez' exchange, error below 2^-64 of x. */
function nearZero(x: number): number {
  if (x < TINY && x > -TINY) return x;
  const high = 0.00019841268590126596 + x * (2.4801585791483353e-5 + x * (2.756685640402743e-6 + x * 2.7566695178638087e-7));
  const p = 0.16666666666666657 + x * (0.041666666666666644 + x * (0.008333333333397985 + x * (0.0013888888888990785 + x * high)));
  const square = x * x;
  return x + (0.5 * square + x * square * p);
}
