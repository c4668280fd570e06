import type { ElementwiseActivation } from './activation.js';

/** x if x > threshold else default_value */
export const threshold: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'threshold',
  keras: 'threshold',
  torch: 'threshold',
  parameters: { threshold: 0, default_value: 0 },
  create({ threshold: from, default_value: otherwise }) {
    const [least, value] = [from as number, otherwise as number];
    return x => (x <= least ? value : x);
  },
};
