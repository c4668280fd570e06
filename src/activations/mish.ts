import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';
import { softplusOf } from './softplus.js';

/** x * tanh(softplus(x)) */
export const mish: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'mish',
  keras: 'mish',
  torch: 'mish',
  create: () => x => (x === Number.NEGATIVE_INFINITY ? -0 : x * tanh(softplusOf(x))),
};
