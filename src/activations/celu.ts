import { RnnError } from '../errors.js';
import { expm1 } from '../numerics/expm1.js';
import type { ElementwiseActivation } from './activation.js';

/** x if x > 0 else alpha*(exp(x/alpha) - 1) */
export const celu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'celu',
  keras: 'celu',
  torch: 'celu',
  onnx: 'Celu',
  onnxParameters: [{ name: 'alpha', default: 1 }],
  parameters: { alpha: 1 },
  create({ alpha }) {
    const a = alpha as number;
    if (a === 0)
      throw new RnnError('spec', 'E_ACTIVATION_PARAMETER', 'celu divides by alpha', {
        expected: 'alpha other than 0',
        found: '0',
        fix: 'use relu, its limit',
      });
    return x => (x > 0 ? x : a * expm1(x / a));
  },
};
