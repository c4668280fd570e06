import type { ElementwiseActivation } from './activation.js';

/** 0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4 */
export const sparsePlus: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'sparse_plus',
  keras: 'sparse_plus',
  create: () => x => (x <= -1 ? 0 : x >= 1 ? x : 0.25 * (x + 1) * (x + 1)),
};
