import type { OnnxNode } from '../formats/onnx/graph.js';
import { floatOf, intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { PRODUCTS } from './products.js';
import { type GraphValue, inOrder } from './value.js';

/** The one operator of ONNX Runtime's optimiser that depends on the ranks of its inputs (for the others see engines/graph/composed). */
export const FUSED: Operators = {
  'com.microsoft.FusedMatMul': plain(fusedMatMul, ['alpha', 'transA', 'transB', 'transBatchA', 'transBatchB']),
};

/**
 * alpha · A · B; transA and transB swap the last two axes. With transBatch, the first axis of the input is first moved to second-to-last place,
 * as ONNX Runtime does.
 */
function fusedMatMul(call: Call): GraphValue {
  const [a, b] = ['A', 'B'].map((side, i) => {
    const value = need(call, i);
    return inOrder(value, operandAxes(call.node, side, value.shape.length));
  });
  const [y] = PRODUCTS.MatMul.run({ ...call, inputs: [a, b] });
  const alpha = floatOf(call.node, 'alpha') ?? 1;
  return alpha === 1 ? y : { ...y, data: y.data.map((v: number) => v * alpha) as GraphValue['data'] };
}

/** Returns the order of axes in which A or B is multiplied. */
export function operandAxes(node: OnnxNode, side: string, rank: number): number[] {
  const [turned, batch] = [`trans${side}`, `transBatch${side}`].map(name => intOf(node, name) === 1);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const last = rank - 1;
  // [d0, …, dn−2, dn−1] is read as [d1, …, dn−2, d0, dn−1]
  const order = batch && last > 1 ? [...axes.slice(1, last), 0, last] : axes;
  if (turned && last > 0) [order[last - 1], order[last]] = [order[last], order[last - 1]];
  return order;
}
