import { escapeText, wordOf } from '../../../escape.js';
import { asObject, type Json, unsupportedClass } from '../../../layers/kerasConfig.js';
import type { Argument, CallArguments } from '../arguments.js';
import { type Expression, node, operatorCall, type Rule, wrongArgument } from './call.js';
import { ELEMENTWISE } from './elementwise.js';
import { MOVEMENT } from './movement.js';
import { ORDERING } from './ordering.js';
import { REDUCTIONS } from './reductions.js';
import { SLICING } from './slicing.js';
import {
  addN,
  argMax,
  bandPart,
  gelu,
  l2Normalize,
  logSumExp,
  matmul,
  moments,
  multiplyNoNan,
  oneHot,
  pad,
  reciprocalCall,
  repeat,
  roll,
  running,
  split,
  squaredDifference,
  topK,
  unstack,
  withSquaredArgument,
} from './tensorflowRules.js';
import { SIZED } from './tensorflowSizes.js';

/**
 * Functions of TensorFlow between the layers of tf.keras 2.4 to 2.15 (TFOpLambda, SlicingOpLambda). `function` is the name without the
 * leading `tf.`; all arguments but the first have TensorFlow's names.
 */
interface Translated {
  readonly rule: Rule;
  /** TensorFlow's names of the rule's arguments after the first */
  readonly names: readonly string[];
}

const of = (rule: Rule, ...names: string[]): Translated => ({ rule, names });
const all = (rule: (name: string) => Rule, prefix: string, list: string, ...names: string[]): [string, Translated][] =>
  list.split(' ').map(name => [prefix + name, of(rule(name), ...names)]);

/** reduce_mean -> Mean, greater_equal -> GreaterEqual */
function ruleNamed(table: Readonly<Record<string, Rule>>, word: string): Rule {
  return table[word.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())];
}

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
  ['math.add_n', of(addN)],
  ['math.cumsum', of(running('CumSum'), 'axis', 'exclusive', 'reverse')],
  ['math.cumprod', of(running('CumProd'), 'axis', 'exclusive', 'reverse')],
  ['math.multiply_no_nan', of(multiplyNoNan, 'y')],
  ['math.reciprocal_no_nan', of(call => ELEMENTWISE.DivideNoNan(reciprocalCall(call)))],
  ['math.reduce_euclidean_norm', of(call => node('Sqrt', [REDUCTIONS.Sum(withSquaredArgument(call))]), 'axis', 'keepdims')],
  ['linalg.matvec', of(call => node('Einsum', [call.float(0, ''), call.float(1, '')], { equation: '...ij,...j->...i' }), 'b')],
  ['linalg.band_part', of(bandPart, 'num_lower', 'num_upper')],
  ['nn.moments', of(moments, 'axes', 'shift', 'keepdims')],
  ['one_hot', of(oneHot, 'depth', 'on_value', 'off_value', 'axis', 'dtype')],
  ['roll', of(roll, 'shift', 'axis')],
  ['repeat', of(repeat, 'repeats', 'axis')],
  ['ensure_shape', of(ELEMENTWISE.Identity, 'shape')],
  ['debugging.check_numerics', of(ELEMENTWISE.Identity, 'message')],
  ...Object.entries(SIZED).map(([name, [rule, ...names]]): [string, Translated] => [name, of(rule, ...names)]),
  ['math.top_k', of(topK, 'k', 'sorted')],
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

/** Whether an entry of a config is a function of TensorFlow rather than a layer. */
export function isTensorflowFunction({ class_name }: Json): boolean {
  return class_name === 'TFOpLambda' || class_name === 'SlicingOpLambda';
}

/** @throws RnnError E_KERAS_CLASS for an unknown function, E_KERAS_OPTION for an unsupported argument */
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
