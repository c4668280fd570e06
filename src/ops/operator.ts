import { RnnError } from '../errors.js';
import type { OnnxGraph, OnnxNode } from '../formats/onnx/graph.js';
import { type FloatArray, formatShape, type Precision, type Tensor } from '../tensor/tensor.js';
import { nodeLabel, onlyAttributes } from './attributes.js';
import { type GraphValue, shapeError } from './value.js';

/** What an engine provides to operators: its precision and its matrix product. */
export interface ProductKernels {
  readonly precision: Precision;
  allocate(length: number): FloatArray;
  /** x [R, D] · kernel [D, K] + bias [K]: rows of any leading shape, [..., D] -> [..., K] */
  affine(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor;
  /** Rounds a number differently, where programs subtract large terms. Present only in runs that measure the effect of rounding. */
  readonly rounded?: (v: number) => number;
}

/** One call of an operator: its node, its inputs (undefined = left out) and the engine's kernels. */
export interface Call {
  readonly node: OnnxNode;
  /** version of ONNX's operator set; some operators changed their meaning */
  readonly opset: number;
  readonly inputs: readonly (GraphValue | undefined)[];
  readonly kernels: ProductKernels;
  /** runs a subgraph of the node on its inputs, in order; it sees the values of the graphs around it */
  body?(graph: OnnxGraph, inputs: readonly GraphValue[]): GraphValue[];
}

export interface Operator {
  /** attributes it reads; any other is refused before it runs */
  readonly attributes: readonly string[];
  run(call: Call): GraphValue[];
}

export type Operators = Readonly<Record<string, Operator>>;

/** An operator without attributes that computes one value. */
export function plain(run: (call: Call) => GraphValue, attributes: readonly string[] = []): Operator {
  return { attributes, run: call => [run(call)] };
}

/** Returns input `index`. @throws RnnError E_ONNX_INPUT if it is left out */
export function need({ node, inputs }: Call, index: number): GraphValue {
  const value = inputs[index];
  if (value) return value;
  throw new RnnError('format', 'E_ONNX_INPUT', `${nodeLabel(node)} has no input ${index}`, {
    expected: `at least ${index + 1} inputs`,
    found: String(node.inputs.length),
  });
}

/** Returns an input as a list of integers. @throws RnnError E_ONNX_SHAPE if it has more than one axis */
export function integers(value: GraphValue): number[] {
  if (value.shape.length > 1)
    throw shapeError('expected a list of numbers, with one axis', formatShape(value.shape), formatShape([value.data.length]));
  return Array.from(value.data);
}

/** @throws RnnError E_ONNX_ATTRIBUTE for an attribute that the operator does not read */
export function checkAttributes(operator: Operator, node: OnnxNode): void {
  onlyAttributes(node, operator.attributes);
}
