import { exp } from '../numerics/exp.js';
import { log1p } from '../numerics/log1p.js';
import type { ElementwiseActivation } from './activation.js';

/** log(1 + exp(x)) */
export const softplus: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'softplus',
  keras: 'softplus',
  torch: 'softplus',
  onnx: 'Softplus',
  create: () => softplusOf,
};

/** max(x, 0) + ln(1 + e^−|x|): no overflow on the right, all digits on the left. */
export function softplusOf(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}
