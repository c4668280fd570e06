import { OPERATORS } from '../ops/index.js';
import { checkAttributes } from '../ops/operator.js';
import { OPERATOR_SET } from '../ops/run.js';
import { fromOnnx, type GraphValue } from '../ops/value.js';
import type { LayerKind, LayerResult, Value } from './layer.js';
import {
  checkAttributeValues,
  checkClassName,
  checkOperands,
  checkOperatorName,
  OPERAND_SCHEMA,
  type OperatorSpec,
} from './operatorFields.js';
import { constantTensor, nodeOf } from './operatorNode.js';
import { operatorOnnx } from './operatorOnnx.js';
import { operatorScripts } from './operatorScripts.js';
import { operatorShapes } from './operatorShapes.js';

export type { OperatorSpec } from './operatorFields.js';

export const operator: LayerKind<OperatorSpec> = {
  name: 'op',
  joins: true,
  kerasClass: layer => layer.kerasClass ?? layer.op,
  fields: {
    op: { type: 'own', check: checkOperatorName, schema: { enum: Object.keys(OPERATORS).sort() } },
    operands: { type: 'own', check: checkOperands, schema: { type: ['array', 'null'], items: OPERAND_SCHEMA }, default: null },
    attributes: {
      type: 'own',
      check: checkAttributeValues,
      schema: { type: 'object', additionalProperties: { type: ['number', 'string', 'array'], items: { type: 'number' } } },
      default: {},
    },
    kerasClass: { type: 'own', check: checkClassName, schema: { type: 'string' }, default: null },
  },
  onnx: operatorOnnx,
  scripts: operatorScripts,
  outputShape: (layer, inputs) => operatorShapes(layer, inputs)[0],
  otherOutputs: (layer, inputs) =>
    operatorShapes(layer, inputs)
      .slice(1)
      .map((shape, i) => ({ suffix: String(i + 1), shape })),

  apply(layer, inputs, { kernels }): LayerResult {
    const node = nodeOf(layer);
    const run = OPERATORS[layer.op];
    checkAttributes(run, node);
    const given = inputs.map(({ tensor, kind }): GraphValue => ({ kind: kind ?? 'float', ...tensor }));
    const [first, ...others] = run.run({ node, opset: OPERATOR_SET, inputs: withConstants(layer, given, kernels.precision), kernels });
    return {
      ...asValue(first),
      others: others.map(({ kind, type, shape, data }) => (kind === 'float' ? { shape, data } : { kind, type, shape, data })),
    };
  },
};

function asValue({ kind, type, shape, data }: GraphValue): Value {
  return kind === 'float' ? { tensor: { shape, data } } : { tensor: { shape, data, type }, kind };
}

/** Returns the operands: constants where they are given, the inputs in order everywhere else. */
function withConstants(layer: OperatorSpec, inputs: readonly GraphValue[], precision: 'f32' | 'f64'): (GraphValue | undefined)[] {
  if (layer.operands === null) return [...inputs];
  let next = 0;
  return layer.operands.map(operand => {
    if (operand === null) return inputs[next++];
    const kind = operand.type === 'float' && inputs[0]?.kind === 'int' && wholeNumbers(operand.data) ? 'int' : operand.type;
    // a spec does not state the width of an integer: it takes that of the other operand
    return { ...fromOnnx(constantTensor({ ...operand, type: kind }), precision), type: undefined };
  });
}

function wholeNumbers(data: readonly number[]): boolean {
  return data.every(Number.isInteger);
}
