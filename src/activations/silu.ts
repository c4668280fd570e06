import { sigmoid } from '../numerics/sigmoid.js';
import type { ElementwiseActivation } from './activation.js';

export const silu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'silu',
  aliases: ['swish'],
  keras: 'silu',
  torch: 'silu',
  tfjs: 'swish',
  formula: 'x * sigmoid(x)',
  create: () => x => (x === Number.NEGATIVE_INFINITY ? -0 : x * sigmoid(x)),
};
