import type { ElementwiseActivation } from './activation.js';

export const sparsePlus: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'sparse_plus',
  keras: 'sparse_plus',
  formula: '0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4',
  create: () => x => (x <= -1 ? 0 : x >= 1 ? x : 0.25 * (x + 1) * (x + 1)),
};
