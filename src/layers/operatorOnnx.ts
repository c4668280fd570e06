import type { GraphBuilder } from '../formats/onnx/builder.js';
import type { OnnxFacet } from './facets.js';
import type { OperatorSpec } from './operatorFields.js';
import { constantTensor, nodeOf } from './operatorNode.js';

/**
 * An operator is an ONNX node already. Files are written for operator set 17: reductions have their axes as an attribute there, and Gelu and
 * Mish are made of older operators.
 */
export const operatorOnnx: OnnxFacet<OperatorSpec> = (layer, { builder, inputs, shapes, activation }) => {
  let next = 0;
  const axesApart = /^Reduce/.test(layer.op) && layer.op !== 'ReduceSum';
  const names = (layer.operands ?? inputs.map(() => null)).map((operand, i) => {
    if (operand === null) return inputs[next++];
    if (axesApart && i === 1) return '';
    const { shape, data } = constantTensor(operand);
    if (operand.type === 'float') return builder.constant(`${layer.name}.constant`, { shape, data: Float64Array.from(operand.data) });
    return builder.tensor(
      `${layer.name}.constant`,
      operand.type === 'int' ? { shape, dtype: 'i64', data } : { shape, dtype: 'bool', data },
    );
  });
  const attributes = Object.fromEntries(nodeOf(layer).attributes);
  const axes = layer.operands?.[1];
  if (axesApart && axes)
    return builder.add(
      layer.op,
      names.slice(0, 1),
      { ...attributes, axes: { type: 'ints', value: axes.data.map(v => BigInt(v)) } },
      layer.name,
    );
  if (layer.op === 'Gelu') return activation(layer.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu', names[0]);
  if (layer.op === 'GroupNormalization') return groupNorm(layer, builder, names, shapes[0].length);
  if (layer.op === 'Mish') return activation('mish', names[0]);
  return builder.add(layer.op, names, attributes, layer.name);
};

/** Older than GroupNormalization: groups as channels of InstanceNormalization, then scale and bias of the channels. */
function groupNorm(layer: OperatorSpec, builder: GraphBuilder, [x, gamma, beta]: readonly string[], rank: number): string {
  const groups = Number(layer.attributes.num_groups);
  const filled = (value: number) =>
    builder.constant(`${layer.name}.groups`, { shape: [groups], data: new Float64Array(groups).fill(value) });
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, layer.name);
  const apart = add('Reshape', [x, builder.integers([0, groups, -1])]);
  const normal = add('InstanceNormalization', [apart, filled(1), filled(0)], {
    epsilon: { type: 'float', value: Number(layer.attributes.epsilon ?? 1e-5) },
  });
  const back = add('Reshape', [normal, add('Shape', [x])]);
  // [C] -> [C, 1, …]
  const channels = builder.integers([-1, ...new Array<number>(rank - 2).fill(1)]);
  return add('Add', [add('Mul', [back, add('Reshape', [gamma, channels])]), add('Reshape', [beta, channels])]);
}
