import type { ElementwiseActivation } from './activation.js';

/** min(max(0, alpha*x + beta), 1). The hard sigmoid of Keras 2, tfjs and ONNX: slope 0.2. Keras 3 and PyTorch have 1/6 under the same name: `hard_sigmoid`. */
export const hardSigmoidKeras2: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'hard_sigmoid_keras2',
  aliases: ['hard_sigmoid_tfjs', 'hard_sigmoid_onnx'],
  onnx: 'HardSigmoid',
  onnxParameters: [
    { name: 'alpha', default: 0.2 },
    { name: 'beta', default: 0.5 },
  ],
  parameters: { alpha: 0.2, beta: 0.5 },
  create({ alpha, beta }) {
    const [a, b] = [alpha as number, beta as number];
    return x => Math.min(Math.max(a * x + b, 0), 1);
  },
};
