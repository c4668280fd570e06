import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../formats/onnx/graph.js';
import type { FloatArray } from '../tensor/tensor.js';
import type { AttributeValue, Operand, OperatorSpec } from './operatorFields.js';

/** An operator of a spec as a node of an ONNX graph. */

/** A constant operand as an ONNX tensor. */
export function constantTensor({ type, shape, data }: Exclude<Operand, null>): OnnxTensor {
  if (type === 'int') return { dtype: 'i64', shape, data: BigInt64Array.from(data, v => BigInt(v)) };
  return { dtype: type === 'bool' ? 'bool' : 'f64', shape, data: Float64Array.from(data) as FloatArray };
}

/** Attributes that are floats in ONNX even if their value is a whole number. */
const FLOATS = new Set(['alpha', 'beta', 'bias', 'epsilon', 'gamma', 'lambd', 'momentum', 'ratio', 'threshold']);

/** Returns the operator as a node of an ONNX graph, without inputs and outputs. */
export function nodeOf({ name, op, attributes }: OperatorSpec): OnnxNode {
  return {
    name,
    opType: op,
    domain: '',
    inputs: [],
    outputs: [name],
    attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(key, value)])),
  };
}

function attributeOf(key: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'number') {
    return FLOATS.has(key) || !Number.isInteger(value) ? { type: 'float', value } : { type: 'int', value: BigInt(value) };
  }
  if (!value.every(Number.isInteger)) return { type: 'floats', value };
  return { type: 'ints', value: value.map(v => BigInt(v)) };
}
