import { add, choose, div, less, mul, not, number, sub } from './arithmetic.js';
import { along, type OperatorCall, productOf, type Rule, wrongArgument } from './call.js';
import { BOOL, cast, type Expression, FLOAT, INT, ints, node, type Operand, sliced, TO_THE_END } from './expression.js';
import { reduced } from './reductions.js';

/** Reductions that ignore NaN, and those that depend on the order of the numbers. */

const noNumber = (x: Operand): Expression => node('IsNaN', [x]);
const counted = (x: Operand): Expression => cast(not(noNumber(x)), FLOAT);
const filled = (x: Operand, value: number): Expression => choose(noNumber(x), number(value), x);

/** A reduction that ignores NaN: it is replaced by a neutral number. */
const without =
  (op: string, value: number): Rule =>
  call =>
    reduced(op, filled(call.float(0, 'x'), value), call);

/** Maximum or minimum without NaN; NaN only if all numbers are NaN. */
const extreme =
  (op: string, value: number): Rule =>
  call => {
    const x = call.float(0, 'x');
    const none = node('Equal', [reduced('ReduceSum', counted(x), call), number(0)]);
    return choose(none, number(Number.NaN), reduced(op, filled(x, value), call));
  };

function nanVariance(call: OperatorCall): Expression {
  const x = call.float(0, 'x');
  const axes = call.axes(1);
  const kept = (value: Operand) => node('ReduceSum', axes ? [value, ints(axes)] : [value], { keepdims: 1 });
  const apart = sub(x, div(kept(filled(x, 0)), kept(counted(x))));
  const squares = filled(mul(apart, apart), 0);
  return div(reduced('ReduceSum', squares, call), reduced('ReduceSum', counted(x), call));
}

const nanArg =
  (op: string, value: number): Rule =>
  call => {
    const { axis } = call.axis(1, 'axis');
    return node(op, [filled(call.float(0, 'x'), value)], { axis, keepdims: call.flag(2, 'keepdims') ? 1 : 0 });
  };

/** x with the reduced axes merged into a last axis, and sorted along it. */
interface Sorted {
  readonly sorted: Expression;
  /** number of values: [1] if it is the same for all rows, else [.., 1] */
  readonly count: number | Expression;
  readonly axes: readonly number[];
}

function joinedAxes(call: OperatorCall, x: Operand = call.float(0, 'x')): Sorted {
  const shape = call.shape(0, 'x');
  const axes = (call.axes(1) ?? [...shape.keys()]).map(a => (a < 0 ? a + shape.length : a));
  const others = [...shape.keys()].filter(axis => !axes.includes(axis));
  const moved = node('Transpose', [x], { perm: [...others, ...axes] });
  const joined = axes.length === 1 ? moved : node('Reshape', [moved, ints([...others.map(() => 0), -1])]);
  const size = productOf(axes.map(axis => shape[axis]));
  const length = size === null ? node('Shape', [joined], { start: others.length }) : ints([size]);
  const count = size ?? cast(length, FLOAT);
  return { sorted: node('TopK', [joined, length], { axis: -1, largest: 0 }), count, axes };
}

/** The same without NaN: it is sorted to the end and not counted. */
function numbersJoined(call: OperatorCall): Sorted {
  const x = call.float(0, 'x');
  const ones = joinedAxes(call, counted(x)).sorted;
  return { ...joinedAxes(call, filled(x, MOST)), count: node('ReduceSum', [ones, ints([-1])], { keepdims: 1 }) };
}

const METHODS = ['linear', 'lower', 'higher', 'midpoint', 'nearest'];

/** [.., 1]: the quantile at `share` from 0 to 1, interpolated by Keras' `method`. @param isEach whether each row has a count of its own */
function atShare(share: number, method: string, { sorted, count }: Sorted, isEach: boolean): Expression {
  const at = typeof count === 'number' ? share * (count - 1) : mul(sub(count, number(1)), number(share));
  const rounded = (op: 'Floor' | 'Ceil' | 'Round'): Operand => {
    if (typeof at !== 'number') return node(op, [at]);
    const below = Math.floor(at);
    const nearest = at - below === 0.5 ? below + (below % 2) : Math.round(at);
    return number({ Floor: below, Ceil: Math.ceil(at), Round: nearest }[op]);
  };
  const pick = (place: Operand) => {
    const places = 'constant' in place ? ints([Number(place.constant)]) : cast(place, INT);
    return node(isEach ? 'GatherElements' : 'Gather', [sorted, places], { axis: -1 });
  };
  const [below, above] = [pick(rounded('Floor')), pick(rounded('Ceil'))];
  const mixed = (part: Operand) => add(below, mul(sub(above, below), part));
  if (method === 'lower') return below;
  if (method === 'higher') return above;
  if (method === 'midpoint') return mixed(number(0.5));
  if (method === 'nearest') return pick(rounded('Round'));
  return typeof at === 'number' && Number.isInteger(at)
    ? below
    : mixed(typeof at === 'number' ? number(at % 1) : sub(at, rounded('Floor')));
}

/** One quantile, or several along a new first axis. */
function quantile(call: OperatorCall, shares: number | readonly number[], method: string, isEach: boolean): Expression {
  if (!METHODS.includes(method)) throw wrongArgument('method', method);
  const joined = isEach ? numbersJoined(call) : joinedAxes(call);
  const keeps = call.flag(-1, 'keepdims');
  const one = (share: number) => {
    const own = atShare(share, method, joined, isEach);
    const y = isEach ? choose(node('Equal', [joined.count as Expression, number(0)]), number(Number.NaN), own) : own;
    const left = node('Squeeze', [y, ints([-1])]);
    return keeps ? node('Unsqueeze', [left, ints([...joined.axes].sort((a, b) => a - b))]) : left;
  };
  if (typeof shares === 'number') return one(shares);
  return node(
    'Concat',
    shares.map(share => node('Unsqueeze', [one(share), ints([0])])),
    { axis: 0 },
  );
}

/** @param total the number that stands for 100 %: 1 for quantiles, 100 for percentiles */
export const quantileOf =
  (total: number, isEach: boolean, only?: string): Rule =>
  call => {
    const q = call.given(-1, 'q') ?? call.given(1, 'q') ?? null;
    const method = String(call.given(-1, 'method') ?? 'linear');
    const shares = typeof q === 'object' && q !== null && 'array' in q ? q.array : q;
    if (![shares].flat().every(n => typeof n === 'number')) throw wrongArgument('q', q);
    const parts = Array.isArray(shares) ? (shares as number[]).map(n => n / total) : Number(shares) / total;
    return quantile(axisFromConfig(call), parts, only ?? method, isEach);
  };

/** For operators whose second argument is not `axis`, which is then only in the config. */
function axisFromConfig(call: OperatorCall): OperatorCall {
  return call.with({ given: (i, name) => call.given(name === 'axis' || name === 'keepdims' ? -1 : i, name) });
}

/** A diagonal of two axes, as a new last axis. */
function diagonal(call: OperatorCall): Expression {
  return diagonalOf(call, call.number(1, 'offset', 0), call.axis(2, 'axis1', 0).axis, call.axis(3, 'axis2', 1).axis);
}

/** Diagonal `offset` of axes a and b, as the last axis. */
export function diagonalOf(call: OperatorCall, offset: number, a: number, b: number): Expression {
  const rank = call.shape(0, 'x').length;
  const [rows, columns] = [a, b].map(axis => call.size(axis, 'axis1'));
  const others = Array.from({ length: rank }, (_, i) => i).filter(i => i !== a && i !== b);
  const flat = node('Reshape', [
    node('Transpose', [call.operand(0, 'x')], { perm: [...others, a, b] }),
    ints([...others.map(() => 0), -1]),
  ]);
  const places = Array.from({ length: rows }, (_, i) => i).filter(i => i + offset >= 0 && i + offset < columns);
  return node('Gather', [flat, ints(places.map(i => i * columns + i + offset))], { axis: -1 });
}

/** Cumulative product, as products over a table [T, T] in which later numbers are replaced by 1. */
function products(call: OperatorCall, x: Operand): Expression {
  const { axis, rank } = call.axis(1, 'axis');
  const size = call.size(axis, 'axis');
  const place = (isReal: number) => Array.from({ length: rank - 1 - axis }).reduce<unknown>(inner => [inner], isReal);
  const before = Array.from({ length: size }, (_, j) => Array.from({ length: size }, (__, k) => place(j <= k ? 1 : 0)));
  const table = choose({ constant: { type: 'bool', value: before } }, node('Unsqueeze', [x, ints([axis + 1])]), number(1));
  return node('ReduceProd', [table, ints([axis])], { keepdims: 0 });
}

const { POSITIVE_INFINITY: MOST, NEGATIVE_INFINITY: LEAST } = Number;

export const STATISTICS: Readonly<Record<string, Rule>> = {
  Nansum: without('ReduceSum', 0),
  Nanprod: without('ReduceProd', 1),
  Nanmax: extreme('ReduceMax', LEAST),
  Nanmin: extreme('ReduceMin', MOST),
  Nanmean(call) {
    const x = call.float(0, 'x');
    return div(reduced('ReduceSum', filled(x, 0), call), reduced('ReduceSum', counted(x), call));
  },
  Nanvar: nanVariance,
  Nanstd: call => node('Sqrt', [nanVariance(call)]),
  Nanargmax: nanArg('ArgMax', LEAST),
  Nanargmin: nanArg('ArgMin', MOST),
  Nancumsum: along(1, call => node('CumSum', [filled(call.float(0, 'x'), 0), ints(call.axis(1, 'axis').axis)])),
  Nancumprod: along(1, call => products(call, filled(call.float(0, 'x'), 1))),
  Cumprod: along(1, call => products(call, call.float(0, 'x'))),
  Median: call => quantile(call, 0.5, 'linear', false),
  // Keras stores the method of a Quantile in its config, but computes without it
  Quantile: quantileOf(1, false, 'linear'),
  Percentile: quantileOf(100, false),
  Nanmedian: call => quantile(call, 0.5, 'linear', true),
  Nanquantile: quantileOf(1, true),
  Nanpercentile: quantileOf(100, true),
  Diagonal: diagonal,
  Trace: call => node('ReduceSum', [diagonal(call), ints([-1])], { keepdims: 0 }),
  /** The trapezoidal rule: Σ of the means of neighbours, each times their distance. */
  Trapezoid(call) {
    if (call.has(-1, 'x')) throw wrongArgument('x', call.given(-1, 'x'));
    const y = call.float(0, 'y');
    const axis = call.number(-1, 'axis', -1);
    const pairs = add(sliced(y, axis, 1, TO_THE_END), sliced(y, axis, 0, -1));
    return mul(node('ReduceSum', [pairs, ints([axis])], { keepdims: 0 }), number(call.number(-1, 'dx', 1) / 2));
  },
  Moments(call) {
    if (call.flag(-1, 'synchronized')) throw wrongArgument('synchronized', true);
    const x = call.float(0, 'x');
    const axes = call.given(-1, 'axes');
    if (!Array.isArray(axes)) throw wrongArgument('axes', axes ?? null);
    const keepdims = call.flag(-1, 'keepdims') ? 1 : 0;
    const mean = (value: Operand, keep: number) => node('ReduceMean', [value, ints(axes as number[])], { keepdims: keep });
    const apart = sub(x, mean(x, 1));
    return { ...mean(x, keepdims), others: [mean(mul(apart, apart), keepdims)] };
  },
  /** Whether fewer than k scores are larger than that of the target. */
  InTopK(call) {
    const [places, predictions] = [cast(call.operand(0, 'targets'), INT), call.float(1, 'predictions')];
    const own = node('GatherElements', [predictions, node('Unsqueeze', [places, ints([-1])])], { axis: -1 });
    const larger = node('ReduceSum', [cast(node('Greater', [predictions, own]), INT), ints([-1])], { keepdims: 0 });
    return less(larger, ints(call.number(-1, 'k', 1)));
  },
  /** Index at which a value would be inserted into a sorted array. */
  SearchSorted(call) {
    const op = call.given(-1, 'side') === 'right' ? 'GreaterOrEqual' : 'Greater';
    const passed = cast(node(op, [node('Unsqueeze', [call.float(1, 'values'), ints([-1])]), call.operand(0, 'sorted_sequence')]), INT);
    return node('ReduceSum', [passed, ints([-1])], { keepdims: 0 });
  },
  /** The number of bin borders that are at most x. */
  Digitize(call) {
    const reached = cast(node('GreaterOrEqual', [node('Unsqueeze', [call.float(0, 'x'), ints([-1])]), call.operand(1, 'bins')]), FLOAT);
    return node('ReduceSum', [reached, ints([-1])], { keepdims: 0 });
  },
  /** Whether x occurs in a list of numbers. */
  IsIn(call) {
    // saves time in NumPy, and changes nothing
    call.flag(-1, 'assume_unique');
    const others = node('Reshape', [call.float(1, 'x2'), ints([-1])]);
    const hits = cast(node('Equal', [node('Unsqueeze', [call.float(0, 'x1'), ints([-1])]), others]), FLOAT);
    const any = cast(node('ReduceMax', [hits, ints([-1])], { keepdims: 0 }), BOOL);
    return call.flag(-1, 'invert') ? not(any) : any;
  },
};
