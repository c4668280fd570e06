import type { ElementwiseActivation } from './activation.js';

/** x - threshold if x > threshold, x + threshold if x < -threshold, else 0 */
export const softShrink: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'soft_shrink',
  aliases: ['softshrink'],
  keras: 'soft_shrink',
  torch: 'softshrink',
  parameters: { threshold: 0.5 },
  create({ threshold }) {
    const t = threshold as number;
    return x => (x > t ? x - t : x < -t ? x + t : Number.isNaN(x) ? x : 0);
  },
};
