import { add, div, mul, sub } from './arithmetic.js';
import { along, type OperatorCall, of, type Rule, wrongArgument } from './call.js';
import { BOOL, cast, type Expression, FLOAT, ints, node, type Operand } from './expression.js';

/** Reductions over axes, and operators that work along one axis. */

/** A reduction over the argument `axis`; None reduces all axes. */
function reduction(op: string): Rule {
  return call => reduced(op, call.operand(0, 'x'), call);
}

/** The maximum or minimum of the values and, if given, of `initial`. */
const extreme =
  (op: 'Max' | 'Min'): Rule =>
  call => {
    const own = reduced(`Reduce${op}`, call.operand(0, 'x'), call);
    return !call.has(-1, 'initial') ? own : node(op, [own, call.operand(-1, 'initial')]);
  };

/** Reduces x over the call's `axis` (all axes if it is None), with its `keepdims`. */
export function reduced(op: string, x: Operand, call: OperatorCall): Expression {
  const axes = call.axes(1);
  const keepdims = call.flag(2, 'keepdims') ? 1 : 0;
  return node(op, axes ? [x, ints(axes)] : [x], { keepdims });
}

/** any, all: the maximum or minimum of 0 and 1. */
const truth =
  (op: string): Rule =>
  call =>
    cast(reduced(op, cast(cast(call.operand(0, 'x'), BOOL), FLOAT), call), BOOL);

/** The index of the maximum or minimum; without an axis, in flattened x. */
const arg = (op: string): Rule => {
  const found = along(1, call =>
    node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', 0), keepdims: call.flag(2, 'keepdims') ? 1 : 0 }),
  );
  return call => {
    const place = found(call);
    const isFlat = !call.has(1, 'axis') && call.flag(2, 'keepdims');
    return isFlat ? node('Reshape', [place, ints(call.shape(0, 'x').map(() => 1))]) : place;
  };
};

/** Reshapes weights [n] so that they broadcast along their axis. */
function widened(call: OperatorCall, axis: unknown): Operand {
  const w = call.float(1, 'weights');
  const rank = call.shape(0, 'x').length;
  if (call.shape(1, 'weights').length === rank) return w;
  if (typeof axis !== 'number') throw wrongArgument('weights', axis as null);
  const at = axis < 0 ? axis + rank : axis;
  return node('Reshape', [w, ints(Array.from({ length: rank }, (_, i) => (i === at ? -1 : 1)))]);
}

/** The mean squared deviation from the mean. */
function variance(call: OperatorCall): Expression {
  const x = call.float(0, 'x');
  const axes = call.axes(1);
  const apart = sub(x, node('ReduceMean', axes ? [x, ints(axes)] : [x], { keepdims: 1 }));
  return reduced('ReduceMean', mul(apart, apart), call);
}

/** (Σ|x|^p)^(1/p) over axes; for p = ±∞ the largest or smallest |x|. */
function lengthOf(x: Operand, axes: readonly number[], order: number, keepdims: number): Expression {
  const size = node('Abs', [x]);
  if (!Number.isFinite(order)) return node(order > 0 ? 'ReduceMax' : 'ReduceMin', [size, ints(axes)], { keepdims });
  const sum = (value: Operand) => node('ReduceSum', [value, ints(axes)], { keepdims });
  if (order === 1) return sum(size);
  if (order === 2) return node('Sqrt', [sum(mul(x, x))]);
  return node('Pow', [sum(node('Pow', [size, { constant: order }])), { constant: 1 / order }]);
}

export const REDUCTIONS: Readonly<Record<string, Rule>> = {
  Mean: call => reduced('ReduceMean', call.float(0, 'x'), call),
  /** The weighted mean. Weights have the shape of x, or one number per index of the axis. */
  Average(call) {
    const weights = call.given(1, 'weights') ?? null;
    const axis = call.given(-1, 'axis') ?? null;
    const over = (value: Operand) =>
      node('ReduceSum', axis === null ? [value] : [value, ints([axis as number | number[]].flat())], { keepdims: 0 });
    const x = call.float(0, 'x');
    const ones = weights === null ? node('Pow', [x, { constant: 0 }]) : widened(call, axis);
    return div(over(mul(x, ones)), over(mul(node('Pow', [x, { constant: 0 }]), ones)));
  },
  Sum: of((x, call) => reduced('ReduceSum', x, call)),
  Max: extreme('Max'),
  Min: extreme('Min'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  Prod: of((x, call) => reduced('ReduceProd', x, call)),
  Ptp: of((x, call) => sub(reduced('ReduceMax', x, call), reduced('ReduceMin', x, call))),
  Var: variance,
  Std: call => node('Sqrt', [variance(call)]),
  Any: truth('ReduceMax'),
  All: truth('ReduceMin'),
  CountNonzero: call => reduced('ReduceSum', cast(cast(call.operand(0, 'x'), BOOL), FLOAT), call),
  Argmax: arg('ArgMax'),
  Argmin: arg('ArgMin'),
  /** x / max(‖x‖, 1e-7) */
  Normalize(call) {
    const x = call.float(0, 'x');
    const length = lengthOf(x, [call.number(1, 'axis', -1)], call.number(2, 'order', 2), 1);
    return div(x, node('Max', [length, { constant: call.number(3, 'epsilon', 1e-7) }]));
  },
  /** The norm of vectors along one axis (or of all numbers), or of matrices along two axes. */
  Norm(call) {
    const kind = call.given(1, 'ord') ?? null;
    const axes = call.axes(2);
    const keepdims = call.flag(3, 'keepdims') ? 1 : 0;
    const x = call.float(0, 'x');
    if (!axes && kind === null) return node('Sqrt', [node('ReduceSum', [mul(x, x)], { keepdims })]);
    if (!axes || axes.length > 2) throw wrongArgument('ord', kind);
    const order = kind === null || kind === 'fro' ? 2 : kind;
    if (typeof order !== 'number') throw wrongArgument('ord', kind);
    if (axes.length === 1 && order === 0) return node('ReduceSum', [cast(cast(x, BOOL), FLOAT), ints(axes)], { keepdims });
    if (axes.length === 1 || kind === null || kind === 'fro') return lengthOf(x, axes, order, keepdims);
    // the largest or smallest absolute sum of a column (±1) or of a row (±∞)
    if (Math.abs(order) !== 1 && Number.isFinite(order)) throw wrongArgument('ord', kind);
    const [summed, other] = Math.abs(order) === 1 ? axes : [axes[1], axes[0]];
    const sums = node('ReduceSum', [node('Abs', [x]), ints([summed])], { keepdims: 1 });
    const found = node(order > 0 ? 'ReduceMax' : 'ReduceMin', [sums, ints([other])], { keepdims: 1 });
    return keepdims ? found : node('Squeeze', [found, ints(axes)]);
  },
  Logsumexp(call) {
    const x = call.float(0, 'x');
    const axes = call.axes(1) ?? [...call.shape(0, 'x').keys()];
    // the maximum is subtracted first, so that exp cannot overflow
    const top = node('ReduceMax', [x, ints(axes)], { keepdims: 1 });
    const sum = add(node('Log', [node('ReduceSum', [node('Exp', [sub(x, top)]), ints(axes)], { keepdims: 1 })]), top);
    return call.flag(2, 'keepdims') ? sum : node('Squeeze', [sum, ints(axes)]);
  },
};
