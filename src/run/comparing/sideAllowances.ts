import { largestMagnitude } from '../../tensor/difference.js';
import type { Precision, Tensor } from '../../tensor/tensor.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest } from '../request.js';
import { type Allowance, closeAllowance, finerAllowance, fixedAllowance, isFixed, undecidedIn, uniformAllowance } from './judge.js';
import { measureNoise, type Noise } from './noise.js';
import type { Sides } from './sides.js';

/** The tolerance of each value of y. */
export async function allowanceOf(request: CompareRequest, prepared: Prepared, sides: Sides, comparable: boolean): Promise<Allowance> {
  const { expected, actual, batched, double } = sides;
  const measure = (dtype: Precision): Promise<Noise> =>
    measureNoise(prepared, { threads: request.threads, dtype, known: dtype === 'f32' ? batched : undefined });
  const foreign = request.against !== undefined;
  const noise = await measure(double ? 'f64' : 'f32');
  if (isFixed(request)) return fixedAllowance(request, noise, expected);
  if (!comparable || noise.moved.length !== expected.data.length) return uniformAllowance(largest(noise.moved), 0, expected);
  const allowance = await closeAllowance(noise, expected, actual, foreign);
  if (double !== undefined || undecidedIn(allowance, expected) === 0) return allowance;
  return finerAllowance(allowance, await closeAllowance(await measure('f64'), expected, actual, foreign));
}

/** One tolerance for all values: for hidden states, or for y at other steps. */
export function viewAllowance(request: CompareRequest, rounding: number, expected: Tensor): Allowance {
  if (isFixed(request)) return fixedAllowance(request, null, expected);
  return uniformAllowance(rounding, LEAST_ULPS * ulp32(largestMagnitude(expected.data)), expected);
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

const LEAST_ULPS = 4;
const FLOAT32_EPSILON = 2 ** -23;

/** Distance from x to the next float32. */
function ulp32(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0] >>> 23;
  return bits === 0 ? 2 ** -149 : 2 ** (bits - 127) * FLOAT32_EPSILON;
}
