import type { ElementwiseActivation } from './activation.js';

/** x if |x| > threshold else 0 */
export const hardShrink: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'hard_shrink',
  aliases: ['hardshrink'],
  keras: 'hard_shrink',
  torch: 'hardshrink',
  parameters: { threshold: 0.5 },
  create({ threshold }) {
    const t = threshold as number;
    return x => (x <= t && x >= -t ? 0 : x);
  },
};
