import { erfc } from '../numerics/erf.js';
import type { ElementwiseActivation } from './activation.js';
import { geluTanhOf } from './geluTanh.js';

/** x * (1 + erf(x/sqrt(2))) / 2; approximate: the tanh form */
export const gelu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'gelu',
  keras: 'gelu',
  torch: 'gelu',
  parameters: { approximate: false },
  create: ({ approximate }) => (approximate ? geluTanhOf : exactGelu),
};

/** erfc instead of 1 + erf: the left tail keeps its digits. */
function exactGelu(x: number): number {
  return x === Number.NEGATIVE_INFINITY ? -0 : 0.5 * x * erfc(-x * Math.SQRT1_2);
}
