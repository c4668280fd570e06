import { escapeText, wordOf } from '../../../escape.js';
import { asObject, type Json, unsupportedClass } from '../../../layers/kerasConfig.js';
import type { Argument, CallArguments } from '../arguments.js';
import { number } from './arithmetic.js';
import {
  cast,
  type Expression,
  INT,
  ints,
  node,
  type Operand,
  type OperatorCall,
  operatorCall,
  type Rule,
  sliced,
  TO_THE_END,
  wrongArgument,
} from './call.js';
import { ELEMENTWISE } from './elementwise.js';
import { MOVEMENT } from './movement.js';
import { ORDERING } from './ordering.js';
import { REDUCTIONS } from './reductions.js';
import { SLICING } from './slicing.js';
import { SIZED } from './tensorflowSizes.js';

/**
 * Functions of TensorFlow between the layers of tf.keras 2.4 to 2.15 (TFOpLambda, SlicingOpLambda): `function` names them as `tf` does without
 * its own name, and their arguments have TensorFlow's names, the first one aside.
 */
interface Translated {
  readonly rule: Rule;
  /** TensorFlow's names of the rule's arguments behind the first */
  readonly names: readonly string[];
}

const of = (rule: Rule, ...names: string[]): Translated => ({ rule, names });
const all = (rule: (name: string) => Rule, prefix: string, list: string, ...names: string[]): [string, Translated][] =>
  list.split(' ').map(name => [prefix + name, of(rule(name), ...names)]);

/** reduce_mean -> Mean, greater_equal -> GreaterEqual */
function ruleNamed(table: Readonly<Record<string, Rule>>, word: string): Rule {
  return table[word.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())];
}

/** The product of the last two axes, either of them the other way round. */
function matmul(call: OperatorCall): Expression {
  for (const i of [4, 5, 6, 7]) if (call.given(i, '') === true) throw wrongArgument('adjoint or sparse', true);
  const equation = `...${call.flag(2, '') ? 'ji' : 'ij'},...${call.flag(3, '') ? 'kj' : 'jk'}->...ik`;
  const [a, b] = [call.float(0, ''), call.float(1, '')];
  return equation === '...ij,...jk->...ik' ? node('MatMul', [a, b]) : node('Einsum', [a, b], { equation });
}

/** x over its length along axes, whose square is epsilon at least. */
function l2Normalize(call: OperatorCall): Expression {
  const x = call.float(0, '');
  const axis = call.given(1, '') ?? null;
  if (axis === null) throw wrongArgument('axis', null);
  const square = node('ReduceSum', [node('Mul', [x, x]), ints([axis as number | number[]].flat())], { keepdims: 1 });
  return node('Div', [x, node('Sqrt', [node('Max', [square, number(call.number(2, '', 1e-12))])])]);
}

const squaredDifference: Rule = call => {
  const apart = node('Sub', [call.float(0, ''), call.float(1, '')]);
  return node('Mul', [apart, apart]);
};

const argMax =
  (op: string): Rule =>
  call =>
    node(op, [call.operand(0, '')], { axis: call.number(1, '', 0), keepdims: 0 });
const gelu: Rule = call => node('Gelu', [call.operand(0, '')], { approximate: call.flag(1, '') ? 'tanh' : 'none' });

/** A list of whole numbers. */
function listed(call: OperatorCall, i: number, name: string): number[] {
  const given = [call.given(i, '') ?? null].flat(2);
  if (!given.every(n => typeof n === 'number')) throw wrongArgument(name, call.given(i, '') ?? null);
  return given as number[];
}

/** Parts of an operator as outputs, each a node of its own. */
function parts(made: (i: number) => Expression, count: number): Expression {
  const [first, ...others] = Array.from({ length: count }, (_, i) => made(i));
  return { ...first, others };
}

function split(call: OperatorCall): Expression {
  const [sections, axis] = [call.given(1, ''), call.number(2, '', 0)];
  const x = call.operand(0, '');
  if (Array.isArray(sections)) {
    const sizes = listed(call, 1, 'num_or_size_splits');
    if (sizes.some(n => n < 0)) throw wrongArgument('num_or_size_splits', sizes);
    const end = (i: number) => sizes.slice(0, i).reduce((a, b) => a + b, 0);
    return parts(i => sliced(x, axis, end(i), end(i + 1)), sizes.length);
  }
  const count = call.number(1, '', 1);
  const whole = node('Split', [x], { axis, num_outputs: count });
  return parts(i => node('Identity', [{ ...whole, output: i }]), count);
}

function unstack(call: OperatorCall): Expression {
  const axis = call.number(2, '', 0);
  return parts(i => node('Gather', [call.operand(0, ''), ints(i)], { axis }), call.number(1, '', 0) || need('num'));
}

function need(name: string): never {
  throw wrongArgument(name, null);
}

function pad(call: OperatorCall): Expression {
  const mode = String(call.given(2, '') ?? 'constant').toLowerCase();
  if (mode !== 'constant' && mode !== 'reflect') throw wrongArgument('mode', mode);
  const pairs = listed(call, 1, 'paddings');
  const pads = ints([...pairs.filter((_, i) => i % 2 === 0), ...pairs.filter((_, i) => i % 2 === 1)]);
  const fill = mode === 'constant' ? [{ constant: call.number(3, '', 0) }] : [];
  return node('Pad', [call.operand(0, ''), pads, ...fill], { mode });
}

function logSumExp(call: OperatorCall): Expression {
  if ((call.given(1, '') ?? null) === null) need('axis');
  return REDUCTIONS.Logsumexp(call);
}

/** The k largest of the last axis, and their places. */
function largest(call: OperatorCall): Expression {
  const whole = node('TopK', [call.operand(0, ''), ints([call.number(1, '', 1)])], { axis: -1, largest: 1 });
  return { ...whole, others: [{ ...whole, output: 1 }] };
}

function added(call: OperatorCall): Expression {
  const [first, ...rest] = call.operands(0, '');
  return rest.reduce<Expression>((sum, x) => node('Add', [sum, x]), node('Identity', [first]));
}

const running =
  (op: string): Rule =>
  call => {
    const attributes = { exclusive: call.flag(2, '') ? 1 : 0, reverse: call.flag(3, '') ? 1 : 0 };
    return node(op, [call.float(0, ''), ints(call.number(1, '', 0))], attributes);
  };

/** 0 where y is, whatever x is. */
const multiplyNoNan: Rule = call => {
  const [x, y] = [call.float(0, ''), call.float(1, '')];
  return node('Where', [node('Equal', [y, number(0)]), number(0), node('Mul', [x, y])]);
};

/** 1 divided by the first argument, as a call of two. */
function withOne(call: OperatorCall): OperatorCall {
  const float = (i: number, name: string) => (i === 0 ? number(1) : call.float(0, name));
  return { ...call, float, operand: float };
}

function squared(call: OperatorCall): OperatorCall {
  const square = node('Mul', [call.float(0, ''), call.float(0, '')]);
  return { ...call, operand: () => square, float: () => square };
}

/** A matrix with zeros but for so many diagonals below and above the main one; −1: all of them. */
const bandPart: Rule = call => {
  const [lower, upper] = [call.number(1, '', -1), call.number(2, '', -1)];
  const x = call.float(0, '');
  const below = lower < 0 ? x : node('Trilu', [x, ints(-lower)], { upper: 1 });
  const band = upper < 0 ? below : node('Trilu', [below, ints(upper)], { upper: 0 });
  return 'op' in band ? band : node('Identity', [band]);
};

/** Mean and variance. */
const moments: Rule = call => {
  const flags = { ...call, given: (i: number, name: string) => call.given(i === 2 ? 3 : i, name), flag: () => call.flag(3, '') };
  return { ...REDUCTIONS.Mean(flags), others: [REDUCTIONS.Var(flags)] };
};

const oneHot: Rule = call => {
  const values = [call.number(3, '', 0), call.number(2, '', 1)];
  const places = cast(call.operand(0, ''), INT);
  return node('OneHot', [places, ints(call.number(1, '', 0)), { constant: values }], { axis: call.number(4, '', -1) });
};

/** Sizes of the axes [from, to). */
function sizes(x: Operand, from: number, to: number): Expression {
  return sliced(node('Shape', [x]), 0, from, to);
}

/** What is pushed out of an axis at its end comes in at its beginning. */
const roll: Rule = call => {
  const [shifts, axes] = [listed(call, 1, 'shift'), listed(call, 2, 'axis')];
  const turned = axes.reduce<Operand>(
    (x, axis, k) => {
      const size = sizes(x, axis, axis + 1 || TO_THE_END);
      const cut = node('Sub', [size, node('Mod', [ints([shifts[k]]), size])]);
      const part = (from: Operand, to: Operand) => node('Slice', [x, from, to, ints([axis])]);
      return node('Concat', [part(cut, ints([TO_THE_END])), part(ints([0]), cut)], { axis });
    },
    call.operand(0, ''),
  );
  return 'op' in turned ? turned : node('Identity', [turned]);
};

/** Each entry of an axis so many times, one after the other. */
const repeat: Rule = call => {
  const axis = call.number(2, '', Number.NaN);
  const times = call.given(1, '');
  if (!(axis >= 0) || typeof times !== 'number') throw wrongArgument(axis >= 0 ? 'repeats' : 'axis', (axis >= 0 ? times : axis) ?? null);
  const x = call.operand(0, '');
  const wide = node('Unsqueeze', [x, ints([axis + 1])]);
  const copies = node(
    'Concat',
    Array.from({ length: times }, () => wide),
    { axis: axis + 1 },
  );
  const wanted = node('Concat', [sizes(x, 0, axis), ints([-1]), sizes(x, axis + 1, TO_THE_END)], { axis: 0 });
  return node('Reshape', [copies, wanted]);
};

const FUNCTIONS: Readonly<Record<string, Translated>> = Object.fromEntries<Translated>([
  ...['__operators__.', 'math.'].flatMap(prefix => all(w => ruleNamed(ELEMENTWISE, w), prefix, 'add', 'y')),
  ...all(w => ruleNamed(ELEMENTWISE, w), 'math.', 'subtract multiply divide divide_no_nan maximum minimum', 'y'),
  ...all(
    w => ruleNamed(ELEMENTWISE, w),
    'math.',
    'equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor',
    'y',
  ),
  ...all(
    w => ruleNamed(ELEMENTWISE, w),
    'math.',
    'exp expm1 log log1p sqrt rsqrt square abs negative sign floor ceil sin cos tan tanh sigmoid erf reciprocal softplus logical_not',
  ),
  ...all(
    w => ruleNamed(REDUCTIONS, w.replace('reduce_', '')),
    'math.',
    'reduce_mean reduce_sum reduce_max reduce_min reduce_prod',
    'axis',
    'keepdims',
  ),
  ...all(w => ruleNamed(REDUCTIONS, w.replace('reduce_', '')), 'math.', 'reduce_any reduce_all', 'axis', 'keepdims'),
  ...all(w => ruleNamed(ELEMENTWISE, w), 'nn.', 'relu relu6 elu selu softsign tanh sigmoid'),
  ['math.truediv', of(ELEMENTWISE.Divide, 'y')],
  ['math.floordiv', of(ELEMENTWISE.FloorDivide, 'y')],
  ['math.floormod', of(ELEMENTWISE.Mod, 'y')],
  ['math.pow', of(ELEMENTWISE.Power, 'y')],
  ['math.squared_difference', of(squaredDifference, 'y')],
  ['math.l2_normalize', of(l2Normalize, 'axis', 'epsilon')],
  ['math.argmax', of(argMax('ArgMax'), 'axis')],
  ['math.argmin', of(argMax('ArgMin'), 'axis')],
  ['nn.softmax', of(ELEMENTWISE.Softmax, 'axis')],
  ['nn.log_softmax', of(ELEMENTWISE.LogSoftmax, 'axis')],
  ['nn.leaky_relu', of(ELEMENTWISE.LeakyRelu, 'alpha')],
  ['nn.silu', of(ELEMENTWISE.Silu)],
  ['nn.gelu', of(gelu, 'approximate')],
  ...all(
    w => ruleNamed(ELEMENTWISE, w.replace(/^a(?=.*(sin|cos|tan))/, 'arc')),
    'math.',
    'asin acos atan asinh acosh atanh sinh cosh round log_sigmoid',
  ),
  ...all(w => ruleNamed(ELEMENTWISE, w.replace('_', '')), 'math.', 'is_nan is_inf is_finite'),
  ['math.reduce_variance', of(REDUCTIONS.Var, 'axis', 'keepdims')],
  ['math.reduce_std', of(REDUCTIONS.Std, 'axis', 'keepdims')],
  ['math.reduce_logsumexp', of(logSumExp, 'axis', 'keepdims')],
  ['math.atan2', of(ELEMENTWISE.Arctan2, 'x')],
  ['math.softsign', of(ELEMENTWISE.Softsign)],
  ['math.add_n', of(added)],
  ['math.cumsum', of(running('CumSum'), 'axis', 'exclusive', 'reverse')],
  ['math.cumprod', of(running('CumProd'), 'axis', 'exclusive', 'reverse')],
  ['math.multiply_no_nan', of(multiplyNoNan, 'y')],
  ['math.reciprocal_no_nan', of(call => ELEMENTWISE.DivideNoNan(withOne(call)))],
  ['math.reduce_euclidean_norm', of(call => node('Sqrt', [REDUCTIONS.Sum(squared(call))]), 'axis', 'keepdims')],
  ['linalg.matvec', of(call => node('Einsum', [call.float(0, ''), call.float(1, '')], { equation: '...ij,...j->...i' }), 'b')],
  ['linalg.band_part', of(bandPart, 'num_lower', 'num_upper')],
  ['nn.moments', of(moments, 'axes', 'shift', 'keepdims')],
  ['one_hot', of(oneHot, 'depth', 'on_value', 'off_value', 'axis', 'dtype')],
  ['roll', of(roll, 'shift', 'axis')],
  ['repeat', of(repeat, 'repeats', 'axis')],
  ['ensure_shape', of(ELEMENTWISE.Identity, 'shape')],
  ['debugging.check_numerics', of(ELEMENTWISE.Identity, 'message')],
  ...Object.entries(SIZED).map(([name, [rule, ...names]]): [string, Translated] => [name, of(rule, ...names)]),
  ['math.top_k', of(largest, 'k', 'sorted')],
  ['math.rint', of(ELEMENTWISE.Round)],
  ['__operators__.eq', of(ELEMENTWISE.Equal, 'other')],
  ['__operators__.ne', of(ELEMENTWISE.NotEqual, 'other')],
  ['nn.bias_add', of(ELEMENTWISE.Add, 'bias')],
  ['norm', of(REDUCTIONS.Norm, 'ord', 'axis', 'keepdims')],
  ['split', of(split, 'num_or_size_splits', 'axis', 'num')],
  ['unstack', of(unstack, 'num', 'axis')],
  ['pad', of(pad, 'paddings', 'mode', 'constant_values')],
  ['compat.v1.squeeze', of(MOVEMENT.Squeeze, 'axis')],
  ['compat.v1.expand_dims', of(MOVEMENT.ExpandDims, 'axis')],
  ['compat.v1.transpose', of(MOVEMENT.Transpose, 'perm')],
  ['clip_by_value', of(ELEMENTWISE.Clip, 'clip_value_min', 'clip_value_max')],
  ['cast', of(ELEMENTWISE.Cast, 'dtype')],
  ['identity', of(ELEMENTWISE.Identity)],
  ['stop_gradient', of(ELEMENTWISE.Identity)],
  ['where', of(ELEMENTWISE.Where, 'x', 'y')],
  ['ones_like', of(ELEMENTWISE.OnesLike)],
  ['zeros_like', of(ELEMENTWISE.ZerosLike)],
  ['concat', of(MOVEMENT.Concatenate, 'axis')],
  ['stack', of(MOVEMENT.Stack, 'axis')],
  ['expand_dims', of(MOVEMENT.ExpandDims, 'axis')],
  ['squeeze', of(MOVEMENT.Squeeze, 'axis')],
  ['transpose', of(MOVEMENT.Transpose, 'perm')],
  ['reverse', of(ORDERING.Flip, 'axis')],
  ['linalg.matmul', of(matmul, 'b', 'transpose_a', 'transpose_b', 'adjoint_a', 'adjoint_b', 'a_is_sparse', 'b_is_sparse')],
  ['__operators__.getitem', of(SLICING.GetItem, 'slice_spec')],
]);

export function isTensorflowFunction({ class_name }: Json): boolean {
  return class_name === 'TFOpLambda' || class_name === 'SlicingOpLambda';
}

/** @throws RnnError E_KERAS_CLASS for another function, E_KERAS_OPTION for an argument that it has in addition */
export function tensorflowExpression(layer: Json, { args, kwargs }: CallArguments, value: (t: Argument) => string): Expression {
  const name = wordOf(asObject(layer.config ?? {}, 'layer').function);
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!known) throw unsupportedClass(`tf.${name}`, Object.keys(FUNCTIONS).sort().join(', '));
  const further = Object.keys(kwargs).find(
    key => key !== 'name' && kwargs[key] !== null && kwargs[key] !== false && !known.names.includes(key),
  );
  if (further !== undefined) throw wrongArgument(escapeText(further, 40), kwargs[further]);
  const [first] = args;
  const given = [first, ...known.names.map(key => kwargs[key] ?? null)];
  return known.rule(operatorCall({ config: {} }, { args: given, kwargs: {} }, value));
}
