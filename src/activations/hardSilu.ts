import type { ElementwiseActivation } from './activation.js';

/** x * min(max(0, x + 3), 6) / 6 */
export const hardSilu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'hard_silu',
  aliases: ['hard_swish'],
  keras: 'hard_silu',
  torch: 'hardswish',
  create: () => x => (x <= -3 ? -0 : x >= 3 ? x : (x * (x + 3)) / 6),
};
