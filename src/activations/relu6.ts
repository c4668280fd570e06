import type { ElementwiseActivation } from './activation.js';

/** min(max(0, x), 6) */
export const relu6: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'relu6',
  keras: 'relu6',
  torch: 'relu6',
  create: () => x => Math.min(Math.max(x, 0), 6),
};
