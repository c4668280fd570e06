import type { ElementwiseActivation } from './activation.js';
import { softplusOf } from './softplus.js';

export const logSigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'log_sigmoid',
  aliases: ['logsigmoid'],
  keras: 'log_sigmoid',
  torch: 'logsigmoid',
  formula: 'log(sigmoid(x)) = -softplus(-x)',
  create: () => x => -softplusOf(-x),
};
