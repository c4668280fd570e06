import type { OnnxAttribute } from '../formats/onnx/graph.js';
import { OPERATORS } from './index.js';
import type { Call, ProductKernels } from './operator.js';
import type { GraphValue } from './value.js';

/** The version of ONNX's operators that our layers use. */
export const OPERATOR_SET = 21;

/** Runs an operator for a layer and returns its first output. */
export function runOperator(
  op: string,
  inputs: Call['inputs'],
  kernels: ProductKernels,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): GraphValue {
  const node = { name: op, opType: op, domain: '', inputs: [], outputs: [], attributes: new Map(Object.entries(attributes)) };
  return OPERATORS[op].run({ node, opset: OPERATOR_SET, inputs, kernels })[0];
}
