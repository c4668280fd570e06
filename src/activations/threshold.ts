import type { ElementwiseActivation } from './activation.js';

export const threshold: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'threshold',
  keras: 'threshold',
  torch: 'threshold',
  formula: 'x if x > threshold else default_value',
  parameters: { threshold: 0, default_value: 0 },
  create({ threshold: from, default_value: otherwise }) {
    const [least, value] = [from as number, otherwise as number];
    return x => (x <= least ? value : x);
  },
};
