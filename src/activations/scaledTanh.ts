import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';

export const scaledTanh: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'scaled_tanh',
  onnx: 'ScaledTanh',
  onnxParameters: [
    { name: 'alpha', default: 1 },
    { name: 'beta', default: 1 },
  ],
  formula: 'alpha*tanh(beta*x)',
  parameters: { alpha: 1, beta: 1 },
  create({ alpha, beta }) {
    const [a, b] = [alpha as number, beta as number];
    return x => a * tanh(b * x);
  },
};
