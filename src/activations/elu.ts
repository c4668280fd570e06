import { expm1 } from '../numerics/expm1.js';
import type { ElementwiseActivation } from './activation.js';

/** x if x > 0 else alpha*(exp(x) - 1) */
export const elu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'elu',
  keras: 'elu',
  torch: 'elu',
  onnx: 'Elu',
  onnxParameters: [{ name: 'alpha', default: 1 }],
  parameters: { alpha: 1 },
  create({ alpha }) {
    const a = alpha as number;
    return x => (x > 0 ? x : a * expm1(x));
  },
};
