import type { Json } from '../../layers/kerasConfig.js';
import { checkOperands, type Operand, type OperatorSpec } from '../../layers/operatorFields.js';
import { constantTensor, nodeOf } from '../../layers/operatorNode.js';
import { OPERATORS } from '../../ops/index.js';
import { OPERATOR_SET } from '../../ops/run.js';
import { fromOnnx, type GraphValue } from '../../ops/value.js';
import { allocate, type Tensor } from '../../tensor/tensor.js';

/** Operators that exporters never apply to weights alone. */
const OTHERS = new Set(['Gemm', 'Einsum', 'Conv', 'ConvTranspose']);

/**
 * The value of an operator that depends only on constants, as in weight_norm and spectral_norm. @returns undefined if it depends on an
 * input
 */
export function constantValue(layers: readonly Json[], name: string): Tensor | undefined {
  const layer = layers.find(l => l.name === name);
  if (layer?.kind !== 'op' || OTHERS.has(String(layer.op))) return undefined;
  const inputs = [...(layer.inputs as readonly string[])];
  const operands: readonly Operand[] = layer.operands ? checkOperands(layer.operands, name)! : inputs.map(() => null);
  const values = operands.map((operand): GraphValue | undefined => {
    if (operand) return fromOnnx(constantTensor(operand), 'f32');
    const value = constantValue(layers, inputs.shift()!);
    return value && { kind: 'float', ...value };
  });
  if (values.some(value => value === undefined)) return undefined;
  const node = nodeOf({ attributes: {}, ...layer } as unknown as OperatorSpec);
  const [{ shape, data }] = OPERATORS[String(layer.op)].run({ node, opset: OPERATOR_SET, inputs: values, kernels: KERNELS });
  return { shape, data };
}

const KERNELS = {
  precision: 'f32' as const,
  allocate: (length: number) => allocate(length, 'f32'),
  /** x [R, D] · kernel [D, K] */
  affine({ shape, data: x }: Tensor, { shape: [D, K], data: kernel }: Tensor): Tensor {
    const data = new Float32Array(D === 0 ? 0 : (x.length / D) * K);
    for (let k = 0; k < data.length; k++) {
      const row = Math.floor(k / K) * D;
      let sum = 0;
      for (let d = 0; d < D; d++) sum += x[row + d] * kernel[d * K + (k % K)];
      data[k] = sum;
    }
    return { shape: [...shape.slice(0, -1), K], data };
  },
};
