import { exp } from '../numerics/exp.js';
import { log } from '../numerics/log.js';
import { placesAlong } from '../tensor/axes.js';
import { sizeOf } from '../tensor/tensor.js';
import { intOf, intsOf } from './attributes.js';
import { type Call, integers, need, type Operator, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue, shapeError, wrapComputed } from './value.js';

/** How the numbers along an axis are reduced to one. */
interface Rule {
  /** applied to each number before it is joined; default: the number itself */
  readonly each?: (v: number) => number;
  readonly join: (a: number, b: number) => number;
  readonly initial: number;
  readonly finish?: (v: number, count: number) => number;
}

const ATTRIBUTES = ['axes', 'keepdims', 'noop_with_empty_axes'];
const plus = (a: number, b: number): number => a + b;
const SUM: Rule = { join: plus, initial: 0 };
const MAX: Rule = { join: (a, b) => Math.max(a, b), initial: -Infinity };

/** Operators that reduce axes, or search along one. */
export const REDUCTIONS: Operators = {
  ReduceMax: reduction(MAX),
  ReduceMin: reduction({ join: (a, b) => Math.min(a, b), initial: Infinity }),
  ReduceSum: reduction(SUM),
  ReduceProd: reduction({ join: (a, b) => a * b, initial: 1 }),
  ReduceMean: reduction({ join: plus, initial: 0, finish: (v, n) => v / n }),
  ReduceL1: reduction({ each: Math.abs, join: plus, initial: 0 }),
  ReduceL2: reduction({ each: v => v * v, join: plus, initial: 0, finish: Math.sqrt }),
  ReduceSumSquare: reduction({ each: v => v * v, join: plus, initial: 0 }),
  ReduceLogSum: reduction({ join: plus, initial: 0, finish: log }),
  ReduceLogSumExp: plain(logSumExp, ATTRIBUTES),
  ArgMax: plain(call => extremeAt(call, (a, b) => a > b), ['axis', 'keepdims', 'select_last_index']),
  ArgMin: plain(call => extremeAt(call, (a, b) => a < b), ['axis', 'keepdims', 'select_last_index']),
  CumSum: plain(call => cumulated(call, 0, plus), ['exclusive', 'reverse']),
  CumProd: plain(call => cumulated(call, 1, (a, b) => a * b), ['exclusive', 'reverse']),
};

function reduction(rule: Rule): Operator {
  return plain(call => reduced(call, rule), ATTRIBUTES);
}

function reduced(call: Call, { each = v => v, join, initial, finish = v => v }: Rule, keeps = keepsAxes(call)): GraphValue {
  const x = need(call, 0);
  const axes = axesOf(call, x.shape.length);
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const out = allocateShape(kept, x.kind, call.kernels.precision);
  const { starts, offsets } = placesAlong(x.shape, axes);
  // the maximum of nothing is the smallest value of the type
  const whole = (v: number) =>
    x.kind === 'float' ? v : x.kind === 'bool' ? Math.min(Math.max(v, 0), 1) : wrapComputed(Math.trunc(v), x.type);
  for (let k = 0; k < out.length; k++) {
    let joined = initial;
    for (let i = 0; i < offsets.length; i++) joined = join(joined, each(x.data[starts[k] + offsets[i]]));
    out[k] = whole(finish(joined, offsets.length));
  }
  const shape = keeps ? kept : x.shape.filter((_, i) => !axes.includes(i));
  return { kind: x.kind, type: x.type, shape, data: out };
}

/** Returns the axes to reduce. They moved from attribute to input at opset 13 (ReduceSum) and 18 (others); whichever is present is used. If none are given: all axes, or none with noop_with_empty_axes. */
function axesOf({ node, inputs }: Call, rank: number): number[] {
  const given = intsOf(node, 'axes') ?? (inputs[1] && integers(inputs[1])) ?? [];
  if (given.length > 0) return given.map(a => axisOf(a, rank));
  return intOf(node, 'noop_with_empty_axes') === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
}

/** log Σ exp(x), with the maximum subtracted first, so that exp does not overflow. */
function logSumExp(call: Call): GraphValue {
  const x = need(call, 0);
  const largest = reduced(call, MAX, true);
  const top = broadcastTo(largest, x.shape);
  const apart = { ...x, data: x.data.map((v, k) => (v === top.data[k] ? 0 : v - top.data[k])) };
  const sum = reduced({ ...call, inputs: [apart, call.inputs[1]] }, { each: exp, join: plus, initial: 0, finish: log });
  return { ...sum, data: sum.data.map((v, k) => v + largest.data[k]) };
}

function keepsAxes({ node }: Call): boolean {
  return (intOf(node, 'keepdims') ?? 1) === 1;
}

/** Returns the sizes before, along and after an axis: [rows, n, width]. */
function around(x: GraphValue, axis: number): { rows: number; n: number; width: number } {
  return { rows: sizeOf(x.shape.slice(0, axis)), n: x.shape[axis], width: sizeOf(x.shape.slice(axis + 1)) };
}

/** ArgMax, ArgMin: index of the largest or smallest along an axis; of equal ones the first, or with select_last_index the last. */
function extremeAt(call: Call, better: (a: number, b: number) => boolean): GraphValue {
  const x = need(call, 0);
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const last = intOf(call.node, 'select_last_index') === 1;
  const { rows, n, width } = around(x, axis);
  if (n === 0) throw shapeError('an empty axis has no maximum or minimum', `axis ${axis} of size 0`, 'a size of at least 1');
  const kept = x.shape.map((size, i) => (i === axis ? 1 : size));
  const data = allocateShape(kept, 'int', 'f64');
  for (let k = 0; k < rows * width; k++) {
    const start = Math.floor(k / width) * n * width + (k % width);
    let best = 0;
    for (let i = 1; i < n; i++) {
      const [a, b] = [x.data[start + i * width], x.data[start + best * width]];
      if (better(a, b) || (last && a === b)) best = i;
    }
    data[k] = best;
  }
  return { kind: 'int', shape: keepsAxes(call) ? kept : x.shape.filter((_, i) => i !== axis), data };
}

/** Running sums (or products) along an axis. `exclusive` leaves out the element itself, `reverse` starts at the end. */
function cumulated(call: Call, initial: number, join: (a: number, b: number) => number): GraphValue {
  const x = need(call, 0);
  const axis = axisOf(need(call, 1).data[0], x.shape.length);
  const { rows, n, width } = around(x, axis);
  const [exclusive, reverse] = ['exclusive', 'reverse'].map(name => intOf(call.node, name) === 1);
  const data = allocateShape(x.shape, x.kind, call.kernels.precision);
  for (let k = 0; k < rows * width; k++) {
    const start = Math.floor(k / width) * n * width + (k % width);
    let sum = initial;
    for (let i = 0; i < n; i++) {
      const at = start + (reverse ? n - 1 - i : i) * width;
      const next = x.kind === 'int' ? wrapComputed(join(sum, x.data[at]), x.type) : join(sum, x.data[at]);
      data[at] = exclusive ? sum : next;
      sum = next;
    }
  }
  return { ...x, data };
}
