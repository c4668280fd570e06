import type { ElementwiseActivation } from './activation.js';

/** x */
export const linear: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'linear',
  aliases: ['identity', 'none'],
  keras: 'linear',
  onnx: 'Identity',
  create: () => x => x,
};
