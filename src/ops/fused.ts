import { activate, canonicalActivation } from '../activations/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { transpose as turned } from '../tensor/layout.js';
import { floatOf, intOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { PRODUCTS } from './products.js';
import type { GraphValue } from './value.js';

/** Operators that ONNX Runtime writes when it optimises a graph (com.microsoft). */
export const FUSED: Operators = {
  'com.microsoft.Gelu': plain(call => activated(need(call, 0), 'gelu')),
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

/** alpha · Aᵀ · Bᵀ, the last two axes swapped where it says. */
function fusedMatMul(call: Call): GraphValue {
  if (intOf(call.node, 'transBatchA') || intOf(call.node, 'transBatchB')) throw notRun(call, 'transBatchA');
  const [a, b] = ['transA', 'transB'].map((flag, i) => (intOf(call.node, flag) ? swapped(need(call, i)) : need(call, i)));
  const [y] = PRODUCTS.MatMul.run({ ...call, inputs: [a, b] });
  const alpha = floatOf(call.node, 'alpha') ?? 1;
  return alpha === 1 ? y : { ...y, data: y.data.map((v: number) => v * alpha) as GraphValue['data'] };
}

/** The last two axes exchanged. */
function swapped(v: GraphValue): GraphValue {
  const [rows, columns] = v.shape.slice(-2);
  const size = rows * columns;
  const data = v.data.slice();
  for (let at = 0; at < v.data.length; at += size)
    data.set(turned({ shape: [rows, columns], data: v.data.subarray(at, at + size) }).data, at);
  return { ...v, shape: [...v.shape.slice(0, -2), columns, rows], data };
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
