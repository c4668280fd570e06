import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';

/** alpha*tanh(beta*x) */
export const scaledTanh: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'scaled_tanh',
  onnx: 'ScaledTanh',
  onnxParameters: [
    { name: 'alpha', default: 1 },
    { name: 'beta', default: 1 },
  ],
  parameters: { alpha: 1, beta: 1 },
  create({ alpha, beta }) {
    const [a, b] = [alpha as number, beta as number];
    return x => a * tanh(b * x);
  },
};
