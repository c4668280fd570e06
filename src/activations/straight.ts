import { plain, withNumbers } from './elementwise.js';

/** Piecewise linear activations, except `relu`, which has a file of its own. */

/** x */
export const linear = plain({ name: 'linear', aliases: ['identity', 'none'], keras: 'linear', onnx: 'Identity' }, x => x);

/** alpha*x + beta */
export const affine = withNumbers(
  {
    name: 'affine',
    onnx: 'Affine',
    onnxParameters: [
      { name: 'alpha', default: 1 },
      { name: 'beta', default: 0 },
    ],
    parameters: { alpha: 1, beta: 0 },
  },
  ({ alpha, beta }) =>
    x =>
      alpha * x + beta,
);

/** min(max(0, x), 6) */
export const relu6 = plain({ name: 'relu6', keras: 'relu6', torch: 'relu6' }, x => Math.min(Math.max(x, 0), 6));

/**
 * x if x >= 0 else negative_slope*x. The default slope depends on who is asked: 0.2 in Keras 3's function, 0.3 in Keras' LeakyReLU layer,
 * 0.01 in PyTorch and ONNX.
 */
export const leakyRelu = withNumbers(
  {
    name: 'leaky_relu',
    keras: 'leaky_relu',
    torch: 'leaky_relu',
    onnx: 'LeakyRelu',
    onnxParameters: [{ name: 'negative_slope', default: 0.01 }],
    parameters: { negative_slope: 0.2 },
  },
  ({ negative_slope: slope }) =>
    x =>
      x >= 0 ? x : slope * x,
);

/** x if x > theta else 0 */
export const thresholdedRelu = withNumbers(
  { name: 'thresholded_relu', onnx: 'ThresholdedRelu', onnxParameters: [{ name: 'theta', default: 1 }], parameters: { theta: 1 } },
  ({ theta }) =>
    x =>
      x <= theta ? 0 : x,
);

/** x if x > threshold else default_value */
export const threshold = withNumbers(
  { name: 'threshold', keras: 'threshold', torch: 'threshold', parameters: { threshold: 0, default_value: 0 } },
  ({ threshold: from, default_value: otherwise }) =>
    x =>
      x <= from ? otherwise : x,
);

/** x if |x| > threshold else 0 */
export const hardShrink = withNumbers(
  { name: 'hard_shrink', aliases: ['hardshrink'], keras: 'hard_shrink', torch: 'hardshrink', parameters: { threshold: 0.5 } },
  ({ threshold: t }) =>
    x =>
      x <= t && x >= -t ? 0 : x,
);

/** x - threshold if x > threshold, x + threshold if x < -threshold, else 0 */
export const softShrink = withNumbers(
  { name: 'soft_shrink', aliases: ['softshrink'], keras: 'soft_shrink', torch: 'softshrink', parameters: { threshold: 0.5 } },
  ({ threshold: t }) =>
    x =>
      x > t ? x - t : x < -t ? x + t : Number.isNaN(x) ? x : 0,
);

/** min(max(-1, x), 1) */
export const hardTanh = plain({ name: 'hard_tanh', aliases: ['hardtanh'], keras: 'hard_tanh', torch: 'hardtanh' }, x =>
  Math.min(Math.max(x, -1), 1),
);

/** min(max(0, x/6 + 0.5), 1). Keras 3 and PyTorch. Keras 2, tfjs and ONNX give the same name to another slope: `hard_sigmoid_keras2`. */
export const hardSigmoid = plain({ name: 'hard_sigmoid', keras: 'hard_sigmoid', torch: 'hardsigmoid' }, x =>
  x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5,
);

/** min(max(0, alpha*x + beta), 1). The hard sigmoid of Keras 2, tfjs and ONNX: slope 0.2. Keras 3 and PyTorch have 1/6 under the same name: `hard_sigmoid`. */
export const hardSigmoidKeras2 = withNumbers(
  {
    name: 'hard_sigmoid_keras2',
    aliases: ['hard_sigmoid_tfjs', 'hard_sigmoid_onnx'],
    onnx: 'HardSigmoid',
    onnxParameters: [
      { name: 'alpha', default: 0.2 },
      { name: 'beta', default: 0.5 },
    ],
    parameters: { alpha: 0.2, beta: 0.5 },
  },
  ({ alpha, beta }) =>
    x =>
      Math.min(Math.max(alpha * x + beta, 0), 1),
);

/** min(max(0, (x + 1)/2), 1) */
export const sparseSigmoid = plain({ name: 'sparse_sigmoid', keras: 'sparse_sigmoid' }, x => (x <= -1 ? 0 : x >= 1 ? 1 : 0.5 * (x + 1)));
