import type { ElementwiseActivation } from './activation.js';
import { softplusOf } from './softplus.js';

/** log(sigmoid(x)) = -softplus(-x) */
export const logSigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'log_sigmoid',
  aliases: ['logsigmoid'],
  keras: 'log_sigmoid',
  torch: 'logsigmoid',
  create: () => x => -softplusOf(-x),
};
