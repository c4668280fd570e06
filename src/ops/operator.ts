import { RnnError } from '../errors.js';
import type { OnnxGraph, OnnxNode } from '../formats/onnx/graph.js';
import { type FloatArray, formatShape, type Precision, type Tensor } from '../tensor/tensor.js';
import { nodeLabel, onlyAttributes } from './attributes.js';
import { type GraphValue, shapeError } from './value.js';

/** What an engine offers to operators: its number type and its matrix product. */
export interface ProductKernels {
  readonly precision: Precision;
  allocate(length: number): FloatArray;
  /** x [R, D] · kernel [D, K] + bias [K]: rows of any leading shape, [..., D] -> [..., K] */
  affine(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor;
  /** A number as another rounding has it, where programs take the difference of large terms: absent but in runs that measure rounding. */
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

/** Input `index`, which must be there. @throws RnnError E_ONNX_INPUT */
export function need({ node, inputs }: Call, index: number): GraphValue {
  const value = inputs[index];
  if (value) return value;
  throw new RnnError('format', 'E_ONNX_INPUT', `${nodeLabel(node)} has no input ${index}`, {
    expected: `at least ${index + 1} inputs`,
    found: String(node.inputs.length),
  });
}

/** A list of integers: an input since some opset, an attribute before it. @throws RnnError E_ONNX_SHAPE where it is a table */
export function integers(value: GraphValue): number[] {
  if (value.shape.length > 1)
    throw shapeError('a list of numbers has one axis', formatShape(value.shape), formatShape([value.data.length]));
  return Array.from(value.data);
}

/** @throws RnnError E_ONNX_ATTRIBUTE for an attribute that the operator does not read */
export function checkAttributes(operator: Operator, node: OnnxNode): void {
  onlyAttributes(node, operator.attributes);
}
