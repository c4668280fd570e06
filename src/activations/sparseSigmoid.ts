import type { ElementwiseActivation } from './activation.js';

/** min(max(0, (x + 1)/2), 1) */
export const sparseSigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'sparse_sigmoid',
  keras: 'sparse_sigmoid',
  create: () => x => (x <= -1 ? 0 : x >= 1 ? 1 : 0.5 * (x + 1)),
};
