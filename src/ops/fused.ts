import { activate, canonicalActivation } from '../activations/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { ARITHMETIC } from './arithmetic.js';
import { floatOf, intOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { PRODUCTS } from './products.js';
import { type GraphValue, gatherStrided, stridesOf } from './value.js';

/** Operators that ONNX Runtime writes when it optimises a graph (com.microsoft). */
export const FUSED: Operators = {
  'com.microsoft.Gelu': plain(call => activated(need(call, 0), 'gelu')),
  'com.microsoft.BiasGelu': plain(call => activated(sum(call), 'gelu')),
  'com.microsoft.FastGelu': plain(call => activated(call.inputs[1] ? sum(call) : need(call, 0), 'gelu_tanh')),
  'com.microsoft.QuickGelu': plain(quickGelu, ['alpha']),
  'com.microsoft.FusedMatMul': plain(fusedMatMul, ['alpha', 'transA', 'transB', 'transBatchA', 'transBatchB']),
  'com.microsoft.FusedGemm': plain(fusedGemm, [
    'alpha',
    'beta',
    'transA',
    'transB',
    'activation',
    'activation_alpha',
    'activation_beta',
    'activation_gamma',
  ]),
};

function activated(x: GraphValue, name: string): GraphValue {
  const data = x.data.slice();
  activate(canonicalActivation(name), x.data, x.shape[x.shape.length - 1] ?? 1, data);
  return { ...x, data };
}

function sum(call: Call): GraphValue {
  return ARITHMETIC.Add.run({ ...call, inputs: [need(call, 0), need(call, 1)] })[0];
}

/** x·sigmoid(alpha·x) */
function quickGelu(call: Call): GraphValue {
  const alpha = floatOf(call.node, 'alpha') ?? Math.fround(1.702);
  const x = need(call, 0);
  return { ...x, data: x.data.map((v: number) => v * sigmoid(alpha * v)) as GraphValue['data'] };
}

/**
 * alpha · A · B, the last two axes of either exchanged where it says. With transBatch the first axis stands before the last one: it is moved
 * to the front of the matrix' own, as ONNX Runtime does before anything else.
 */
function fusedMatMul(call: Call): GraphValue {
  const [a, b] = ['A', 'B'].map((side, i) => {
    const value = need(call, i);
    const [turned, batch] = [`trans${side}`, `transBatch${side}`].map(name => intOf(call.node, name) === 1);
    const axes = value.shape.map((_, axis) => axis);
    const last = axes.length - 1;
    // [d0, …, dn−2, dn−1] is read as [d1, …, dn−2, d0, dn−1]
    const order = batch && last > 1 ? [...axes.slice(1, last), 0, last] : axes;
    if (turned && last > 0) [order[last - 1], order[last]] = [order[last], order[last - 1]];
    return permuted(value, order);
  });
  const [y] = PRODUCTS.MatMul.run({ ...call, inputs: [a, b] });
  const alpha = floatOf(call.node, 'alpha') ?? 1;
  return alpha === 1 ? y : { ...y, data: y.data.map((v: number) => v * alpha) as GraphValue['data'] };
}

function permuted(value: GraphValue, order: readonly number[]): GraphValue {
  if (order.every((axis, i) => axis === i)) return value;
  const strides = stridesOf(value.shape);
  return gatherStrided(
    value,
    order.map(axis => value.shape[axis]),
    order.map(axis => strides[axis]),
  );
}

/** Gemm, then an activation. */
function fusedGemm(call: Call): GraphValue {
  const name = textOf(call.node, 'activation') ?? '';
  if (!Object.hasOwn(ACTIVATIONS, name)) throw notRun(call, `activation ${name}`);
  const [y] = PRODUCTS.Gemm.run(call);
  return activated(y, ACTIVATIONS[name]);
}

const ACTIVATIONS: Readonly<Record<string, string>> = {
  Relu: 'relu',
  Tanh: 'tanh',
  Sigmoid: 'sigmoid',
  Softplus: 'softplus',
  Softsign: 'softsign',
};

function notRun({ node }: Call, what: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', `${node.opType} with ${escapeText(what, 40)} is not run here`, {
    found: escapeText(what, 40),
  });
}
