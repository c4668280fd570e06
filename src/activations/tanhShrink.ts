import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';

/** x - tanh(x) */
export const tanhShrink: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'tanh_shrink',
  aliases: ['tanhshrink'],
  keras: 'tanh_shrink',
  torch: 'tanhshrink',
  create: () => x => x - tanh(x),
};
