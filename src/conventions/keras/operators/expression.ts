import { ONNX_TYPES } from '../../../formats/onnx/types.js';
import type { Json } from '../../../layers/kerasConfig.js';

/** The ONNX nodes that compute an operator of `keras.ops`. */

/** An operand: a value of the network, a constant, or the result of another operator. */
export type Operand = { readonly value: string } | { readonly constant: unknown } | Expression;

export interface Expression {
  readonly op: string;
  /** kind of a layer to use instead of an operator; `attributes` are then its fields */
  readonly kind?: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Json;
  /** index of the node's output to use; default 0 */
  readonly output?: number;
  /** the operator's further outputs */
  readonly others?: readonly Expression[];
}

export const { f32: FLOAT, i64: INT, bool: BOOL, f16: FLOAT16, bf16: BFLOAT16 } = ONNX_TYPES;
export const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** Returns the expression for a call of an ONNX operator. */
export function node(op: string, operands: readonly Operand[], attributes?: Json): Expression {
  return { op, operands, attributes };
}

/** An operand as an expression of its own. */
export function identity(x: Operand): Expression {
  return 'op' in x ? x : node('Identity', [x]);
}

/** An integer constant: a number or a list. */
export function ints(value: number | readonly number[]): Operand {
  return { constant: { type: 'int', value } };
}

/** @param to ONNX's number of the type */
export function cast(operand: Operand, to: number): Expression {
  return node('Cast', [operand], { to });
}

/** x[start:end] along one axis. */
export function sliced(x: Operand, axis: number, start: number, end: number): Expression {
  return node('Slice', [x, ints([start]), ints([end]), ints([axis]), ints([1])]);
}

/** x flattened to one axis. */
export function flat(x: Operand): Expression {
  return node('Reshape', [x, ints([-1])]);
}
