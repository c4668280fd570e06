import { tanh as tanhOf } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';

/** tanh(x) */
export const tanh: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'tanh',
  keras: 'tanh',
  torch: 'tanh',
  onnx: 'Tanh',
  create: () => tanhOf,
};
