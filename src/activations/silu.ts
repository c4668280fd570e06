import { sigmoid } from '../numerics/sigmoid.js';
import type { ElementwiseActivation } from './activation.js';

/** x * sigmoid(x) */
export const silu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'silu',
  aliases: ['swish'],
  keras: 'silu',
  torch: 'silu',
  create: () => x => (x === Number.NEGATIVE_INFINITY ? -0 : x * sigmoid(x)),
};
