import type { ElementwiseActivation } from './activation.js';

/** x if x > theta else 0 */
export const thresholdedRelu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'thresholded_relu',
  onnx: 'ThresholdedRelu',
  onnxParameters: [{ name: 'theta', default: 1 }],
  parameters: { theta: 1 },
  create({ theta }) {
    const from = theta as number;
    return x => (x <= from ? 0 : x);
  },
};
