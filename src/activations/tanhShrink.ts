import { tanh } from '../numerics/tanh.js';
import type { ElementwiseActivation } from './activation.js';

export const tanhShrink: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'tanh_shrink',
  aliases: ['tanhshrink'],
  keras: 'tanh_shrink',
  torch: 'tanhshrink',
  formula: 'x - tanh(x)',
  create: () => x => x - tanh(x),
};
