import type { Attributes } from '../../../formats/onnx/builder.js';
import type { OnnxNode } from '../../../formats/onnx/graph.js';

/** An operator that is replaced by several of ONNX's own. */
export interface Composed {
  readonly attributes: readonly string[];
  /** @returns what its outputs are called, as far as they are computed; undefined where it is not known here what they are */
  parts(parts: Parts): readonly (string | undefined)[] | undefined;
}

/** Adds the nodes that a node stands for. */
export interface Parts {
  readonly node: OnnxNode;
  /** the name of an input; undefined where it is left out */
  input(index: number): string | undefined;
  /** is this value true or false */
  isTruth(name: string): boolean;
  /** of what the file declares: inputs and constants */
  shapeOf(name: string): readonly (number | string | null)[] | undefined;
  op(opType: string, inputs: readonly string[], attributes?: Attributes): string;
  ops(opType: string, inputs: readonly string[], count: number, attributes?: Attributes): string[];
  number(value: number): string;
  integers(values: readonly number[]): string;
  integer(value: number): string;
}

/** The sum of the inputs that are given. */
export function sum(parts: Parts, inputs: readonly (string | undefined)[]): string {
  const [first, ...others] = inputs.filter(name => name !== undefined);
  return others.reduce((total, name) => parts.op('Add', [total, name]), first);
}
