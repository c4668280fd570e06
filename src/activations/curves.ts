import { RnnError } from '../errors.js';
import { exp } from '../numerics/exp.js';
import { expm1 } from '../numerics/expm1.js';
import { log1p } from '../numerics/log1p.js';
import { sigmoid as sigmoidOf } from '../numerics/sigmoid.js';
import { tanh as tanhOf } from '../numerics/tanh.js';
import { plain, withNumbers } from './elementwise.js';

/** Smooth activations: made of exponentials, roots and quotients. */

/** 1 / (1 + exp(-x)) */
export const sigmoid = plain({ name: 'sigmoid', keras: 'sigmoid', torch: 'sigmoid', onnx: 'Sigmoid' }, sigmoidOf);

/** tanh(x) */
export const tanh = plain({ name: 'tanh', keras: 'tanh', torch: 'tanh', onnx: 'Tanh' }, tanhOf);

/** alpha*tanh(beta*x) */
export const scaledTanh = withNumbers(
  {
    name: 'scaled_tanh',
    onnx: 'ScaledTanh',
    onnxParameters: [
      { name: 'alpha', default: 1 },
      { name: 'beta', default: 1 },
    ],
    parameters: { alpha: 1, beta: 1 },
  },
  ({ alpha, beta }) =>
    x =>
      alpha * tanhOf(beta * x),
);

/** x - tanh(x) */
export const tanhShrink = plain(
  { name: 'tanh_shrink', aliases: ['tanhshrink'], keras: 'tanh_shrink', torch: 'tanhshrink' },
  x => x - tanhOf(x),
);

/** exp(x) */
export const exponential = plain({ name: 'exponential', keras: 'exponential', torch: 'exp' }, exp);

/** x if x > 0 else alpha*(exp(x) - 1) */
export const elu = withNumbers(
  { name: 'elu', keras: 'elu', torch: 'elu', onnx: 'Elu', onnxParameters: [{ name: 'alpha', default: 1 }], parameters: { alpha: 1 } },
  ({ alpha }) =>
    x =>
      x > 0 ? x : alpha * expm1(x),
);

/** x if x > 0 else alpha*(exp(x/alpha) - 1) */
export const celu = withNumbers(
  { name: 'celu', keras: 'celu', torch: 'celu', onnx: 'Celu', onnxParameters: [{ name: 'alpha', default: 1 }], parameters: { alpha: 1 } },
  ({ alpha }) => {
    if (alpha === 0)
      throw new RnnError('spec', 'E_ACTIVATION_PARAMETER', 'celu divides by alpha', {
        expected: 'alpha other than 0',
        found: '0',
        fix: 'use relu, its limit',
      });
    return x => (x > 0 ? x : alpha * expm1(x / alpha));
  },
);

// Constants for the fixed point with mean 0 and variance 1 (Klambauer et al. 2017), with the digits used by Keras and PyTorch.
const ALPHA = 1.6732632423543772;
const SCALE = 1.0507009873554805;

/** 1.0507*x if x > 0 else 1.0507*1.6733*(exp(x) - 1) */
export const selu = plain({ name: 'selu', keras: 'selu', torch: 'selu' }, x => (x > 0 ? SCALE * x : SCALE * ALPHA * expm1(x)));

/** log(1 + exp(x)) */
export const softplus = plain({ name: 'softplus', keras: 'softplus', torch: 'softplus', onnx: 'Softplus' }, softplusOf);

/** max(x, 0) + ln(1 + e^−|x|): does not overflow for large x, and keeps all digits for very negative x. */
export function softplusOf(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}

/** log(sigmoid(x)) = -softplus(-x) */
export const logSigmoid = plain(
  { name: 'log_sigmoid', aliases: ['logsigmoid'], keras: 'log_sigmoid', torch: 'logsigmoid' },
  x => -softplusOf(-x),
);

/** x / (1 + |x|) */
export const softsign = plain({ name: 'softsign', keras: 'softsign', torch: 'softsign', onnx: 'Softsign' }, softsignOf);

function softsignOf(x: number): number {
  const a = Math.abs(x);
  if (a === Number.POSITIVE_INFINITY) return x > 0 ? 1 : -1; // the limit; the formula would give ∞/∞
  return x / (1 + a);
}

/** 0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4 */
export const sparsePlus = plain({ name: 'sparse_plus', keras: 'sparse_plus' }, x => (x <= -1 ? 0 : x >= 1 ? x : 0.25 * (x + 1) * (x + 1)));

/** (x + sqrt(x^2 + b)) / 2 */
export const squareplus = withNumbers(
  { name: 'squareplus', keras: 'squareplus', parameters: { b: 4 } },
  ({ b }) =>
    x =>
      squareplusOf(x, b),
);

/** (x + √(x² + b))/2; for negative x in the equivalent form (b/2)/(√(x² + b) − x), which has no cancellation. */
function squareplusOf(x: number, b: number): number {
  const root = Math.sqrt(x * x + b);
  if (root === Number.POSITIVE_INFINITY) return Math.max(x, 0); // x² overflowed: b is negligible
  return x > 0 ? 0.5 * (x + root) : (0.5 * b) / (root - x);
}
