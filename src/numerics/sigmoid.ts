import { quotient } from './compensated.js';
import { exp, expParts, parts } from './exp.js';
import { scaleByPower } from './power.js';

/**
 * σ(x) = 1 / (1 + e^−x) within 0.6 ulp (0.76 in the subnormal tail), taken as e^x / (1 + e^x) for negative x, so that the tail down to the smallest
 * number keeps its digits. (0.5·(1 + tanh(x/2)) loses all of them below x = −37.) NaN gives NaN.
 */
export function sigmoid(x: number): number {
  if (!(x <= 40)) return Number.isNaN(x) ? x : 1; // e^-40 is below half an ulp of 1
  if (x < -40) return exp(x); // and 1 + e^x is 1
  const k = expParts(x < 0 ? x : -x);
  const high = scaleByPower(parts[0], k);
  const low = scaleByPower(parts[1], k);
  const d = 1 + high;
  const dLow = high - (d - 1) + low;
  return x < 0 ? quotient(high, low, d, dLow) : quotient(1, 0, d, dLow);
}
