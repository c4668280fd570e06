import { type GraphBuilder, int } from '../formats/onnx/builder.js';
import type { OnnxTensor } from '../formats/onnx/graph.js';
import { isHalf, ONNX_DTYPES, ONNX_TYPES } from '../formats/onnx/types.js';
import type { OnnxCall, OnnxFacet } from './facets.js';
import { cast, number } from './onnxSteps.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import { constantTensor, nodeOf } from './operatorNode.js';
import { axisIn } from './operatorShapeRule.js';
import { givenType, operandTypes } from './operatorTypes.js';

/**
 * An operator is an ONNX node already. Files are written for operator set 17: reductions have their axes as an attribute there, and Gelu and
 * Mish are made of older operators.
 */
export const operatorOnnx: OnnxFacet<OperatorSpec> = (layer, call) => {
  const { builder, inputs, types: given, shapes, activation, output, others, wantsOthers } = call;
  const axesApart = /^Reduce/.test(layer.op) && layer.op !== 'ReduceSum';
  const operands = layer.operands ?? inputs.map(() => null);
  const types = operandTypes(layer.op, operands, given);
  let next = 0;
  const names = operands.map((operand, i) => {
    if (operand === null) {
      const at = next++;
      return types[i] === given[at] ? inputs[at] : cast(builder, inputs[at], types[i], layer.name);
    }
    if (axesApart && i === 1) return '';
    const { shape, data } = constantTensor({
      ...(layer.op === 'Pad' && i === 1 ? allPads(operand, operands[3], (operands[0]?.shape ?? shapes[0]).length) : operand),
      type: ({ f32: 'float', i64: 'int', bool: 'bool' } as const)[types[i]],
    });
    if (types[i] === 'f32') return builder.constant(`${layer.name}.constant`, { shape, data: Float64Array.from(operand.data) });
    return builder.tensor(`${layer.name}.constant`, { shape, dtype: types[i], data } as OnnxTensor);
  });
  const attributes = Object.fromEntries(nodeOf(layer).attributes);
  // newer than set 17
  if (layer.op === 'Pad') names.length = Math.min(names.length, 3);
  // newer than set 17, and without effect if axes are given
  if (axesApart) delete attributes.noop_with_empty_axes;
  if (names.length === 1 && layer.attributes.noop_with_empty_axes === 1) return builder.add('Identity', names, {}, layer.name);
  const axes = layer.operands?.[1];
  const type = givenType(layer, types);
  if (layer.op === 'Cast') {
    // a rounding to half is two casts: values are float32 before and after
    if (isHalf(ONNX_DTYPES.get(Number(layer.attributes.to)))) names[0] = builder.add('Cast', [names[0]], attributes, layer.name);
    attributes.to = int(ONNX_TYPES[type]);
  }
  if (axesApart && axes)
    return {
      y: builder.add(
        layer.op,
        names.slice(0, 1),
        { ...attributes, axes: { type: 'ints', value: axes.data.map(v => BigInt(v)) } },
        layer.name,
      ),
      type,
    };
  if (layer.op === 'Resize' && 'axes' in attributes) resizeAll(call, layer, names, attributes);
  if (layer.op === 'DFT' && names.length > 2) {
    attributes.axis = int(operands[2]!.data[0]);
    names.length = 2;
  }
  if (layer.op === 'EyeLike') attributes.dtype = int(ONNX_TYPES[type]);
  if (layer.op === 'Mod' && type === 'f32' && layer.attributes.fmod !== 1) return { y: remainder(layer.name, builder, names), type };
  if (layer.op === 'Gelu') return activation(layer.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu', names[0]);
  if (layer.op === 'GroupNormalization') return groupNorm(layer, builder, names, shapes[0].length);
  if (Object.hasOwn(BITWISE, layer.op)) return { y: onBits(layer, builder, names), type };
  if (layer.op === 'Mish') return activation('mish', names[0]);
  if (layer.op === 'Split' && 'num_outputs' in attributes) {
    // set 17 takes the sizes of the parts instead of their number
    delete attributes.num_outputs;
    const axis = axisIn(Number(layer.attributes.axis ?? 0), output.length, layer.op);
    names.splice(1, 1, builder.integers([output, ...others].map(shape => shape[axis].size!)));
  }
  const count = wantsOthers || ALL_OUTPUTS.has(layer.op) ? 1 + others.length : 1;
  const [y, ...rest] = builder.addMany(layer.op, names, count, attributes, layer.name);
  return { y, others: rest, type, otherType: layer.op === 'TopK' ? 'i64' : type };
};

/** must name every output */
const ALL_OUTPUTS: ReadonlySet<string> = new Set(['Split', 'TopK']);

/** Resize of the last axes: set 17 has no `axes`, so the others get their own sizes, or the scale 1. For other axes `axes` stays, and is refused later. */
function resizeAll(
  { builder, shapes }: OnnxCall,
  { name, attributes: { axes }, operands }: OperatorSpec,
  names: string[],
  attributes: object,
): void {
  const rank = shapes[0].length;
  const first = rank - (axes as readonly number[]).length;
  if ((axes as readonly number[]).some((axis, i) => (axis < 0 ? axis + rank : axis) !== first + i)) return;
  delete (attributes as { axes?: unknown }).axes;
  const scales = operands?.[2]?.data ?? [];
  if (scales.length > 0) {
    const all = [...new Array<number>(first).fill(1), ...scales];
    names[2] = builder.constant(`${name}.scales`, { shape: [rank], data: Float64Array.from(all) });
    return;
  }
  const own = builder.add(
    'Slice',
    [builder.add('Shape', [names[0]], {}, name), builder.integers([0]), builder.integers([first])],
    {},
    name,
  );
  names[3] = builder.add('Concat', [own, names[3]], { axis: int(0) }, name);
}

/** Pads of all axes, where those of some were given. */
function allPads(pads: Exclude<Operand, null>, axes: Operand | undefined, rank: number): Exclude<Operand, null> {
  if (!axes) return pads;
  const data = new Array<number>(2 * rank).fill(0);
  axes.data.forEach((given, i) => {
    const axis = given < 0 ? given + rank : given;
    data[axis] = pads.data[i];
    data[axis + rank] = pads.data[i + axes.data.length];
  });
  return { ...pads, shape: [2 * rank], data };
}

/** Mod of floats with the sign of b: ONNX Runtime only has the one with the sign of a. */
function remainder(name: string, builder: GraphBuilder, [a, b]: readonly string[]): string {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, name);
  const rest = add('Mod', [a, b], { fmod: int(1) });
  const signs = add('Mul', [add('Sign', [rest]), add('Sign', [b])]);
  return add('Where', [add('Less', [signs, number(builder, 0, name)]), add('Add', [rest, b]), rest]);
}

/** Operators that combine two bits of 0 or 1. */
const BITWISE: Readonly<Record<string, readonly string[]>> = { BitwiseAnd: ['Mul'], BitwiseOr: ['Max'], BitwiseXor: ['Sub', 'Abs'] };

/** Set 17 has no bitwise operators: the digits of ã = a or −1 − a, which is not negative, inverted where a was, as 53 bits and a sign. */
function onBits({ name, op }: OperatorSpec, builder: GraphBuilder, names: readonly string[]): string {
  const add = (operator: string, inputs: readonly string[], attributes = {}) => builder.add(operator, inputs, attributes, name);
  const whole = (value: number) => builder.integers([value]);
  const places = builder.integers(Array.from({ length: 54 }, (_, k) => 2 ** k));
  const weights = builder.integers(Array.from({ length: 54 }, (_, k) => (k < 53 ? 2 ** k : -(2 ** k))));
  const [a, b] = names.map(x => {
    const wide = add('Unsqueeze', [x, whole(-1)]);
    const negative = add('Less', [wide, whole(0)]);
    const digits = add('Mod', [add('Div', [add('Where', [negative, add('Sub', [whole(-1), wide]), wide]), places]), whole(2)]);
    return add('Where', [negative, add('Sub', [whole(1), digits]), digits]);
  });
  const [joined, ...rest] = BITWISE[op];
  const bits = rest.reduce((x, operator) => add(operator, [x]), add(joined, [a, b]));
  return add('ReduceSum', [add('Mul', [bits, weights]), whole(-1)], { keepdims: int(0) });
}

/** Set 17 has no GroupNormalization: groups as channels of InstanceNormalization, then scale and bias of the channels. */
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
