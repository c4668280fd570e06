import { expm1 } from '../numerics/expm1.js';
import type { ElementwiseActivation } from './activation.js';

// The fixed point with mean 0 and variance 1 (Klambauer et al. 2017), to the digits Keras and PyTorch carry.
const ALPHA = 1.6732632423543772;
const SCALE = 1.0507009873554805;

/** 1.0507*x if x > 0 else 1.0507*1.6733*(exp(x) - 1) */
export const selu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'selu',
  keras: 'selu',
  torch: 'selu',
  create: () => x => (x > 0 ? SCALE * x : SCALE * ALPHA * expm1(x)),
};
