import { sigmoid as sigmoidOf } from '../numerics/sigmoid.js';
import type { ElementwiseActivation } from './activation.js';

/** 1 / (1 + exp(-x)) */
export const sigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'sigmoid',
  keras: 'sigmoid',
  torch: 'sigmoid',
  onnx: 'Sigmoid',
  create: () => sigmoidOf,
};
