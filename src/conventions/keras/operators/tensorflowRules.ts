import { add, choose, div, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { ELEMENTWISE } from './elementwise.js';
import { cast, type Expression, INT, identity, ints, node, type Operand, sliced, TO_THE_END } from './expression.js';
import { REDUCTIONS } from './reductions.js';

/** Functions of TensorFlow that `keras.ops` does not have, or has with different arguments. */

/** By the function's name without the leading `tf.`: the rule, and TensorFlow's names of its arguments after the first. */
export type TensorflowFunctions = Readonly<Record<string, readonly [rule: Rule, ...names: string[]]>>;

/** tf.matmul, with either matrix optionally transposed. */
function matmul(call: OperatorCall): Expression {
  for (const i of [4, 5, 6, 7]) if (call.flag(i, '')) throw wrongArgument('adjoint or sparse', true);
  const equation = `...${call.flag(2, '') ? 'ji' : 'ij'},...${call.flag(3, '') ? 'kj' : 'jk'}->...ik`;
  const [a, b] = [call.float(0, ''), call.float(1, '')];
  return equation === '...ij,...jk->...ik' ? node('MatMul', [a, b]) : node('Einsum', [a, b], { equation });
}

/** x / √max(Σx², ε) along axes. */
function l2Normalize(call: OperatorCall): Expression {
  const x = call.float(0, '');
  const axis = call.given(1, '') ?? null;
  if (axis === null) throw wrongArgument('axis', null);
  const square = node('ReduceSum', [mul(x, x), ints([axis as number | number[]].flat())], { keepdims: 1 });
  return div(x, node('Sqrt', [node('Max', [square, number(call.number(2, '', 1e-12))])]));
}

const squaredDifference: Rule = call => {
  const apart = sub(call.float(0, ''), call.float(1, ''));
  return mul(apart, apart);
};

const argMax =
  (op: string): Rule =>
  call =>
    node(op, [call.operand(0, '')], { axis: call.number(1, '', 0), keepdims: 0 });

const gelu: Rule = call => node('Gelu', [call.operand(0, '')], { approximate: call.flag(1, '') ? 'tanh' : 'none' });

/** An argument that is a list of integers. @throws RnnError E_KERAS_OPTION */
function listed(call: OperatorCall, i: number, name: string): number[] {
  const given = [call.given(i, '') ?? null].flat(2);
  if (!given.every(n => typeof n === 'number')) throw wrongArgument(name, call.given(i, '') ?? null);
  return given as number[];
}

/** An operator with `count` outputs, each a node of its own. */
function parts(made: (i: number) => Expression, count: number): Expression {
  const [first, ...others] = Array.from({ length: count }, (_, i) => made(i));
  return { ...first, others };
}

/** tf.split into parts of given sizes, or into n equal parts. */
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

/** tf.unstack: one output for each index of an axis. */
function unstack(call: OperatorCall): Expression {
  const axis = call.number(2, '', 0);
  return parts(i => node('Gather', [call.operand(0, ''), ints(i)], { axis }), call.number(1, '', 0) || need('num'));
}

function need(name: string): never {
  throw wrongArgument(name, null);
}

/** tf.pad with a constant or a reflection. */
function pad(call: OperatorCall): Expression {
  const mode = String(call.given(2, '') ?? 'constant').toLowerCase();
  if (mode !== 'constant' && mode !== 'reflect') throw wrongArgument('mode', mode);
  const pairs = listed(call, 1, 'paddings');
  const pads = ints([...pairs.filter((_, i) => i % 2 === 0), ...pairs.filter((_, i) => i % 2 === 1)]);
  const fill = mode === 'constant' ? [{ constant: call.number(3, '', 0) }] : [];
  return node('Pad', [call.operand(0, ''), pads, ...fill], { mode });
}

/** tf.reduce_logsumexp along given axes; without axes it is refused. */
function logSumExp(call: OperatorCall): Expression {
  if (!call.has(1, '')) need('axis');
  return REDUCTIONS.Logsumexp(call);
}

/** tf.math.top_k: the k largest along the last axis, and their indices. */
function topK(call: OperatorCall): Expression {
  const whole = node('TopK', [call.operand(0, ''), ints([call.number(1, '', 1)])], { axis: -1, largest: 1 });
  return { ...whole, others: [{ ...whole, output: 1 }] };
}

/** tf.add_n: the sum of a list of tensors. */
function addN(call: OperatorCall): Expression {
  const [first, ...rest] = call.operands(0, '');
  return rest.reduce<Expression>((sum, x) => add(sum, x), node('Identity', [first]));
}

const running =
  (op: string): Rule =>
  call => {
    const attributes = { exclusive: call.flag(2, '') ? 1 : 0, reverse: call.flag(3, '') ? 1 : 0 };
    return node(op, [call.float(0, ''), ints(call.number(1, '', 0))], attributes);
  };

/** tf.math.multiply_no_nan: 0 where y is 0, even if x is infinite or NaN. */
const multiplyNoNan: Rule = call => {
  const [x, y] = [call.float(0, ''), call.float(1, '')];
  return choose(node('Equal', [y, number(0)]), number(0), mul(x, y));
};

/** Turns a call with x into the call with (1, x), for 1/x. */
function reciprocalCall(call: OperatorCall): OperatorCall {
  const float = (i: number, name: string) => (i === 0 ? number(1) : call.float(0, name));
  return call.with({ float, operand: float });
}

/** Replaces the first argument by its square. */
function withSquaredArgument(call: OperatorCall): OperatorCall {
  const square = mul(call.float(0, ''), call.float(0, ''));
  return call.with({ operand: () => square, float: () => square });
}

/** tf.linalg.band_part: keeps the main diagonal and some below and above it; −1 keeps all. */
const bandPart: Rule = call => {
  const [lower, upper] = [call.number(1, '', -1), call.number(2, '', -1)];
  const x = call.float(0, '');
  const below = lower < 0 ? x : node('Trilu', [x, ints(-lower)], { upper: 1 });
  const band = upper < 0 ? below : node('Trilu', [below, ints(upper)], { upper: 0 });
  return identity(band);
};

/** tf.nn.moments: mean and variance. */
const moments: Rule = call => {
  const flags = call.with({ given: (i, name) => call.given(i === 2 ? 3 : i, name), flag: () => call.flag(3, '') });
  return { ...REDUCTIONS.Mean(flags), others: [REDUCTIONS.Var(flags)] };
};

const oneHot: Rule = call => {
  const values = [call.number(3, '', 0), call.number(2, '', 1)];
  const places = cast(call.operand(0, ''), INT);
  return node('OneHot', [places, ints(call.number(1, '', 0)), { constant: values }], { axis: call.number(4, '', -1) });
};

/** The sizes of axes [from, to) of x at run time. */
function sizes(x: Operand, from: number, to: number): Expression {
  return sliced(node('Shape', [x]), 0, from, to);
}

/** tf.roll: elements shifted beyond the end of an axis reappear at its start. */
const roll: Rule = call => {
  const [shifts, axes] = [listed(call, 1, 'shift'), listed(call, 2, 'axis')];
  const turned = axes.reduce<Operand>(
    (x, axis, k) => {
      const size = sizes(x, axis, axis + 1 || TO_THE_END);
      const cut = sub(size, node('Mod', [ints([shifts[k]]), size]));
      const part = (from: Operand, to: Operand) => node('Slice', [x, from, to, ints([axis])]);
      return node('Concat', [part(cut, ints([TO_THE_END])), part(ints([0]), cut)], { axis });
    },
    call.operand(0, ''),
  );
  return identity(turned);
};

/** tf.repeat along an axis. */
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

export const FUNCTIONS: TensorflowFunctions = {
  'math.squared_difference': [squaredDifference, 'y'],
  'math.l2_normalize': [l2Normalize, 'axis', 'epsilon'],
  'math.argmax': [argMax('ArgMax'), 'axis'],
  'math.argmin': [argMax('ArgMin'), 'axis'],
  'math.reduce_logsumexp': [logSumExp, 'axis', 'keepdims'],
  'math.reduce_euclidean_norm': [call => node('Sqrt', [REDUCTIONS.Sum(withSquaredArgument(call))]), 'axis', 'keepdims'],
  'math.add_n': [addN],
  'math.cumsum': [running('CumSum'), 'axis', 'exclusive', 'reverse'],
  'math.cumprod': [running('CumProd'), 'axis', 'exclusive', 'reverse'],
  'math.multiply_no_nan': [multiplyNoNan, 'y'],
  'math.reciprocal_no_nan': [call => ELEMENTWISE.DivideNoNan(reciprocalCall(call))],
  'math.top_k': [topK, 'k', 'sorted'],
  'linalg.matmul': [matmul, 'b', 'transpose_a', 'transpose_b', 'adjoint_a', 'adjoint_b', 'a_is_sparse', 'b_is_sparse'],
  'linalg.matvec': [call => node('Einsum', [call.float(0, ''), call.float(1, '')], { equation: '...ij,...j->...i' }), 'b'],
  'linalg.band_part': [bandPart, 'num_lower', 'num_upper'],
  'nn.gelu': [gelu, 'approximate'],
  'nn.moments': [moments, 'axes', 'shift', 'keepdims'],
  one_hot: [oneHot, 'depth', 'on_value', 'off_value', 'axis', 'dtype'],
  roll: [roll, 'shift', 'axis'],
  repeat: [repeat, 'repeats', 'axis'],
  split: [split, 'num_or_size_splits', 'axis', 'num'],
  unstack: [unstack, 'num', 'axis'],
  pad: [pad, 'paddings', 'mode', 'constant_values'],
};
