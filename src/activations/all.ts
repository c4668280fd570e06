export {
  celu,
  elu,
  exponential,
  logSigmoid,
  scaledTanh,
  selu,
  sigmoid,
  softplus,
  softsign,
  sparsePlus,
  squareplus,
  tanh,
  tanhShrink,
} from './curves.js';
export { gelu, geluTanh, hardSilu, mish, silu } from './gated.js';
export { relu } from './relu.js';
export { logSoftmax, softmax, sparsemax } from './rows.js';
export {
  affine,
  hardShrink,
  hardSigmoid,
  hardSigmoidKeras2,
  hardTanh,
  leakyRelu,
  linear,
  relu6,
  softShrink,
  sparseSigmoid,
  threshold,
  thresholdedRelu,
} from './straight.js';
