import type { ElementwiseActivation } from './activation.js';

/** min(max(0, x/6 + 0.5), 1). Keras 3 and PyTorch. Keras 2, tfjs and ONNX give the same name to another line: `hard_sigmoid_keras2`. */
export const hardSigmoid: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'hard_sigmoid',
  keras: 'hard_sigmoid',
  torch: 'hardsigmoid',
  create: () => x => (x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5),
};
