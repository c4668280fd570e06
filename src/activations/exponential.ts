import { exp } from '../numerics/exp.js';
import type { ElementwiseActivation } from './activation.js';

export const exponential: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'exponential',
  keras: 'exponential',
  torch: 'exp',
  formula: 'exp(x)',
  create: () => exp,
};
