import { exp } from '../numerics/exp.js';
import type { ElementwiseActivation } from './activation.js';

/** exp(x) */
export const exponential: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'exponential',
  keras: 'exponential',
  torch: 'exp',
  create: () => exp,
};
