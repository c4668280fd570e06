import { sigmoid as sigmoidOf } from '../numerics/sigmoid.js';
import type { ElementwiseActivation } from './activation.js';

export const sigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'sigmoid',
  keras: 'sigmoid',
  torch: 'sigmoid',
  onnx: 'Sigmoid',
  tfjs: 'sigmoid',
  formula: '1 / (1 + exp(-x))',
  create: () => sigmoidOf,
};
