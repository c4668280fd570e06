import { erfc } from '../numerics/erf.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';
import { softplusOf } from './curves.js';
import { plain } from './elementwise.js';

/** Activations that are x times a function of x between 0 and 1. At −∞ they return −0, the limit, where the formula would give −∞·0. */

/** x * sigmoid(x) */
export const silu = plain({ name: 'silu', aliases: ['swish'], keras: 'silu', torch: 'silu' }, x =>
  x === Number.NEGATIVE_INFINITY ? -0 : x * sigmoid(x),
);

/** x * min(max(0, x + 3), 6) / 6 */
export const hardSilu = plain({ name: 'hard_silu', aliases: ['hard_swish'], keras: 'hard_silu', torch: 'hardswish' }, x =>
  x <= -3 ? -0 : x >= 3 ? x : (x * (x + 3)) / 6,
);

/** x * tanh(softplus(x)) */
export const mish = plain({ name: 'mish', keras: 'mish', torch: 'mish' }, x =>
  x === Number.NEGATIVE_INFINITY ? -0 : x * tanh(softplusOf(x)),
);

/** x * (1 + erf(x/sqrt(2))) / 2; approximate: the tanh form */
export const gelu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'gelu',
  keras: 'gelu',
  torch: 'gelu',
  parameters: { approximate: false },
  create: ({ approximate }) => (approximate ? geluTanhOf : exactGelu),
};

/** Uses erfc instead of 1 + erf, which would lose the digits of the left tail. */
function exactGelu(x: number): number {
  return x === Number.NEGATIVE_INFINITY ? -0 : 0.5 * x * erfc(-x * Math.SQRT1_2);
}

const TWICE_ROOT_2_PI = 1.5957691216057308; // 2·√(2/π)

/** x * (1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))) / 2 */
export const geluTanh = plain({ name: 'gelu_tanh', aliases: ['gelu_new'] }, geluTanhOf);

/** Uses (1 + tanh u)/2 = σ(2u), which keeps the digits of the left tail. */
function geluTanhOf(x: number): number {
  return x === Number.NEGATIVE_INFINITY ? -0 : x * sigmoid(TWICE_ROOT_2_PI * (x + 0.044715 * x * x * x));
}
