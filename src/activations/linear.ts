import type { ElementwiseActivation } from './activation.js';

export const linear: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'linear',
  aliases: ['identity', 'none'],
  keras: 'linear',
  onnx: 'Identity',
  tfjs: 'linear',
  formula: 'x',
  create: () => x => x,
};
