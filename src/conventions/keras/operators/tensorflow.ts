import { escapeText, wordOf } from '../../../escape.js';
import { asObject, type Json, unsupportedClass } from '../../../layers/kerasConfig.js';
import type { Argument, CallArguments } from '../arguments.js';
import { OperatorCall, type Rule, wrongArgument } from './call.js';
import { ELEMENTWISE } from './elementwise.js';
import type { Expression } from './expression.js';
import { MOVEMENT } from './movement.js';
import { ORDERING } from './ordering.js';
import { REDUCTIONS } from './reductions.js';
import { SLICING } from './slicing.js';
import { FUNCTIONS as OWN, type TensorflowFunctions } from './tensorflowRules.js';
import { SIZED } from './tensorflowSizes.js';

/**
 * Rules of `keras.ops` for functions of the same meaning, listed as 'reduce_mean:Mean greater_equal'.
 * @param prefix of TensorFlow's names @param names TensorFlow's names of the rule's arguments after the first
 */
function same(rules: Readonly<Record<string, Rule>>, prefix: string, list: string, ...names: string[]): TensorflowFunctions {
  const entries = list.split(' ').map(word => {
    // the name is that of the rule in lower case: greater_equal -> GreaterEqual
    const [name, rule = name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())] = word.split(':');
    return [prefix + name, [rules[rule], ...names] as const];
  });
  return Object.fromEntries(entries);
}

/** Functions of TensorFlow between the layers of tf.keras 2.4 to 2.15 (TFOpLambda, SlicingOpLambda), by their names without the leading `tf.`. */
const FUNCTIONS: TensorflowFunctions = {
  ...same(ELEMENTWISE, '__operators__.', 'add', 'y'),
  ...same(ELEMENTWISE, '__operators__.', 'eq:Equal ne:NotEqual', 'other'),
  ...same(ELEMENTWISE, 'math.', 'add subtract multiply divide divide_no_nan maximum minimum', 'y'),
  ...same(ELEMENTWISE, 'math.', 'truediv:Divide floordiv:FloorDivide floormod:Mod pow:Power', 'y'),
  ...same(ELEMENTWISE, 'math.', 'equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor', 'y'),
  ...same(ELEMENTWISE, 'math.', 'exp expm1 log log1p sqrt rsqrt square abs negative sign floor ceil round rint:Round reciprocal erf'),
  ...same(ELEMENTWISE, 'math.', 'sin cos tan sinh cosh tanh asin:Arcsin acos:Arccos atan:Arctan asinh:Arcsinh acosh:Arccosh atanh:Arctanh'),
  ...same(ELEMENTWISE, 'math.', 'sigmoid log_sigmoid softplus softsign logical_not is_nan:Isnan is_inf:Isinf is_finite:Isfinite'),
  ...same(ELEMENTWISE, 'math.', 'atan2:Arctan2', 'x'),
  ...same(REDUCTIONS, 'math.reduce_', 'mean sum max min prod any all variance:Var std', 'axis', 'keepdims'),
  ...same(ELEMENTWISE, 'nn.', 'relu relu6 elu selu softsign tanh sigmoid silu'),
  ...same(ELEMENTWISE, 'nn.', 'softmax log_softmax', 'axis'),
  ...same(ELEMENTWISE, 'nn.', 'leaky_relu', 'alpha'),
  ...same(ELEMENTWISE, 'nn.', 'bias_add:Add', 'bias'),
  ...same(ELEMENTWISE, '', 'identity stop_gradient:Identity ones_like zeros_like'),
  ...same(ELEMENTWISE, '', 'ensure_shape:Identity', 'shape'),
  ...same(ELEMENTWISE, '', 'debugging.check_numerics:Identity', 'message'),
  ...same(ELEMENTWISE, '', 'clip_by_value:Clip', 'clip_value_min', 'clip_value_max'),
  ...same(ELEMENTWISE, '', 'cast', 'dtype'),
  ...same(ELEMENTWISE, '', 'where', 'x', 'y'),
  ...same(REDUCTIONS, '', 'norm', 'ord', 'axis', 'keepdims'),
  ...same(MOVEMENT, '', 'concat:Concatenate stack', 'axis'),
  ...same(MOVEMENT, '', 'squeeze expand_dims compat.v1.squeeze:Squeeze compat.v1.expand_dims:ExpandDims', 'axis'),
  ...same(MOVEMENT, '', 'transpose compat.v1.transpose:Transpose', 'perm'),
  ...same(ORDERING, '', 'reverse:Flip', 'axis'),
  ...same(SLICING, '', '__operators__.getitem:GetItem', 'slice_spec'),
  ...OWN,
  ...SIZED,
};

/** Whether an entry of a config is a function of TensorFlow rather than a layer. */
export function isTensorflowFunction({ class_name }: Json): boolean {
  return class_name === 'TFOpLambda' || class_name === 'SlicingOpLambda';
}

/** @throws RnnError E_KERAS_CLASS for an unknown function, E_KERAS_OPTION for an unsupported argument */
export function tensorflowExpression(layer: Json, { args, kwargs }: CallArguments, value: (t: Argument) => string): Expression {
  const name = wordOf(asObject(layer.config ?? {}, 'layer').function);
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!known) throw unsupportedClass(`tf.${name}`, Object.keys(FUNCTIONS).sort().join(', '));
  const [rule, ...names] = known;
  const further = Object.keys(kwargs).find(key => key !== 'name' && kwargs[key] !== null && kwargs[key] !== false && !names.includes(key));
  if (further !== undefined) throw wrongArgument(escapeText(further, 40), kwargs[further]);
  const [first] = args;
  const given = [first, ...names.map(key => kwargs[key] ?? null)];
  return rule(new OperatorCall({ config: {} }, { args: given, kwargs: {} }, value));
}
