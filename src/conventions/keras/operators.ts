import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { asObject, type Json, unsupportedClass } from '../../layers/kerasConfig.js';
import { nestedNumbers } from '../../layers/operatorFields.js';
import { type Argument, type ArrayArgument, type CallArguments, isTensor, type SliceArgument, tensorsOf } from './arguments.js';

/**
 * Operators of `keras.ops` that stand among the layers of a config (`module` keras.src.ops…), as operator nodes of a spec. A merge layer of
 * the same class name is another thing: its module is keras.layers.
 */
export function isOperatorLayer(layer: Json): boolean {
  return /(^|\.)ops(\.|$)/.test(String(layer.module ?? ''));
}

/** An operand: a value of the network, a constant, or what another operator computes. */
type Operand = { readonly value: string } | { readonly constant: unknown } | Expression;

interface Expression {
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Json;
  /** what the operator gives beside it */
  readonly others?: readonly Expression[];
}

/** What an operator's rule reads its call through. */
interface OperatorCall {
  /** argument i of the call, or the one of this name, or what the layer's config says */
  given(i: number, name: string): Argument | undefined;
  operand(i: number, name: string): Operand;
  operands(i: number, name: string): Operand[];
  /** every tensor among the arguments, in order */
  tensors(): Operand[];
  /** shape of a tensor among the arguments @throws RnnError where the file does not record it, as Keras 2 does not */
  shape(i: number, name: string): readonly (number | null)[];
  number(i: number, name: string, otherwise: number): number;
  flag(i: number, name: string): boolean;
}

type Rule = (call: OperatorCall) => Expression;

/** @returns the nodes in order of data flow; the last is the operator's own, those before are parts of it @throws RnnError E_KERAS_CLASS */
export function operatorNodes(
  layer: Json,
  args: CallArguments,
  name: string,
  value: (t: Argument) => string,
): { layers: Json[]; outputs: string[] } {
  const className = wordOf(layer.class_name);
  const rule = Object.hasOwn(RULES, className) ? RULES[className] : undefined;
  if (!rule) throw unsupportedClass(`${className} of keras.ops`, Object.keys(RULES).sort().join(', '));
  const layers: Json[] = [];
  const expression = rule(operatorCall(layer, args, value));
  flatten(expression, name, className, layers);
  const others = (expression.others ?? []).map((other, i) => {
    flatten(other, `${name}/${i + 1}`, '', layers);
    return `${name}/${i + 1}`;
  });
  return { layers, outputs: [name, ...others] };
}

/** The parts of an expression as nodes of their own, `name/1`, `name/2`; the whole under its own name. */
function flatten(expression: Expression, name: string, kerasClass: string, layers: Json[]): void {
  const inputs: string[] = [];
  const operands = expression.operands.map(operand => {
    if ('constant' in operand) return operand.constant;
    if ('value' in operand) inputs.push(operand.value);
    else {
      const part = `${name}/${layers.length + 1}`;
      flatten(operand, part, '', layers);
      inputs.push(part);
    }
    return null;
  });
  layers.push({
    kind: 'op',
    name,
    op: expression.op,
    inputs,
    ...(operands.every(o => o === null) ? {} : { operands }),
    ...(expression.attributes ? { attributes: expression.attributes } : {}),
    kerasClass,
  });
}

function operatorCall(layer: Json, { args, kwargs }: CallArguments, value: (t: Argument) => string): OperatorCall {
  const config = asObject(layer.config ?? {}, 'operator') as Record<string, Argument>;
  const given = (i: number, name: string): Argument | undefined => args[i] ?? kwargs[name] ?? config[name];
  const operandOf = (argument: Argument | undefined, name: string): Operand => {
    if (isTensor(argument)) return { value: value(argument) };
    if (typeof argument === 'number') return { constant: argument };
    if (typeof argument === 'boolean') return { constant: { type: 'bool', value: argument ? 1 : 0 } };
    if (typeof argument === 'object' && argument !== null && 'array' in argument) return { constant: arrayConstant(argument) };
    if (Array.isArray(argument) && argument.every(a => typeof a === 'number')) return { constant: argument };
    throw wrongArgument(name, argument);
  };
  return {
    given,
    operand: (i, name) => operandOf(given(i, name), name),
    operands: (i, name) => {
      const all = given(i, name);
      return Array.isArray(all) ? all.map(a => operandOf(a, name)) : args.map(a => operandOf(a, name));
    },
    tensors: () => args.flatMap(tensorsOf).map(t => ({ value: value(t) })),
    shape(i, name) {
      const argument = given(i, name);
      if (isTensor(argument) && argument.shape) return argument.shape;
      throw wrongArgument(name, 'a tensor whose shape the file does not say');
    },
    number(i, name, otherwise) {
      const found = given(i, name) ?? otherwise;
      if (typeof found === 'number') return found;
      throw wrongArgument(name, found);
    },
    flag: (i, name) => given(i, name) === true,
  };
}

function arrayConstant({ array, dtype }: ArrayArgument): unknown {
  const numbers = nestedNumbers(array, 'value');
  return { type: dtype === 'bool' ? 'bool' : dtype.includes('int') ? 'int' : 'float', ...numbers };
}

function wrongArgument(name: string, found: unknown): RnnError {
  return new RnnError('unsupported', 'E_KERAS_OPTION', `the argument ${name} is not understood here`, {
    where: name,
    expected: 'a tensor, a number or an array',
    found: escapeText(JSON.stringify(found) ?? 'nothing', 60),
  });
}

const [FLOAT, INT, BOOL] = [1, 7, 9];
const TO_THE_END = Number.MAX_SAFE_INTEGER;

function node(op: string, operands: readonly Operand[], attributes?: Json): Expression {
  return { op, operands, attributes };
}

function ints(value: number | readonly number[]): Operand {
  return { constant: { type: 'int', value } };
}

function cast(operand: Operand, to: number): Expression {
  return node('Cast', [operand], { to });
}

function not(operand: Operand): Expression {
  return node('Not', [operand]);
}

const one =
  (op: string): Rule =>
  call =>
    node(op, [call.operand(0, 'x')]);
const two =
  (op: string): Rule =>
  call =>
    node(op, [call.operand(0, 'x1'), call.operand(1, 'x2')]);
const logical =
  (op: string): Rule =>
  call =>
    node(op, [cast(call.operand(0, 'x1'), BOOL), cast(call.operand(1, 'x2'), BOOL)]);

/** Axes of a reduction: null is all of them. */
function reduction(op: string): Rule {
  return call => reduced(op, call.operand(0, 'x'), call);
}

function reduced(op: string, x: Operand, call: OperatorCall): Expression {
  const axis = call.given(1, 'axis') ?? null;
  const axes = axis === null ? undefined : Array.isArray(axis) ? (axis as number[]) : [axis as number];
  const keepdims = call.flag(2, 'keepdims') ? 1 : 0;
  return node(op, axes ? [x, ints(axes)] : [x], { keepdims });
}

/** any, all: as the largest or smallest of 0 and 1. */
const truth =
  (op: string): Rule =>
  call =>
    cast(reduced(op, cast(cast(call.operand(0, 'x'), BOOL), FLOAT), call), BOOL);

const arg = (op: string): Rule => {
  return call => {
    if ((call.given(1, 'axis') ?? null) === null) throw wrongArgument('axis', null);
    return node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', 0), keepdims: call.flag(2, 'keepdims') ? 1 : 0 });
  };
};

function average(call: OperatorCall): Expression {
  if ((call.given(2, 'weights') ?? null) !== null) throw wrongArgument('weights', call.given(2, 'weights'));
  return reduced('ReduceMean', call.operand(0, 'x'), call);
}

/** The mean of squared distances from the mean. */
function variance(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  const axis = call.given(1, 'axis') ?? null;
  const axes = axis === null ? [] : [ints(Array.isArray(axis) ? (axis as number[]) : [axis as number])];
  const apart = node('Sub', [x, node('ReduceMean', [x, ...axes], { keepdims: 1 })]);
  return reduced('ReduceMean', node('Mul', [apart, apart]), call);
}

function concatenate(call: OperatorCall): Expression {
  return node('Concat', call.operands(0, 'xs'), { axis: call.number(1, 'axis', 0) });
}

function stack(call: OperatorCall): Expression {
  const axis = call.number(1, 'axis', 0);
  return node(
    'Concat',
    call.operands(0, 'x').map(o => node('Unsqueeze', [o, ints([axis])])),
    { axis },
  );
}

function squeeze(call: OperatorCall): Expression {
  const axis = call.given(1, 'axis') ?? null;
  if (axis === null) throw wrongArgument('axis', null);
  return node('Squeeze', [call.operand(0, 'x'), ints(Array.isArray(axis) ? (axis as number[]) : [axis as number])]);
}

function expandDims(call: OperatorCall): Expression {
  const axis = call.given(1, 'axis') ?? 0;
  return node('Unsqueeze', [call.operand(0, 'x'), ints(Array.isArray(axis) ? (axis as number[]) : [axis as number])]);
}

function reshape(call: OperatorCall): Expression {
  const wanted = call.given(1, 'newshape');
  const sizes = (Array.isArray(wanted) ? wanted : [wanted]).map(n => (n === null ? -1 : n));
  if (!sizes.every(n => typeof n === 'number')) throw wrongArgument('newshape', wanted);
  return node('Reshape', [call.operand(0, 'x'), ints(sizes as number[])]);
}

function transpose(call: OperatorCall): Expression {
  const axes = call.given(1, 'axes') ?? null;
  return node('Transpose', [call.operand(0, 'x')], axes === null ? {} : { perm: axes });
}

/** An axis of x counted from its front, and how many axes x has. */
function axisOf(call: OperatorCall, i: number, name: string, otherwise?: number): { axis: number; rank: number } {
  const rank = call.shape(0, 'x').length;
  const axis = call.given(i, name) ?? otherwise;
  if (typeof axis !== 'number' || axis < -rank || axis >= rank) throw wrongArgument(name, axis ?? null);
  return { axis: axis < 0 ? axis + rank : axis, rank };
}

/** Where a size must be known to say what is computed. */
function sizeOf(call: OperatorCall, axis: number, name: string): number {
  const size = call.shape(0, 'x')[axis];
  if (size === null) throw wrongArgument(name, 'an axis of open size');
  return size;
}

function swapaxes(call: OperatorCall): Expression {
  const { axis: a, rank } = axisOf(call, 1, 'axis1');
  const { axis: b } = axisOf(call, 2, 'axis2');
  const perm = Array.from({ length: rank }, (_, i) => (i === a ? b : i === b ? a : i));
  return node('Transpose', [call.operand(0, 'x')], { perm });
}

function moveaxis(call: OperatorCall): Expression {
  const { axis: from, rank } = axisOf(call, 1, 'source');
  const { axis: to } = axisOf(call, 2, 'destination');
  const perm = Array.from({ length: rank }, (_, i) => i).filter(i => i !== from);
  perm.splice(to, 0, from);
  return node('Transpose', [call.operand(0, 'x')], { perm });
}

function sliced(x: Operand, axis: number, start: number, end: number, step = 1): Expression {
  return node('Slice', [x, ints([start]), ints([end]), ints([axis]), ints([step])]);
}

function flip(call: OperatorCall): Expression {
  const { axis } = axisOf(call, 1, 'axis');
  return sliced(call.operand(0, 'x'), axis, TO_THE_END, -TO_THE_END, -1);
}

function roll(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  const { axis } = axisOf(call, 2, 'axis');
  const size = sizeOf(call, axis, 'axis');
  const by = ((call.number(1, 'shift', 0) % size) + size) % size;
  return by === 0
    ? node('Identity', [x])
    : node('Concat', [sliced(x, axis, size - by, TO_THE_END), sliced(x, axis, 0, size - by)], { axis });
}

/** Each entry of an axis several times, one after the other. */
function repeat(call: OperatorCall): Expression {
  const { axis } = axisOf(call, 2, 'axis');
  const times = call.number(1, 'repeats', 1);
  const indices = Array.from({ length: sizeOf(call, axis, 'axis') * times }, (_, k) => Math.floor(k / times));
  return node('Gather', [call.operand(0, 'x'), ints(indices)], { axis });
}

function pad(call: OperatorCall): Expression {
  const mode = String(call.given(2, 'mode') ?? 'constant');
  const width = call.given(1, 'pad_width');
  const rank = call.shape(0, 'x').length;
  const pairs =
    typeof width === 'number' ? [[width, width]] : Array.isArray(width) && typeof width[0] === 'number' ? [width] : (width as number[][]);
  if (!Array.isArray(pairs) || !['constant', 'reflect'].includes(mode)) throw wrongArgument('mode', mode);
  const each = Array.from({ length: rank }, (_, i) => pairs[pairs.length === 1 ? 0 : i]).map(p => (p.length === 1 ? [p[0], p[0]] : p));
  const pads = ints([...each.map(p => p[0]), ...each.map(p => p[1])]);
  const fill = (call.given(3, 'constant_values') ?? null) === null ? [] : [call.operand(3, 'constant_values')];
  return node('Pad', [call.operand(0, 'x'), pads, ...fill], { mode });
}

/** Into equal parts, or at places. */
function split(call: OperatorCall): Expression {
  const { axis } = axisOf(call, 2, 'axis', 0);
  const size = sizeOf(call, axis, 'axis');
  const at = call.given(1, 'indices_or_sections');
  const places = typeof at === 'number' ? Array.from({ length: at - 1 }, (_, i) => ((i + 1) * size) / at) : (at as number[]);
  if (!Array.isArray(places) || !places.every(n => Number.isInteger(n) && n >= 0 && n <= size))
    throw wrongArgument('indices_or_sections', at ?? null);
  const [first, ...others] = [...places, size].map((end, i) => sliced(call.operand(0, 'x'), axis, places[i - 1] ?? 0, end));
  return { ...first, others };
}

function einsum(call: OperatorCall): Expression {
  const equation = String(call.given(-1, 'subscripts') ?? call.given(0, 'subscripts') ?? '').replace(/\s/g, '');
  if (!/^[a-zA-Z]+(,[a-zA-Z]+)*->[a-zA-Z]+$/.test(equation)) throw wrongArgument('subscripts', equation);
  return node('Einsum', call.tensors(), { equation });
}

function l2(x: Operand, axis: number, keepdims: number): Expression {
  return node('Sqrt', [node('ReduceSum', [node('Mul', [x, x]), ints([axis])], { keepdims })]);
}

/** x over its length, which is 1e-7 at least */
function normalize(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  if (call.number(2, 'order', 2) !== 2) throw wrongArgument('order', call.given(2, 'order') ?? null);
  return node('Div', [x, node('Max', [l2(x, call.number(1, 'axis', -1), 1), { constant: call.number(3, 'epsilon', 1e-7) }])]);
}

function norm(call: OperatorCall): Expression {
  const kind = call.given(1, 'ord') ?? null;
  const axis = call.given(2, 'axis') ?? null;
  if ((kind !== null && kind !== 2) || typeof axis !== 'number') throw wrongArgument(kind === null ? 'axis' : 'ord', kind ?? axis);
  return l2(call.operand(0, 'x'), axis, call.flag(3, 'keepdims') ? 1 : 0);
}

function logSumExp(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  const axis = call.given(1, 'axis') ?? null;
  if (typeof axis !== 'number') throw wrongArgument('axis', axis);
  // less the largest first, so that no exp overflows
  const top = node('ReduceMax', [x, ints([axis])], { keepdims: 1 });
  const sum = node('Add', [node('Log', [node('ReduceSum', [node('Exp', [node('Sub', [x, top])]), ints([axis])], { keepdims: 1 })]), top]);
  return call.flag(2, 'keepdims') ? sum : node('Squeeze', [sum, ints([axis])]);
}

function oneHot(call: OperatorCall): Expression {
  const count = call.number(1, 'num_classes', 0);
  if (call.number(2, 'axis', -1) !== -1 || call.flag(4, 'sparse')) throw wrongArgument('axis', call.given(2, 'axis') ?? null);
  const classes = ints(Array.from({ length: count }, (_, i) => i));
  return cast(node('Equal', [node('Unsqueeze', [call.operand(0, 'x'), ints([-1])]), classes]), FLOAT);
}

/** Rank by rank: a matrix on the right sums its rows, anything wider pairs every row with every matrix. */
function dot(call: OperatorCall): Expression {
  if (call.shape(1, 'x2').length > 2) throw wrongArgument('x2', 'a tensor of more than two axes');
  return two('MatMul')(call);
}

/** x[…]: whole numbers pick and drop an axis, slices cut, null adds an axis. */
function getItem(call: OperatorCall): Expression {
  const key = call.given(1, 'key');
  const parts = withoutEllipsis(Array.isArray(key) ? key : [key], call);
  const [starts, ends, axes, steps, dropped, added]: number[][] = [[], [], [], [], [], []];
  let axis = 0;
  for (const part of parts) {
    if (part === null || part === undefined) {
      added.push(axis - dropped.length + added.length);
      continue;
    }
    if (typeof part === 'number') {
      cut(axis, part, part === -1 ? TO_THE_END : part + 1, 1);
      dropped.push(axis);
    } else if (typeof part === 'object' && 'slice' in part) {
      const [start, stop, step] = (part as SliceArgument).slice;
      const by = step ?? 1;
      if (start !== null || stop !== null || by !== 1)
        cut(axis, start ?? (by < 0 ? TO_THE_END : 0), stop ?? (by < 0 ? -TO_THE_END : TO_THE_END), by);
    } else throw wrongArgument('key', part);
    axis++;
  }
  let result: Operand = call.operand(0, 'x');
  if (axes.length > 0) result = node('Slice', [result, ints(starts), ints(ends), ints(axes), ints(steps)]);
  if (dropped.length > 0) result = node('Squeeze', [result, ints(dropped)]);
  if (added.length > 0) result = node('Unsqueeze', [result, ints(added)]);
  return 'op' in result ? result : node('Identity', [result]);

  function cut(at: number, start: number, end: number, step: number): void {
    axes.push(at);
    starts.push(start);
    ends.push(end);
    steps.push(step);
  }
}

/** … stands for as many whole axes as the others leave. */
function withoutEllipsis(parts: readonly (Argument | undefined)[], call: OperatorCall): readonly (Argument | undefined)[] {
  const at = parts.indexOf('...');
  if (at < 0) return parts;
  const left = call.shape(0, 'x').length - parts.filter(p => p !== null && p !== undefined && p !== '...').length;
  const whole: SliceArgument = { slice: [null, null, null] };
  return [...parts.slice(0, at), ...Array.from({ length: left }, () => whole), ...parts.slice(at + 1)];
}

function clip(call: OperatorCall): Expression {
  return node('Clip', [call.operand(0, 'x'), call.operand(1, 'x_min'), call.operand(2, 'x_max')]);
}

function castTo(call: OperatorCall): Expression {
  const dtype = String(call.given(1, 'dtype') ?? 'float32');
  return cast(call.operand(0, 'x'), dtype === 'bool' ? BOOL : dtype.includes('int') ? INT : FLOAT);
}

function softmaxOn(op: string): Rule {
  return call => node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', -1) });
}

const leaky: Rule = call => node('LeakyRelu', [call.operand(0, 'x')], { alpha: call.number(1, 'negative_slope', 0.2) });
const elu: Rule = call => node('Elu', [call.operand(0, 'x')], { alpha: call.number(1, 'alpha', 1) });
const gelu: Rule = call =>
  node('Gelu', [call.operand(0, 'x')], { approximate: (call.given(1, 'approximate') ?? true) === true ? 'tanh' : 'none' });
const silu: Rule = call => node('Mul', [call.operand(0, 'x'), node('Sigmoid', [call.operand(0, 'x')])]);
const logSigmoid: Rule = call => node('Neg', [node('Softplus', [node('Neg', [call.operand(0, 'x')])])]);
const relu6: Rule = call => node('Clip', [call.operand(0, 'x'), { constant: 0 }, { constant: 6 }]);
/** x/6 + 0.5 within 0 and 1 */
const hardSigmoid: Rule = call => node('HardSigmoid', [call.operand(0, 'x')], { alpha: 1 / 6, beta: 0.5 });
const broadcastTo: Rule = call => node('Expand', [call.operand(0, 'x'), ints(call.given(1, 'shape') as number[])]);
const tile: Rule = call => node('Tile', [call.operand(0, 'x'), ints(call.given(1, 'repeats') as number[])]);
const where: Rule = call => node('Where', [cast(call.operand(0, 'condition'), BOOL), call.operand(1, 'x1'), call.operand(2, 'x2')]);
const take: Rule = call => {
  const at = call.given(1, 'indices');
  const indices = isTensor(at) ? call.operand(1, 'indices') : ints(at as number | number[]);
  return node('Gather', [call.operand(0, 'x'), indices], { axis: call.number(2, 'axis', 0) });
};

const RULES: Readonly<Record<string, Rule>> = {
  Add: two('Add'),
  Subtract: two('Sub'),
  Multiply: two('Mul'),
  Divide: two('Div'),
  TrueDivide: two('Div'),
  FloorDivide: call => node('Floor', [two('Div')(call)]),
  Power: two('Pow'),
  Maximum: two('Max'),
  Minimum: two('Min'),
  Equal: two('Equal'),
  NotEqual: call => not(two('Equal')(call)),
  Greater: two('Greater'),
  GreaterEqual: two('GreaterOrEqual'),
  Less: two('Less'),
  LessEqual: two('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  LogicalNot: call => not(cast(call.operand(0, 'x'), BOOL)),
  Where: where,
  Cast: castTo,
  Negative: one('Neg'),
  Abs: one('Abs'),
  Absolute: one('Abs'),
  Exp: one('Exp'),
  Log: one('Log'),
  Log1p: call => node('Log', [node('Add', [call.operand(0, 'x'), { constant: 1 }])]),
  Expm1: call => node('Sub', [node('Exp', [call.operand(0, 'x')]), { constant: 1 }]),
  Sqrt: one('Sqrt'),
  Rsqrt: call => node('Reciprocal', [node('Sqrt', [call.operand(0, 'x')])]),
  Square: call => node('Mul', [call.operand(0, 'x'), call.operand(0, 'x')]),
  Reciprocal: one('Reciprocal'),
  Sign: one('Sign'),
  Floor: one('Floor'),
  Ceil: one('Ceil'),
  Round: one('Round'),
  Erf: one('Erf'),
  Tanh: one('Tanh'),
  Sigmoid: one('Sigmoid'),
  Relu: one('Relu'),
  Relu6: relu6,
  LeakyRelu: leaky,
  Elu: elu,
  Selu: one('Selu'),
  Gelu: gelu,
  Silu: silu,
  Swish: silu,
  LogSigmoid: logSigmoid,
  HardSigmoid: hardSigmoid,
  HardSilu: one('HardSwish'),
  HardSwish: one('HardSwish'),
  Mish: one('Mish'),
  Softplus: one('Softplus'),
  Softsign: one('Softsign'),
  Clip: clip,
  Softmax: softmaxOn('Softmax'),
  LogSoftmax: softmaxOn('LogSoftmax'),
  Mean: reduction('ReduceMean'),
  Average: average,
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Var: variance,
  Std: call => node('Sqrt', [variance(call)]),
  Any: truth('ReduceMax'),
  All: truth('ReduceMin'),
  Argmax: arg('ArgMax'),
  Argmin: arg('ArgMin'),
  Concatenate: concatenate,
  Stack: stack,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Reshape: reshape,
  Transpose: transpose,
  Swapaxes: swapaxes,
  GetItem: getItem,
  BroadcastTo: broadcastTo,
  Tile: tile,
  Take: take,
  Matmul: two('MatMul'),
  Dot: dot,
  Einsum: einsum,
  Moveaxis: moveaxis,
  Flip: flip,
  Roll: roll,
  Repeat: repeat,
  Pad: pad,
  Split: split,
  Normalize: normalize,
  Norm: norm,
  Logsumexp: logSumExp,
  OneHot: oneHot,
  Cumsum: call => node('CumSum', [call.operand(0, 'x'), ints(axisOf(call, 1, 'axis').axis)]),
  OnesLike: call => node('Pow', [call.operand(0, 'x'), { constant: 0 }]),
  ZerosLike: call => node('Sub', [node('Pow', [call.operand(0, 'x'), { constant: 0 }]), { constant: 1 }]),
  Identity: one('Identity'),
};
