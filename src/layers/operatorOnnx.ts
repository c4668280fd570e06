import type { OnnxFacet } from './facets.js';
import type { OperatorSpec } from './operatorFields.js';
import { constantTensor, nodeOf } from './operatorNode.js';

/**
 * An operator is an ONNX node already. Files are written for operator set 17: reductions have their axes as an attribute there, and Gelu and
 * Mish are made of older operators.
 */
export const operatorOnnx: OnnxFacet<OperatorSpec> = (layer, { builder, inputs, activation }) => {
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
  if (layer.op === 'Gelu') return activation({ name: 'gelu', approximate: layer.attributes.approximate === 'tanh' }, names[0]);
  if (layer.op === 'Mish') return activation('mish', names[0]);
  return builder.add(layer.op, names, attributes, layer.name);
};
