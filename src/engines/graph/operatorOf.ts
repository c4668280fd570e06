import type { DType } from '../../formats/format.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { floatOf, intOf, intsOf, nodeLabel, saturated, tensorOf } from '../../ops/attributes.js';
import { operandAxes } from '../../ops/fused.js';
import { OPERATORS } from '../../ops/index.js';
import { equalPieces, fromOnnx } from '../../ops/value.js';
import type { Nodes, Wire } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/**
 * Converts a node of any operator set to an operator of set 21, where many attributes of older sets are inputs.
 * @throws RnnError if set 21 has no equivalent
 */
export function asOperator(node: OnnxNode, given: readonly (Wire | undefined)[], opset: number, nodes: Nodes): readonly Wire[] {
  const { opType } = node;
  const name = node.name || opType.toLowerCase();
  const inputs = withoutGaps(given, node);
  const first = inputs[0];
  if (!first) throw notExpressible(`${nodeLabel(node)} has no input`);
  if (opType === 'Dropout' && inputs[2] && !isZero(inputs[2])) throw notExpressible(`${nodeLabel(node)} is random`);
  if (opType === 'Identity' || opType === 'Dropout') return [first];
  if (opType === 'Split') return parts(node, inputs, opset, nodes);
  if (opType === 'ConstantOfShape') return [filled(node, first, nodes)];
  if (opType === 'CastLike') return [nodes.op(name, 'Cast', [first], { to: ONNX_TYPES[typeOf(inputs[1], nodes)] })];
  if (opType === 'Transpose' && intsOf(node, 'perm')) return [nodes.transposed(first, intsOf(node, 'perm')!)];
  if (opType === 'GroupNormalization' && opset < 21) throw notExpressible(`${nodeLabel(node)} has a scale for each group`);
  if (opType === 'DFT' && opset < 20) throw notExpressible(`${nodeLabel(node)} has its axis as an attribute`);
  if (!Object.hasOwn(OPERATORS, opType)) throw notExpressible(`${nodeLabel(node)} is not supported`);
  if (opset < 13 && /^(Log)?Softmax$|^Hardmax$/.test(opType)) {
    const axis = intOf(node, 'axis') ?? 1;
    if (axis !== -1 && axis !== nodes.shape(first).length - 1) throw notExpressible(`${opType} over several axes`);
    return [nodes.op(name, opType, [first], { axis })];
  }
  const moved = asInputs(node, opset);
  const attributes = Object.fromEntries(
    [...node.attributes].filter(([key]) => !moved.has(key)).map(([key, value]) => [key, plainValue(key, value)]),
  );
  const result = nodes.op(name, opType, [...inputs, ...moved.values()], attributes);
  if ('constant' in result) return [result];
  const { value } = result;
  const unknown = node.outputs.findIndex((output, i) => i > 0 && output !== '' && !nodes.shapes.has(`${value}/${i}`));
  if (unknown > 0) throw notExpressible(`the shape of output ${unknown} of ${nodeLabel(node)} is unknown`);
  const zero = MOVES.has(opType) && (opType === 'Concat' ? inputs.every(isZero) : isZero(first));
  return node.outputs.map((_, i): Wire => (i === 0 ? { value, zero } : { value: `${value}/${i}` }));
}

/** ONNX Runtime's alpha · A · B, with A or B transposed as its attributes say: see ops/fused.ts. */
export function turnedProduct(node: OnnxNode, inputs: readonly (Wire | undefined)[], nodes: Nodes): Wire {
  const factors = ['A', 'B'].map((side, i) => {
    const wire = inputs[i];
    if (!wire) throw notExpressible(`${nodeLabel(node)} leaves out an input`);
    const order = operandAxes(node, side, nodes.shape(wire).length);
    return order.every((axis, k) => axis === k) ? wire : nodes.op('turned', 'Transpose', [wire], { perm: order });
  });
  const product = nodes.op(node.name || 'product', 'MatMul', factors);
  const alpha = floatOf(node, 'alpha') ?? 1;
  return alpha === 1
    ? product
    : nodes.op('scaled', 'Mul', [product, { constant: { kind: 'float', shape: [], data: Float64Array.of(alpha) } }]);
}

/** Returns the type of a value. @throws RnnError if it is an integer of unknown width */
function typeOf(wire: Wire, nodes: Nodes): DType {
  const kind = nodes.kind(wire);
  if (kind === 'float') return 'f32';
  if (kind === 'bool') return 'bool';
  if ('constant' in wire) return wire.constant.type ?? 'i64';
  throw notExpressible('CastLike takes its type from computed integers');
}

/** Whether a value is known to be all zeros. */
export function isZero(wire: Wire): boolean {
  return 'constant' in wire ? wire.constant.data.every(v => v === 0) : wire.zero === true;
}

/** Operators whose output is zero if their input is. */
const MOVES = new Set(['Slice', 'Gather', 'Transpose', 'Unsqueeze', 'Squeeze', 'Reshape', 'Expand', 'Cast', 'Concat']);

/** Drops trailing empty inputs. A spec cannot leave out an input in the middle, except the bounds of Clip and the sizes or scales of Resize. */
function withoutGaps(given: readonly (Wire | undefined)[], node: OnnxNode): Wire[] {
  const last = given.findLastIndex(wire => wire !== undefined);
  return given.slice(0, last + 1).map((wire, i): Wire => {
    if (wire) return wire;
    if (node.opType === 'Clip' && i === 1) return { constant: { kind: 'float', shape: [], data: Float64Array.of(-Number.MAX_VALUE) } };
    if (node.opType === 'Resize' && i > 0) return { constant: { kind: 'float', shape: [0], data: Float64Array.of() } };
    throw notExpressible(`${nodeLabel(node)} leaves out an input`);
  });
}

/** Returns the attributes that newer sets have as inputs, in the order of those inputs. */
function asInputs(node: OnnxNode, opset: number): Map<string, Wire> {
  const moved = new Map<string, Wire>();
  const ints = (key: string) => {
    const value = intsOf(node, key);
    if (value) moved.set(key, { constant: { kind: 'int', shape: [value.length], data: Float64Array.from(value) } });
  };
  const number = (key: string, otherwise: number) =>
    moved.set(key, { constant: { kind: 'float', shape: [], data: Float64Array.of(floatOf(node, key) ?? otherwise) } });
  const { opType } = node;
  if (/^(Squeeze|Unsqueeze)$|^Reduce/.test(opType)) ints('axes');
  if (opType === 'Slice' && opset < 10) for (const key of ['starts', 'ends', 'axes']) ints(key);
  if (opType === 'Pad' && opset < 11) {
    ints('pads');
    number('value', 0);
  }
  if (opType === 'Clip' && opset < 11) {
    number('min', -Number.MAX_VALUE);
    number('max', Number.MAX_VALUE);
  }
  if (opType === 'TopK' && opset < 10)
    moved.set('k', { constant: { kind: 'int', shape: [1], data: Float64Array.of(intOf(node, 'k') ?? 1) } });
  return moved;
}

function plainValue(key: string, attribute: ReturnType<OnnxNode['attributes']['get']> & object): unknown {
  switch (attribute.type) {
    case 'int':
      return saturated(attribute.value);
    case 'ints':
      return attribute.value.map(saturated);
    case 'float':
    case 'floats':
    case 'string':
      return attribute.value;
    default:
      throw notExpressible(`the attribute ${key} is not a number`);
  }
}

/** Converts a Split into one Slice per output. */
function parts(node: OnnxNode, [x, sizes]: readonly Wire[], opset: number, nodes: Nodes): readonly Wire[] {
  const axis = intOf(node, 'axis') ?? 0;
  const whole = nodes.shape(x).at(axis)?.size ?? null;
  if (sizes && 'value' in sizes) throw notExpressible('the sizes of Split are computed');
  if ((intOf(node, 'num_outputs') ?? node.outputs.length) !== node.outputs.length)
    throw notExpressible('Split has more or fewer outputs than pieces');
  const said = opset < 13 ? intsOf(node, 'split') : sizes && Array.from(sizes.constant.data);
  const given = said ?? (whole === null ? undefined : equalPieces(whole, node.outputs.length, opset));
  // the sizes must add up to that of the axis, which must be known
  if (!given || given.reduce((a, b) => a + b, 0) !== whole) throw notExpressible('Split cuts an axis of unknown size');
  let from = 0;
  return given.map(size => {
    from += size;
    return nodes.op(node.name || 'split', 'Slice', [x, nodes.int([from - size]), nodes.int([from]), nodes.int([axis])]);
  });
}

/** Converts a ConstantOfShape. */
function filled(node: OnnxNode, shape: Wire, nodes: Nodes): Wire {
  const tensor = tensorOf(node, 'value');
  const value = tensor ? fromOnnx(tensor, 'f32') : { kind: 'float' as const, data: Float64Array.of(0) };
  const constant = { kind: value.kind, shape: [], data: Float64Array.of(value.data[0] ?? 0) };
  const result = nodes.op(node.name || 'filled', 'Expand', [{ constant }, shape]);
  return 'value' in result ? { ...result, zero: constant.data[0] === 0 } : result;
}
