import type { ElementwiseActivation } from './activation.js';

/** min(max(-1, x), 1) */
export const hardTanh: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'hard_tanh',
  aliases: ['hardtanh'],
  keras: 'hard_tanh',
  torch: 'hardtanh',
  create: () => x => Math.min(Math.max(x, -1), 1),
};
