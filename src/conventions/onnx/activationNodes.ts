import type { ActivationSpec } from '../../activations/activation.js';
import { getActivation } from '../../activations/index.js';
import { type Attributes, float, type GraphBuilder, int } from '../../formats/onnx/builder.js';

/** Activations in ONNX: as nodes, and as functions of RNN, LSTM and GRU. */

/** The functions that RNN, LSTM and GRU have in the specification. */
// biome-ignore format: a table
export const RECURRENT_FUNCTIONS: readonly string[] = [
  'Relu', 'Tanh', 'Sigmoid', 'Affine', 'LeakyRelu', 'ThresholdedRelu', 'ScaledTanh', 'HardSigmoid', 'Elu', 'Softsign', 'Softplus',
];

export interface RecurrentFunction {
  readonly name: string;
  /** alpha and beta, as far as the function has them */
  readonly parameters: readonly number[];
}

/** Returns the function of ONNX's RNN, LSTM and GRU for our activation; undefined if there is none, so that a Scan is needed. */
export function recurrentFunction(spec: ActivationSpec | null): RecurrentFunction | undefined {
  const { activation, parameters } = getActivation(spec);
  if (activation.name === 'linear') return { name: 'Affine', parameters: [1, 0] };
  if (activation.name === 'hard_sigmoid') return { name: 'HardSigmoid', parameters: [1 / 6, 0.5] };
  const own = activation.onnxParameters ?? [];
  const others = Object.entries(parameters).some(([key, v]) => !own.some(p => p.name === key) && v !== activation.parameters![key]);
  const name = RECURRENT_FUNCTIONS.find(known => known === activation.onnx);
  return name === undefined || others ? undefined : { name, parameters: own.map(p => Number(parameters[p.name])) };
}

const SIXTH = Math.fround(1 / 6);

/** Returns our activation for an ONNX function with these parameters: a hard sigmoid with slope 1/6 is Keras 3's, Affine with 1 and 0 is linear. */
export function plainFunction(spec: { readonly name: string } & Readonly<Record<string, string | number>>): ActivationSpec {
  if (spec.name === 'hard_sigmoid_keras2' && spec.alpha === SIXTH && spec.beta === 0.5) return 'hard_sigmoid';
  if (spec.name === 'affine' && spec.alpha === 1 && spec.beta === 0) return 'linear';
  return spec;
}

/** Appends the activation of `x`. @returns the output's name */
export function addActivation(builder: GraphBuilder, spec: ActivationSpec, x: string, name: string): string {
  const { activation, parameters } = getActivation(spec);
  if (activation.name === 'linear') return x;
  const made = Object.hasOwn(PARTS, activation.name)
    ? PARTS[activation.name](partsOf(builder, name), x, parameters as Record<string, number>)
    : undefined;
  if (made !== undefined) return made;
  const names = ['alpha', 'beta'];
  const own = (activation.onnxParameters ?? []).map((p, i) => [names[i], float(Number(parameters[p.name]))]);
  return builder.add(activation.onnx!, [x], Object.fromEntries(own), name);
}

/** Nodes over values and numbers. */
interface Parts {
  (op: string, inputs: readonly (string | number)[], attributes?: Attributes): string;
  readonly builder: GraphBuilder;
  readonly label: string;
}

function partsOf(builder: GraphBuilder, name: string): Parts {
  const value = (v: string | number) =>
    typeof v === 'string' ? v : builder.constant(`${name}/number`, { shape: [], data: Float64Array.of(v) });
  const add = (op: string, inputs: readonly (string | number)[], attributes: Attributes = {}) =>
    builder.add(op, inputs.map(value), attributes, name);
  return Object.assign(add, { builder, label: name });
}

/** Activations that are built from several nodes, because the file's operator set lacks them; undefined: with these parameters there is an operator. */
const PARTS: Readonly<Record<string, (add: Parts, x: string, parameters: Readonly<Record<string, number>>) => string | undefined>> = {
  softmax: (add, x) => add('Softmax', [x], { axis: int(-1) }),
  log_softmax: (add, x) => add('LogSoftmax', [x], { axis: int(-1) }),
  hard_sigmoid: (add, x) => add('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) }),
  exponential: (add, x) => add('Exp', [x]),
  silu: (add, x) => add('Mul', [x, add('Sigmoid', [x])]),
  mish: (add, x) => add('Mul', [x, add('Tanh', [add('Softplus', [x])])]),
  gelu: (add, x, { approximate }) => gelu(add, x, approximate ? 'tanh' : 'erf'),
  gelu_tanh: (add, x) => gelu(add, x, 'tanh'),
  relu(add, x, { negative_slope, max_value, threshold }) {
    if (negative_slope === 0 && max_value === null && threshold === 0) return undefined;
    const above = max_value === null ? x : add('Min', [add('Max', [x, 0]), max_value]);
    const below = negative_slope === 0 ? 0 : add('Mul', [add('Sub', [x, threshold]), negative_slope]);
    return add('Where', [add('Greater', [x, threshold]), above, below]);
  },
  selu: (add, x) => add('Selu', [x]),
  relu6: (add, x) => add('Clip', [x, 0, 6]),
  hard_tanh: (add, x) => add('Clip', [x, -1, 1]),
  hard_silu: (add, x) => add('HardSwish', [x]),
  hard_shrink: (add, x, { threshold }) => add('Shrink', [x], { lambd: float(threshold), bias: float(0) }),
  soft_shrink: (add, x, { threshold }) => add('Shrink', [x], { lambd: float(threshold), bias: float(threshold) }),
  tanh_shrink: (add, x) => add('Sub', [x, add('Tanh', [x])]),
  threshold: (add, x, { threshold, default_value }) => add('Where', [add('Greater', [x, threshold]), x, default_value]),
  log_sigmoid: (add, x) => add('Neg', [add('Softplus', [add('Neg', [x])])]),
  squareplus: (add, x, { b }) => add('Mul', [add('Add', [x, add('Sqrt', [add('Add', [add('Mul', [x, x]), b])])]), 0.5]),
  sparse_sigmoid: (add, x) => add('Clip', [add('Mul', [add('Add', [x, 1]), 0.5]), 0, 1]),
  sparse_plus(add, x) {
    const raised = add('Clip', [add('Add', [x, 1]), 0, 2]);
    return add('Where', [add('Less', [x, 1]), add('Mul', [add('Mul', [raised, raised]), 0.25]), x]);
  },
  affine: (add, x, { alpha, beta }) => add('Add', [add('Mul', [x, alpha]), beta]),
  scaled_tanh: (add, x, { alpha, beta }) => add('Mul', [add('Tanh', [add('Mul', [x, beta])]), alpha]),
  sparsemax,
};

/** x/2 · (1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715·x³)) in the place of erf: Gelu itself is newer than the operator set of the file. */
function gelu(add: Parts, x: string, kind: 'erf' | 'tanh'): string {
  const cubed = () => add('Mul', [add('Mul', [add('Mul', [x, x]), x]), 0.044715]);
  const inside =
    kind === 'erf'
      ? add('Erf', [add('Mul', [x, Math.SQRT1_2])])
      : add('Tanh', [add('Mul', [add('Add', [x, cubed()]), Math.sqrt(2 / Math.PI)])]);
  return add('Mul', [add('Mul', [x, 0.5]), add('Add', [inside, 1])]);
}

/** max(0, x − τ), τ = (s_1 + … + s_k − 1)/k with the sums s of the largest, k the last for which 1 + k·x_(k) exceeds s_k */
function sparsemax(add: Parts, x: string): string {
  const { builder, label } = add;
  const size = add('Shape', [x], { start: int(-1) });
  const [sorted] = builder.addMany('TopK', [x, size], 2, { axis: int(-1) }, label);
  const sums = add('CumSum', [sorted, builder.scalar(-1)]);
  const ones = add('Add', [add('Mul', [sorted, 0]), 1]);
  const places = add('CumSum', [ones, builder.scalar(-1)]);
  const inside = add('Greater', [add('Add', [add('Mul', [places, sorted]), 1]), sums]);
  const count = add('ReduceSum', [add('Cast', [inside], { to: int(1) }), builder.integers([-1])], { keepdims: int(1) });
  const total = add('ReduceSum', [add('Where', [inside, sums, 0]), builder.integers([-1])], { keepdims: int(1) });
  return add('Max', [add('Sub', [x, add('Div', [add('Sub', [total, 1]), count])]), 0]);
}
