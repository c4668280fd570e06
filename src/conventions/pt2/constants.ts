import type { Json } from '../../layers/kerasConfig.js';
import { checkOperands, type Operand, type OperatorSpec } from '../../layers/operatorFields.js';
import { constantTensor, nodeOf } from '../../layers/operatorNode.js';
import { OPERATORS } from '../../ops/index.js';
import { OPERATOR_SET } from '../../ops/run.js';
import { fromOnnx, type GraphValue } from '../../ops/value.js';
import { allocate, type Tensor } from '../../tensor/tensor.js';

/** Operators that multiply matrices: a weight is not made by them. */
const PRODUCTS = new Set(['MatMul', 'Gemm', 'Einsum', 'Conv', 'ConvTranspose']);

/** The value of an operator that reads constants alone, as weight_norm does. @returns undefined where it reads anything else */
export function constantValue(layers: readonly Json[], name: string): Tensor | undefined {
  const layer = layers.find(l => l.name === name);
  if (layer?.kind !== 'op' || PRODUCTS.has(String(layer.op))) return undefined;
  const inputs = [...(layer.inputs as readonly string[])];
  const operands: readonly Operand[] = layer.operands ? checkOperands(layer.operands, name)! : inputs.map(() => null);
  const values = operands.map((operand): GraphValue | undefined => {
    if (operand) return fromOnnx(constantTensor(operand), 'f32');
    const value = constantValue(layers, inputs.shift()!);
    return value && { kind: 'float', ...value };
  });
  if (values.some(value => value === undefined)) return undefined;
  const node = nodeOf({ attributes: {}, ...layer } as unknown as OperatorSpec);
  const kernels = { precision: 'f32' as const, allocate: (length: number) => allocate(length, 'f32'), affine: (x: Tensor) => x };
  const [{ shape, data }] = OPERATORS[String(layer.op)].run({ node, opset: OPERATOR_SET, inputs: values, kernels });
  return { shape, data };
}
