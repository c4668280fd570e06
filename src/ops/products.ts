import { transpose as turned } from '../tensor/layout.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { floatOf, intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, broadcastShape, broadcastTo, type GraphValue, shapeError } from './value.js';

/** Matrix products, on the engine's own kernel. */
export const PRODUCTS: Operators = {
  MatMul: plain(call => product(call, need(call, 0), need(call, 1))),
  Gemm: plain(gemm, ['alpha', 'beta', 'transA', 'transB']),
};

/** NumPy's matmul: [..., D] · [D, K], or matrices of stacked matrices. */
function product({ kernels }: Call, a: GraphValue, b: GraphValue): GraphValue {
  const [D, K] = b.shape.length === 1 ? [b.shape[0], 1] : b.shape.slice(-2);
  if (a.shape.length === 0 || b.shape.length === 0 || a.shape[a.shape.length - 1] !== D) {
    throw shapeError('these matrices cannot be multiplied', `${formatShape(a.shape)} and ${formatShape(b.shape)}`, 'equal inner sizes');
  }
  if (b.shape.length <= 2) {
    const y = kernels.affine(a, { shape: [D, K], data: b.data });
    return { kind: a.kind, type: a.type, shape: b.shape.length === 1 ? a.shape.slice(0, -1) : y.shape, data: y.data };
  }
  const left = a.shape.length === 1 ? { ...a, shape: [1, D] } : a;
  const lead = broadcastShape(left.shape.slice(0, -2), b.shape.slice(0, -2));
  const R = left.shape[left.shape.length - 2];
  const [x, w] = [broadcastTo(left, [...lead, R, D]), broadcastTo(b, [...lead, D, K])];
  const data = allocateShape([...lead, R, K], a.kind, kernels.precision);
  for (let i = 0; i < sizeOf(lead); i++) {
    const row = { shape: [R, D], data: x.data.subarray(i * R * D, (i + 1) * R * D) };
    data.set(kernels.affine(row, { shape: [D, K], data: w.data.subarray(i * D * K, (i + 1) * D * K) }).data, i * R * K);
  }
  return { kind: a.kind, type: a.type, shape: a.shape.length === 1 ? [...lead, K] : [...lead, R, K], data };
}

/** alpha·A·B + beta·C */
function gemm(call: Call): GraphValue {
  const given = [need(call, 0), need(call, 1)];
  if (given.some(({ shape }) => shape.length !== 2))
    throw shapeError('Gemm needs matrices', given.map(({ shape }) => formatShape(shape)).join(' and '), 'two axes each');
  const [A, B] = ['transA', 'transB'].map(
    (name, i): GraphValue => (intOf(call.node, name) ? { ...turned(given[i]), kind: given[i].kind } : given[i]),
  );
  const alpha = floatOf(call.node, 'alpha') ?? 1;
  const beta = floatOf(call.node, 'beta') ?? 1;
  const C = call.inputs[2];
  const isRow = C && sizeOf(C.shape) === B.shape[1] && C.shape[C.shape.length - 1] === B.shape[1];
  const bias = isRow && alpha === 1 && beta === 1 ? { shape: [B.shape[1]], data: C.data } : undefined;
  if (A.shape[1] !== B.shape[0]) return product(call, A, B);
  const y = call.kernels.affine(A, B, bias);
  if (bias || (!C && alpha === 1)) return { kind: A.kind, ...y };
  const added = C && broadcastTo(C, y.shape);
  for (let k = 0; k < y.data.length; k++) y.data[k] = alpha * y.data[k] + (added ? beta * added.data[k] : 0);
  return { kind: A.kind, ...y };
}
