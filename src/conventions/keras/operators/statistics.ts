import {
  axesOf,
  axisOf,
  BOOL,
  cast,
  type Expression,
  FLOAT,
  INT,
  ints,
  node,
  type Operand,
  type OperatorCall,
  type Rule,
  sizeOf,
  sliced,
  TO_THE_END,
  wrongArgument,
} from './call.js';
import { reduced } from './reductions.js';

/** Reductions that leave out NaN, and those that look at the order of numbers. */

const number = (value: number): Operand => ({ constant: value });
const noNumber = (x: Operand): Expression => node('IsNaN', [x]);
const counted = (x: Operand): Expression => cast(node('Not', [noNumber(x)]), FLOAT);
const filled = (x: Operand, value: number): Expression => node('Where', [noNumber(x), number(value), x]);

/** A reduction over what is no NaN, in whose place stands a number that changes nothing. */
const without =
  (op: string, value: number): Rule =>
  call =>
    reduced(op, filled(call.float(0, 'x'), value), call);

/** NaN only where there is nothing else. */
const extreme =
  (op: string, value: number): Rule =>
  call => {
    const x = call.float(0, 'x');
    const none = node('Equal', [reduced('ReduceSum', counted(x), call), number(0)]);
    return node('Where', [none, number(Number.NaN), reduced(op, filled(x, value), call)]);
  };

function nanVariance(call: OperatorCall): Expression {
  const x = call.float(0, 'x');
  const axes = axesOf(call, 1);
  const kept = (value: Operand) => node('ReduceSum', axes ? [value, ints(axes)] : [value], { keepdims: 1 });
  const apart = node('Sub', [x, node('Div', [kept(filled(x, 0)), kept(counted(x))])]);
  const squares = filled(node('Mul', [apart, apart]), 0);
  return node('Div', [reduced('ReduceSum', squares, call), reduced('ReduceSum', counted(x), call)]);
}

const nanArg =
  (op: string, value: number): Rule =>
  call => {
    const { axis } = axisOf(call, 1, 'axis');
    return node(op, [filled(call.float(0, 'x'), value)], { axis, keepdims: call.flag(2, 'keepdims') ? 1 : 0 });
  };

/** x with the named axes joined to one behind all others, and how long that is. */
function joinedAxes(call: OperatorCall): { x: Operand; size: number; axes: number[]; rank: number } {
  const shape = call.shape(0, 'x');
  const rank = shape.length;
  const axes = (axesOf(call, 1) ?? [...shape.keys()]).map(a => (a < 0 ? a + rank : a));
  const size = axes.reduce((n, axis) => n * sizeOf(call, axis, 'axis'), 1);
  const others = [...shape.keys()].filter(axis => !axes.includes(axis));
  const moved = node('Transpose', [call.float(0, 'x')], { perm: [...others, ...axes] });
  return { x: axes.length === 1 ? moved : node('Reshape', [moved, ints([...others.map(() => 0), -1])]), size, axes, rank };
}

/** The number that stands at a share of the way through the sorted ones, as Keras' `method` has what lies between two. */
function quantile(call: OperatorCall, q: number, method: string): Expression {
  const { x, size, axes, rank } = joinedAxes(call);
  const at = q * (size - 1);
  const sorted = node('TopK', [x, ints([size])], { axis: -1, largest: 0 });
  const pick = (k: number) => node('Gather', [sorted, ints(k)], { axis: -1 });
  const [below, above] = [pick(Math.floor(at)), pick(Math.ceil(at))];
  const part = at - Math.floor(at);
  const between: Readonly<Record<string, () => Expression>> = {
    linear: () => (part === 0 ? below : node('Add', [node('Mul', [below, number(1 - part)]), node('Mul', [above, number(part)])])),
    lower: () => below,
    higher: () => above,
    midpoint: () => node('Mul', [node('Add', [below, above]), number(0.5)]),
  };
  if (!Object.hasOwn(between, method)) throw wrongArgument('method', method);
  const y = between[method]();
  return call.given(-1, 'keepdims') === true ? node('Unsqueeze', [y, ints([...axes].sort((a, b) => a - b).map(a => a % rank))]) : y;
}

const quantileOf =
  (of: number): Rule =>
  call => {
    const q = call.given(-1, 'q') ?? call.given(1, 'q');
    if (typeof q !== 'number') throw wrongArgument('q', q ?? null);
    return quantile(axisFromConfig(call), q / of, String(call.given(-1, 'method') ?? 'linear'));
  };

/** Where the second argument is another one, `axis` stands in the config alone. */
function axisFromConfig(call: OperatorCall): OperatorCall {
  return { ...call, given: (i, name) => call.given(name === 'axis' || name === 'keepdims' ? -1 : i, name) };
}

/** The numbers on a diagonal of two axes, as the last axis. */
function diagonal(call: OperatorCall): Expression {
  const { axis: a, rank } = axisOf(call, 2, 'axis1', 0);
  const { axis: b } = axisOf(call, 3, 'axis2', 1);
  const offset = call.number(1, 'offset', 0);
  const [rows, columns] = [a, b].map(axis => sizeOf(call, axis, 'axis1'));
  const others = Array.from({ length: rank }, (_, i) => i).filter(i => i !== a && i !== b);
  const flat = node('Reshape', [
    node('Transpose', [call.operand(0, 'x')], { perm: [...others, a, b] }),
    ints([...others.map(() => 0), -1]),
  ]);
  const places = Array.from({ length: rows }, (_, i) => i).filter(i => i + offset >= 0 && i + offset < columns);
  return node('Gather', [flat, ints(places.map(i => i * columns + i + offset))], { axis: -1 });
}

/** At each place the product of all up to it: of a table in which what comes later is 1. */
function products(call: OperatorCall, x: Operand): Expression {
  const { axis, rank } = axisOf(call, 1, 'axis');
  const size = sizeOf(call, axis, 'axis');
  const place = (isReal: number) => Array.from({ length: rank - 1 - axis }).reduce<unknown>(inner => [inner], isReal);
  const before = Array.from({ length: size }, (_, j) => Array.from({ length: size }, (__, k) => place(j <= k ? 1 : 0)));
  const table = node('Where', [{ constant: { type: 'bool', value: before } }, node('Unsqueeze', [x, ints([axis + 1])]), number(1)]);
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
    return node('Div', [reduced('ReduceSum', filled(x, 0), call), reduced('ReduceSum', counted(x), call)]);
  },
  Nanvar: nanVariance,
  Nanstd: call => node('Sqrt', [nanVariance(call)]),
  Nanargmax: nanArg('ArgMax', LEAST),
  Nanargmin: nanArg('ArgMin', MOST),
  Nancumsum: call => node('CumSum', [filled(call.float(0, 'x'), 0), ints(axisOf(call, 1, 'axis').axis)]),
  Nancumprod: call => products(call, filled(call.float(0, 'x'), 1)),
  Cumprod: call => products(call, call.float(0, 'x')),
  Median: call => quantile(call, 0.5, 'linear'),
  Quantile: quantileOf(1),
  Percentile: quantileOf(100),
  Diagonal: diagonal,
  Trace: call => node('ReduceSum', [diagonal(call), ints([-1])], { keepdims: 0 }),
  /** The mean of neighbours times their distance, summed. */
  Trapezoid(call) {
    if ((call.given(-1, 'x') ?? null) !== null) throw wrongArgument('x', call.given(-1, 'x'));
    const y = call.float(0, 'y');
    const axis = call.number(-1, 'axis', -1);
    const pairs = node('Add', [sliced(y, axis, 1, TO_THE_END), sliced(y, axis, 0, -1)]);
    return node('Mul', [node('ReduceSum', [pairs, ints([axis])], { keepdims: 0 }), number(call.number(-1, 'dx', 1) / 2)]);
  },
  Moments(call) {
    const x = call.float(0, 'x');
    const axes = call.given(-1, 'axes');
    if (!Array.isArray(axes)) throw wrongArgument('axes', axes ?? null);
    const keepdims = call.given(-1, 'keepdims') === true ? 1 : 0;
    const mean = (value: Operand, keep: number) => node('ReduceMean', [value, ints(axes as number[])], { keepdims: keep });
    const apart = node('Sub', [x, mean(x, 1)]);
    return { ...mean(x, keepdims), others: [mean(node('Mul', [apart, apart]), keepdims)] };
  },
  /** Whether fewer than k are larger than what stands at the target's place. */
  InTopK(call) {
    const [places, predictions] = [cast(call.operand(0, 'targets'), INT), call.float(1, 'predictions')];
    const own = node('GatherElements', [predictions, node('Unsqueeze', [places, ints([-1])])], { axis: -1 });
    const larger = node('ReduceSum', [cast(node('Greater', [predictions, own]), INT), ints([-1])], { keepdims: 0 });
    return node('Less', [larger, ints(call.number(-1, 'k', 1))]);
  },
  /** Where a value belongs among sorted ones. */
  SearchSorted(call) {
    const op = call.given(-1, 'side') === 'right' ? 'GreaterOrEqual' : 'Greater';
    const passed = cast(node(op, [node('Unsqueeze', [call.float(1, 'values'), ints([-1])]), call.operand(0, 'sorted_sequence')]), INT);
    return node('ReduceSum', [passed, ints([-1])], { keepdims: 0 });
  },
  /** How many of the borders are at most x. */
  Digitize(call) {
    const reached = cast(node('GreaterOrEqual', [node('Unsqueeze', [call.float(0, 'x'), ints([-1])]), call.operand(1, 'bins')]), FLOAT);
    return node('ReduceSum', [reached, ints([-1])], { keepdims: 0 });
  },
  /** Whether x is one of some numbers. */
  IsIn(call) {
    const others = node('Reshape', [call.float(1, 'x2'), ints([-1])]);
    const hits = cast(node('Equal', [node('Unsqueeze', [call.float(0, 'x1'), ints([-1])]), others]), FLOAT);
    const any = cast(node('ReduceMax', [hits, ints([-1])], { keepdims: 0 }), BOOL);
    return call.flag(-1, 'invert') ? node('Not', [any]) : any;
  },
};
