import type { ActivationParameters, ActivationSpec } from '../../activations/activation.js';
import { canonicalActivation, formatActivation, getActivation } from '../../activations/index.js';
import { pythonText } from '../../layers/python.js';
import { bracketed, cannotEmit } from './text.js';

/** Activations in Python: in NumPy as functions that the script includes, in PyTorch and Keras as their own. */

/** Under our names, with our parameters. */
export const NUMPY_FUNCTIONS = `
def linear(x): return x
def sigmoid(x): return 1 / (1 + np.exp(-x))
def relu(x): return np.maximum(x, 0)
def relu_with(x, negative_slope=0, max_value=None, threshold=0):
    return np.where(x > threshold, np.clip(x, 0, max_value), negative_slope * (x - threshold))
def relu6(x): return np.clip(x, 0, 6)
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def log_softmax(x): return x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))
def sparsemax(x):
    sums = np.cumsum(-np.sort(-x, -1), -1)
    within = 1 + np.arange(1, x.shape[-1] + 1) * -np.sort(-x, -1) > sums
    return np.maximum(x - ((sums * within).sum(-1, keepdims=True) - 1) / within.sum(-1, keepdims=True), 0)
def softplus(x): return np.logaddexp(x, 0)
def softsign(x): return x / (1 + np.abs(x))
def elu(x, alpha=1): return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
def celu(x, alpha=1): return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))
def selu(x): return 1.0507009873554805 * elu(x, 1.6732632423543772)
def silu(x): return x * sigmoid(x)
def mish(x): return x * np.tanh(softplus(x))
def gelu(x, approximate=False):
    from math import erfc
    return gelu_tanh(x) if approximate else x * np.vectorize(erfc, otypes=[float])(-x / np.sqrt(2)) / 2
def gelu_tanh(x): return x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
def leaky_relu(x, negative_slope=0.2): return np.where(x > 0, x, negative_slope * x)
def thresholded_relu(x, theta=1): return np.where(x > theta, x, 0)
def above(x, threshold=0, default_value=0): return np.where(x > threshold, x, default_value)
def hard_sigmoid(x): return np.clip(x / 6 + 0.5, 0, 1)
def hard_sigmoid_keras2(x, alpha=0.2, beta=0.5): return np.clip(alpha * x + beta, 0, 1)
def hard_silu(x): return x * hard_sigmoid(x)
def hard_tanh(x): return np.clip(x, -1, 1)
def hard_shrink(x, threshold=0.5): return np.where(np.abs(x) > threshold, x, 0)
def soft_shrink(x, threshold=0.5): return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)
def tanh_shrink(x): return x - np.tanh(x)
def log_sigmoid(x): return -np.logaddexp(-x, 0)
def sparse_plus(x): return np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4))
def sparse_sigmoid(x): return np.clip((x + 1) / 2, 0, 1)
def squareplus(x, b=4): return (x + np.sqrt(x**2 + b)) / 2
def affine(x, alpha=1, beta=0): return alpha * x + beta
def scaled_tanh(x, alpha=1, beta=1): return alpha * np.tanh(beta * x)
`;

/** An activation in one target: a function by name, or a call with parameters. */
interface Called {
  /** The Python of the activation applied to the expression x. */
  of(x: string): string;
  /** as a value that can be passed on */
  readonly value: string;
}

const NUMPY_OWN: Readonly<Record<string, string>> = { tanh: 'np.tanh', exponential: 'np.exp', threshold: 'above' };

export function numpyActivation(spec: ActivationSpec): Called {
  const { name, changed } = partsOf(spec);
  const own = name === 'relu' && changed.length > 0 ? 'relu_with' : (NUMPY_OWN[name] ?? name);
  if (!own.startsWith('np.') && !NUMPY_FUNCTIONS.includes(`def ${own}(`)) throw lacking(spec, 'NumPy');
  return called(own, changed);
}

/** Builds a PyTorch call from the Python of x and the parameters. */
type TorchCall = (x: string, parameters: ActivationParameters) => string;

const withValues =
  (name: string, ...keys: readonly string[]): TorchCall =>
  (x, parameters) =>
    `${name}(${[x, ...keys.map(key => pythonText(parameters[key]))].join(', ')})`;

/** Activations that are not a parameterless function of `torch.nn.functional` under the same name. */
const TORCH: Readonly<Record<string, TorchCall>> = {
  tanh: withValues('torch.tanh'),
  sigmoid: withValues('torch.sigmoid'),
  exponential: withValues('torch.exp'),
  softmax: withValues('softmax'),
  log_softmax: x => `torch.log_softmax(${x}, -1)`,
  relu: (x, { max_value: most }) => (most === null ? `torch.relu(${x})` : `torch.clamp(${x}, 0, ${most})`),
  elu: withValues('torch.nn.functional.elu', 'alpha'),
  celu: withValues('torch.nn.functional.celu', 'alpha'),
  leaky_relu: withValues('torch.nn.functional.leaky_relu', 'negative_slope'),
  hard_shrink: withValues('torch.nn.functional.hardshrink', 'threshold'),
  soft_shrink: withValues('torch.nn.functional.softshrink', 'threshold'),
  threshold: withValues('torch.nn.functional.threshold', 'threshold', 'default_value'),
  thresholded_relu: (x, { theta }) => `torch.nn.functional.threshold(${x}, ${theta}, 0)`,
  gelu: (x, { approximate }) => `torch.nn.functional.gelu(${x}${approximate ? ', approximate="tanh"' : ''})`,
  gelu_tanh: x => `torch.nn.functional.gelu(${x}, approximate="tanh")`,
  hard_sigmoid_keras2: (x, { alpha, beta }) => `torch.clamp(${alpha} * ${bracketed(x)} + ${beta}, 0, 1)`,
  sparse_sigmoid: x => `torch.clamp((${x} + 1) / 2, 0, 1)`,
  affine: (x, { alpha, beta }) => `${alpha} * ${bracketed(x)} + ${beta}`,
  scaled_tanh: (x, { alpha, beta }) => `${alpha} * torch.tanh(${beta} * ${bracketed(x)})`,
};

export function torchActivation(spec: ActivationSpec, x: string): string {
  const { name, parameters, changed, activation } = partsOf(spec);
  if (name === 'linear') return x;
  const plain = name !== 'relu' || changed.every(([key]) => key === 'max_value');
  if (plain && TORCH[name]) return TORCH[name](x, parameters);
  if (!plain || activation.torch === undefined) throw lacking(spec, 'PyTorch');
  return `torch.nn.functional.${activation.torch}(${x})`;
}

/** Activations that Keras 3 has under another name, or as an operation. */
const KERAS: Readonly<Record<string, (parameters: ActivationParameters) => string>> = {
  gelu_tanh: () => 'lambda x: keras.activations.gelu(x, approximate=True)',
  thresholded_relu: ({ theta }) => `lambda x: keras.activations.threshold(x, ${theta}, 0)`,
  // in Keras, these parameters have no defaults
  threshold: ({ threshold, default_value }) => `lambda x: keras.activations.threshold(x, ${threshold}, ${default_value})`,
  hard_sigmoid_keras2: ({ alpha, beta }) => `lambda x: keras.ops.clip(${alpha} * x + ${beta}, 0, 1)`,
  affine: ({ alpha, beta }) => `lambda x: ${alpha} * x + ${beta}`,
  scaled_tanh: ({ alpha, beta }) => `lambda x: ${alpha} * keras.ops.tanh(${beta} * x)`,
};

/** The value of `activation=`: Keras' name in quotes, or a function. */
export function kerasActivation(spec: ActivationSpec): string {
  const { name, parameters, changed, activation } = partsOf(spec);
  if (KERAS[name]) return KERAS[name](parameters);
  if (activation.keras === undefined) throw lacking(spec, 'Keras');
  return changed.length === 0 ? JSON.stringify(activation.keras) : called(`keras.activations.${activation.keras}`, changed).value;
}

function partsOf(spec: ActivationSpec) {
  const { activation, parameters } = getActivation(spec);
  const canonical = canonicalActivation(spec);
  const { name: _, ...others } = typeof canonical === 'string' ? { name: canonical } : canonical;
  return { activation, name: activation.name, parameters, changed: Object.entries(others) };
}

function called(name: string, changed: readonly (readonly [string, unknown])[]): Called {
  const parameters = changed.map(([key, value]) => `, ${key}=${pythonText(value)}`).join('');
  return {
    of: x => (name === 'linear' ? x : `${name}(${x}${parameters})`),
    value: changed.length === 0 ? name : `lambda x: ${name}(x${parameters})`,
  };
}

function lacking(spec: ActivationSpec, target: string): Error {
  return cannotEmit(`${formatActivation(spec)} in ${target}`, 'leave --emit out: y is computed here, and --json has all its digits');
}
