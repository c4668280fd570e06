import type { Attributes } from '../../../formats/onnx/builder.js';
import type { OnnxNode } from '../../../formats/onnx/graph.js';

/** An operator that is replaced by several standard ONNX operators. */
export interface Composed {
  readonly attributes: readonly string[];
  /** Adds the replacement. @returns the names of its outputs, undefined for those not computed; undefined if the node is not supported here */
  parts(parts: Parts): readonly (string | undefined)[] | undefined;
}

/** Adds the nodes that replace a node. */
export interface Parts {
  readonly node: OnnxNode;
  /** the name of an input; undefined if it is left out */
  input(index: number): string | undefined;
  /** whether the value is boolean */
  isTruth(name: string): boolean;
  /** shape of a graph input or a constant; undefined for other values */
  shapeOf(name: string): readonly (number | string | null)[] | undefined;
  op(opType: string, inputs: readonly string[], attributes?: Attributes): string;
  ops(opType: string, inputs: readonly string[], count: number, attributes?: Attributes): string[];
  number(value: number): string;
  integers(values: readonly number[]): string;
  integer(value: number): string;
}

/** Adds up the inputs that are present. */
export function sum(parts: Parts, inputs: readonly (string | undefined)[]): string {
  const [first, ...others] = inputs.filter(name => name !== undefined);
  return others.reduce((total, name) => parts.op('Add', [total, name]), first);
}
