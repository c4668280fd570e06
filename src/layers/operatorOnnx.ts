import { type GraphBuilder, int, ints } from '../formats/onnx/builder.js';
import type { OnnxAttribute, OnnxTensor } from '../formats/onnx/graph.js';
import { isHalf, ONNX_DTYPES, ONNX_TYPES } from '../formats/onnx/types.js';
import type { OnnxCall, OnnxFacet } from './facets.js';
import { cast, number } from './onnxSteps.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import { constantTensor, nodeOf } from './operatorNode.js';
import { axisIn } from './operatorShapeRule.js';
import { givenType, operandTypes, type ValueType } from './operatorTypes.js';

/** A node to be written to a file of operator set 17. A rule of OLDER changes it, or adds other nodes in its place. */
interface Draft {
  readonly layer: OperatorSpec;
  readonly call: OnnxCall;
  readonly operands: readonly Operand[];
  /** names of the inputs; '' for one that is left out */
  readonly names: string[];
  readonly attributes: Record<string, OnnxAttribute>;
  readonly type: ValueType;
}

/** Writes an operator. It is an ONNX node already, except what set 17 has in another form or lacks. */
export const operatorOnnx: OnnxFacet<OperatorSpec> = (layer, call) => {
  const operands = layer.operands ?? call.inputs.map(() => null);
  const types = operandTypes(layer.op, operands, call.types);
  const names = namesOf(layer, call, operands, types);
  const attributes = Object.fromEntries(nodeOf(layer).attributes);
  const type = givenType(layer, types);
  const own = OLDER[axesApart(layer) ? 'Reduce' : layer.op]?.({ layer, call, operands, names, attributes, type });
  if (own !== undefined) return { y: own, type };
  const { builder, others, wantsOthers } = call;
  const count = wantsOthers || ALL_OUTPUTS.has(layer.op) ? 1 + others.length : 1;
  const [y, ...rest] = builder.addMany(layer.op, names, count, attributes, layer.name);
  return { y, others: rest, type, otherType: layer.op === 'TopK' ? 'i64' : type };
};

/** Operators that must name all their outputs, even unused ones. */
const ALL_OUTPUTS: ReadonlySet<string> = new Set(['Split', 'TopK']);

/** Whether it is a reduction whose axes are an attribute in set 17. */
function axesApart({ op }: OperatorSpec): boolean {
  return /^Reduce/.test(op) && op !== 'ReduceSum';
}

/** Returns the names of the operands: constants, and inputs, which are cast if the operator needs another type. */
function namesOf(layer: OperatorSpec, call: OnnxCall, operands: readonly Operand[], types: readonly ValueType[]): string[] {
  const { builder, inputs, types: given, shapes } = call;
  let next = 0;
  return operands.map((operand, i) => {
    if (operand === null) {
      const at = next++;
      return types[i] === given[at] ? inputs[at] : cast(builder, inputs[at], types[i], layer.name);
    }
    if (axesApart(layer) && i === 1) return '';
    const { shape, data } = constantTensor({
      ...(layer.op === 'Pad' && i === 1 ? allPads(operand, operands[3], (operands[0]?.shape ?? shapes[0]).length) : operand),
      type: ({ f32: 'float', i64: 'int', bool: 'bool' } as const)[types[i]],
    });
    if (types[i] === 'f32') return builder.constant(`${layer.name}.constant`, { shape, data: Float64Array.from(operand.data) });
    return builder.tensor(`${layer.name}.constant`, { shape, dtype: types[i], data } as OnnxTensor);
  });
}

/** Operators that set 17 has in another form, or not at all. @returns the output of the nodes added instead; undefined: the draft is written as a node */
const OLDER: Readonly<Record<string, (draft: Draft) => string | undefined>> = {
  ReduceSum: unreduced,
  Reduce(draft) {
    const { layer, call, attributes, names } = draft;
    delete attributes.noop_with_empty_axes;
    const axes = layer.operands?.[1];
    if (!axes) return unreduced(draft);
    return call.builder.add(layer.op, names.slice(0, 1), { ...attributes, axes: ints(...axes.data) }, layer.name);
  },
  Pad({ names }) {
    names.length = Math.min(names.length, 3);
    return undefined;
  },
  Cast({ layer, call, names, attributes, type }) {
    // rounding to half precision takes two casts: values are float32 before and after
    if (isHalf(ONNX_DTYPES.get(Number(layer.attributes.to)))) names[0] = call.builder.add('Cast', [names[0]], attributes, layer.name);
    attributes.to = int(ONNX_TYPES[type]);
    return undefined;
  },
  Resize({ layer, call, names, attributes }) {
    if ('axes' in attributes) resizeAll(call, layer, names, attributes);
    return undefined;
  },
  DFT({ operands, names, attributes }) {
    if (names.length > 2) attributes.axis = int(operands[2]!.data[0]);
    names.length = Math.min(names.length, 2);
    return undefined;
  },
  EyeLike({ attributes, type }) {
    attributes.dtype = int(ONNX_TYPES[type]);
    return undefined;
  },
  Mod: ({ layer, call, names, type }) =>
    type === 'f32' && layer.attributes.fmod !== 1 ? remainder(layer.name, call.builder, names) : undefined,
  Gelu: ({ layer, call, names }) => call.activation(layer.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu', names[0]),
  Mish: ({ call, names }) => call.activation('mish', names[0]),
  GroupNormalization: ({ layer, call, names }) => groupNorm(layer, call.builder, names, call.shapes[0].length),
  BitwiseAnd: onBits,
  BitwiseOr: onBits,
  BitwiseXor: onBits,
  Split({ layer, call: { builder, output, others }, names, attributes }) {
    if (!('num_outputs' in attributes)) return undefined;
    // set 17 takes the sizes of the parts, not their number
    delete attributes.num_outputs;
    const axis = axisIn(Number(layer.attributes.axis ?? 0), output.length, layer.op);
    names.splice(1, 1, builder.integers([output, ...others].map(shape => shape[axis].size!)));
    return undefined;
  },
};

/** With noop_with_empty_axes, a reduction without axes is the identity. */
function unreduced({ layer, call, names }: Draft): string | undefined {
  const isIdentity = names.length === 1 && layer.attributes.noop_with_empty_axes === 1;
  return isIdentity ? call.builder.add('Identity', names, {}, layer.name) : undefined;
}

/** Resize of the last axes only. Set 17 has no `axes`, so the other axes get their own size or the scale 1. If `axes` are not the last ones, it stays and is refused later. */
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

/** Extends pads that are given for some axes to all axes. */
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

/** Mod of floats with the sign of the divisor b; ONNX Runtime only has fmod, with the sign of a. */
function remainder(name: string, builder: GraphBuilder, [a, b]: readonly string[]): string {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, name);
  const rest = add('Mod', [a, b], { fmod: int(1) });
  const signs = add('Mul', [add('Sign', [rest]), add('Sign', [b])]);
  return add('Where', [add('Less', [signs, number(builder, 0, name)]), add('Add', [rest, b]), rest]);
}

/** The arithmetic of single bits, 0 or 1: the operator for both, and one for the result. */
const BITWISE: Readonly<Record<string, readonly string[]>> = { BitwiseAnd: ['Mul'], BitwiseOr: ['Max'], BitwiseXor: ['Sub', 'Abs'] };

/**
 * Set 17 has no bitwise operators, so integers are split into bits. A negative a has the inverted bits of −1 − a. There are 53 bits and a
 * sign bit. The sign bit is there twice, with the weights −(2^53 − 1) and −1, so that every weight is below 2^53 in
 * magnitude.
 */
function onBits({ layer: { name, op }, call: { builder }, names }: Draft): string {
  const add = (operator: string, inputs: readonly string[], attributes = {}) => builder.add(operator, inputs, attributes, name);
  const whole = (value: number) => builder.integers([value]);
  const places = builder.integers(Array.from({ length: 55 }, (_, k) => 2 ** Math.min(k, 53)));
  const weights = builder.integers(Array.from({ length: 55 }, (_, k) => (k < 53 ? 2 ** k : k === 53 ? 1 - 2 ** k : -1)));
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

/** Set 17 has no GroupNormalization: InstanceNormalization with the groups as channels, then scale and bias of each channel. */
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
