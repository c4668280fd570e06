import type { ElementwiseActivation } from './activation.js';

/** alpha*x + beta */
export const affine: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'affine',
  onnx: 'Affine',
  onnxParameters: [
    { name: 'alpha', default: 1 },
    { name: 'beta', default: 0 },
  ],
  parameters: { alpha: 1, beta: 0 },
  create({ alpha, beta }) {
    const [a, b] = [alpha as number, beta as number];
    return x => a * x + b;
  },
};
