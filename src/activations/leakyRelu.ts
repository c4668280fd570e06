import type { ElementwiseActivation } from './activation.js';

/** x if x >= 0 else negative_slope*x. The slope is 0.2 in Keras 3's function, 0.01 in PyTorch and ONNX, 0.3 in Keras' LeakyReLU layer: three defaults, one name. */
export const leakyRelu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'leaky_relu',
  keras: 'leaky_relu',
  torch: 'leaky_relu',
  onnx: 'LeakyRelu',
  onnxParameters: [{ name: 'negative_slope', default: 0.01 }],
  parameters: { negative_slope: 0.2 },
  create({ negative_slope: slope }) {
    const a = slope as number;
    return x => (x >= 0 ? x : a * x);
  },
};
