import { RnnError } from '../../errors.js';
import type { Argument as KerasArgument } from '../keras/arguments.js';
import { type Rule as KerasRule, OperatorCall } from '../keras/operators/call.js';
import { ELEMENTWISE } from '../keras/operators/elementwise.js';
import type { Expression, Operand as Part } from '../keras/operators/expression.js';
import { MOVEMENT } from '../keras/operators/movement.js';
import { ORDERING } from '../keras/operators/ordering.js';
import { PATCHES } from '../keras/operators/patches.js';
import { PLACING } from '../keras/operators/placing.js';
import { PRODUCTS } from '../keras/operators/products.js';
import { REDUCTIONS } from '../keras/operators/reductions.js';
import { quantileOf, STATISTICS } from '../keras/operators/statistics.js';
import type { Call } from './call.js';
import type { Argument } from './program.js';
import { alike, type Rule, type Rules } from './rule.js';
import { isTensor, type Operand, type Wiring } from './wiring.js';

/**
 * A rule of `keras.ops` for the ATen operator that does the same, with ATen's argument names.
 * @param names ATen's names in the order of the rule's positional arguments @param named arguments that the rule reads by name, as
 * `keepdims:keepdim method:interpolation`
 */
function shared(rule: KerasRule, names: string, named = ''): Rule {
  return call => {
    const args = names.split(' ').map(name => argument(call.wiring, call.arg(name)));
    const pairs = named === '' ? [] : named.split(' ').map(pair => pair.split(':'));
    const kwargs = Object.fromEntries(pairs.map(([key, name = key]) => [key, argument(call.wiring, call.arg(name))]));
    const own = new OperatorCall({ config: {} }, { args, kwargs }, t => (t as { tensor: readonly string[] }).tensor[0]);
    try {
      const expression = rule(own);
      own.checkAllRead();
      return built(call, expression);
    } catch (error) {
      if (error instanceof RnnError && error.code === 'E_KERAS_OPTION') throw call.unsupported(`with this ${error.where}`);
      throw error;
    }
  };
}

/** A tensor with its shape, null for unknown sizes; an empty list of axes stands for all axes. */
function argument(wiring: Wiring, given: Argument | undefined): KerasArgument {
  if (given === undefined || given === null) return null;
  if (isTensor(given))
    return { tensor: [given.tensor, 0, 0], shape: wiring.sizes(given.tensor).map(n => (typeof n === 'number' ? n : null)) };
  if (typeof given === 'object' && 'symbol' in given) return { tensor: [given.symbol, 0, 0], shape: [] };
  if (typeof given !== 'object') return given;
  return given.length === 0 ? null : given.map(each => argument(wiring, each));
}

/** Adds the nodes of an expression; the last one gets the name of the program's value. */
function built(call: Call, { others = [], ...expression }: Expression): Operand {
  const known = new Map<Expression, string>();
  const operand = (part: Part): Operand =>
    'constant' in part ? (part.constant as Operand) : 'value' in part ? call.wiring.operand({ tensor: part.value }) : node(part, 'step');
  function node(part: Expression, add: 'op' | 'step'): string {
    const earlier = known.get(part);
    if (earlier !== undefined) return earlier;
    const name = call[add](part.op, part.operands.map(operand), part.attributes);
    known.set(part, part.output ? `${name}/${part.output}` : name);
    return known.get(part)!;
  }
  const value = node(expression, 'op');
  others.forEach((other, i) => {
    const name = call.node.outputs[i + 1];
    if (name) call.wiring.set(name, { value: node(other, 'step') });
  });
  return value;
}

/** The ATen operators, with the names of their arguments. */
const one = (rule: KerasRule): Rule => shared(rule, 'self');
const two = (rule: KerasRule): Rule => shared(rule, 'self other');
const over = (rule: KerasRule): Rule => shared(rule, 'self dim keepdim');
const quantile =
  (isEach: boolean): Rule =>
  call =>
    shared(quantileOf(1, isEach), 'self', 'q axis:dim method:interpolation keepdims:keepdim')(withNumbers(call, 'q'));
const windows = 'kernel_size dilation padding stride';

export const SHARED: Rules = {
  ...alike(
    'log1p expm1 log2 log10 exp2 erfc erfinv square rsqrt sinc trunc fix:Trunc deg2rad rad2deg isinf isposinf isneginf isfinite signbit relu6',
    name => one(ELEMENTWISE[name]),
  ),
  ...alike('hardsigmoid:HardSigmoid log_sigmoid:LogSigmoid', name => one(ELEMENTWISE[name])),
  // remainder: of real numbers
  ...alike('atan2:Arctan2 arctan2 remainder:Mod hypot logaddexp logaddexp2 logical_xor:LogicalXor', name => two(ELEMENTWISE[name])),
  isclose: shared(ELEMENTWISE.Isclose, 'self other rtol atol', 'equal_nan'),
  nan_to_num: shared(ELEMENTWISE.NanToNum, 'self posinf neginf', 'nan'),
  celu: shared(ELEMENTWISE.Celu, 'self alpha'),
  glu: shared(ELEMENTWISE.Glu, 'self dim'),
  ...alike('hardshrink:HardShrink softshrink:SoftShrink', name => shared(ELEMENTWISE[name], 'self lambd')),
  threshold: shared(ELEMENTWISE.Threshold, 'self threshold value'),
  ...alike('any all', name => over(REDUCTIONS[name])),
  ...alike('nanmean nansum', name => over(STATISTICS[name])),
  quantile: quantile(false),
  nanquantile: quantile(true),
  diagonal: shared(STATISTICS.Diagonal, 'self offset dim1 dim2'),
  diff: shared(MOVEMENT.Diff, 'self n dim'),
  flip: shared(ORDERING.Flip, 'self dims'),
  rot90: shared(ORDERING.Rot90, 'self', 'k axes:dims'),
  roll: shared(ORDERING.Roll, 'self shifts dims'),
  ...alike('movedim:Moveaxis moveaxis', name => shared(MOVEMENT[name], 'self source destination')),
  ...alike('triu tril', name => shared(MOVEMENT[name], 'self diagonal')),
  kron: two(PLACING.Kron),
  outer: shared(PRODUCTS.Outer, 'self vec2'),
  im2col: shared(PATCHES.Unfold, 'self', windows),
  col2im: shared(PATCHES.Fold, 'self', `output_size ${windows}`),
  tensordot: call => shared(PRODUCTS.Tensordot, 'self other', 'axes')(withAxes(call)),
};

/** Combines two arguments `dim0` and `dim1` into one list of axes. */
function withAxes(call: Call): Call {
  return given(
    call,
    'axes',
    ['dims_self', 'dims_other'].map(name => call.arg(name) ?? null),
  );
}

/** Replaces a constant tensor argument by its numbers. */
function withNumbers(call: Call, name: string): Call {
  const value = call.arg(name);
  if (!isTensor(value)) return call;
  const { shape, data } = call.wiring.tensor(value, `the argument ${name}`).tensor;
  return given(call, name, shape.length === 0 ? data[0] : Array.from(data));
}

function given(call: Call, name: string, value: Argument): Call {
  return call.with(new Map([...call.node.args, [name, value]]));
}
