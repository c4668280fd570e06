import { type Argument, isSlice, isTensor, type SliceArgument, type TensorArgument } from '../arguments.js';
import { add } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { cast, type Expression, INT, identity, ints, node, type Operand, TO_THE_END } from './expression.js';

/** Operators that take parts of axes, at constant or computed positions. */

/** Replaces `...` by full slices of the axes that the other parts do not index. */
function withoutEllipsis(parts: readonly (Argument | undefined)[], call: OperatorCall): readonly (Argument | undefined)[] {
  const at = parts.indexOf('...');
  if (at < 0) return parts;
  const left = call.shape(0, 'x').length - parts.filter(p => p !== null && p !== undefined && p !== '...').length;
  const whole: SliceArgument = { slice: [null, null, null] };
  return [...parts.slice(0, at), ...Array.from({ length: left }, () => whole), ...parts.slice(at + 1)];
}

/** Slices of given sizes (−1: to the end) at computed positions. */
function computedPart(call: OperatorCall, shape: readonly number[]): Expression {
  return shape.reduce<Operand>(
    (x, size, axis) => {
      const start = startIndex(call, axis);
      if (size === -1) return node('Slice', [x, start, ints([TO_THE_END]), ints([axis])]);
      return node('Gather', [x, add(start, ints(Array.from({ length: size }, (_, i) => i)))], { axis });
    },
    call.operand(0, 'inputs'),
  ) as Expression;
}

/** [1]: the start index on an axis. */
export function startIndex(call: OperatorCall, axis: number): Operand {
  const starts = call.given(1, 'start_indices');
  if (!Array.isArray(starts)) return node('Gather', [cast(call.operand(1, 'start_indices'), INT), ints([axis])], { axis: 0 });
  const start = starts[axis];
  if (typeof start === 'number') return ints([start]);
  return node('Reshape', [cast(call.operands(1, 'start_indices')[axis], INT), ints([1])]);
}

/** Start or end of a slice: a number, or a computed [1]. */
type Bound = number | Operand;

function bound(argument: Argument, call: OperatorCall): Bound | null {
  if (argument === null || typeof argument === 'number') return argument;
  if (isTensor(argument)) return place(argument, call);
  throw wrongArgument('slice', argument);
}

/** [1]: a computed index of an axis. */
function place(argument: TensorArgument, call: OperatorCall): Operand {
  return node('Reshape', [cast(call.operandFor(argument), INT), ints([1])]);
}

function row(bounds: readonly Bound[]): Operand {
  if (bounds.every(n => typeof n === 'number')) return ints(bounds as number[]);
  return node(
    'Concat',
    bounds.map(n => (typeof n === 'number' ? ints([n]) : n)),
    { axis: 0 },
  );
}

/** keras.ops.slice: the parts of given sizes from start_indices. */
const slice: Rule = call => {
  const [starts, shape] = [call.given(1, 'start_indices'), call.given(-1, 'shape')];
  if (!Array.isArray(shape) || !shape.every(Number.isInteger)) throw wrongArgument('shape', shape ?? null);
  if (!Array.isArray(starts) || !starts.every(Number.isInteger)) return computedPart(call, shape as number[]);
  // along an axis of unknown size, Gather with explicit indices makes the size of the result known
  const given = call.shape(0, 'inputs');
  const isCounted = (axis: number) => given[axis] === null && Number(shape[axis]) >= 0 && Number(shape[axis]) <= MOST_PICKED;
  const counted = [...starts.keys()].filter(isCounted);
  const picked = counted.reduce<Operand>(
    (x, axis) => {
      const places = Array.from({ length: Number(shape[axis]) }, (_, i) => Number(starts[axis]) + i);
      return node('Gather', [x, ints(places)], { axis });
    },
    call.operand(0, 'inputs'),
  );
  const axes = [...starts.keys()].filter(axis => !counted.includes(axis));
  const from = axes.map(axis => Number(starts[axis]));
  const ends = axes.map((axis, i) => (shape[axis] === -1 ? TO_THE_END : from[i] + Number(shape[axis])));
  return axes.length === 0 && 'op' in picked
    ? picked
    : node('Slice', [picked, ints(from), ints(ends), ints(axes), ints(axes.map(() => 1))]);
};

/** The most indices that are listed for an axis of unknown size. */
const MOST_PICKED = 4096;

export const SLICING: Readonly<Record<string, Rule>> = {
  /** x[…]: an integer selects an index and drops the axis, a slice cuts it, None adds an axis. */
  GetItem(call) {
    const key = call.given(1, 'key');
    const parts = withoutEllipsis(Array.isArray(key) ? key : [key], call);
    const [starts, ends]: Bound[][] = [[], []];
    const [axes, steps, dropped, added]: number[][] = [[], [], [], []];
    const picked: [place: Operand, axis: number][] = [];
    let axis = 0;
    for (const part of parts) {
      if (part === null || part === undefined) {
        added.push(axis - dropped.length + added.length);
        continue;
      }
      if (typeof part === 'number') cut(axis, part, part === -1 ? TO_THE_END : part + 1, 1);
      else if (isTensor(part)) picked.push([place(part, call), axis]);
      else if (isSlice(part)) {
        const [start, stop, step] = part.slice;
        const by = step ?? 1;
        if (typeof by !== 'number') throw wrongArgument('step', step);
        if (start !== null || stop !== null || by !== 1)
          cut(axis, bound(start, call) ?? (by < 0 ? TO_THE_END : 0), bound(stop, call) ?? (by < 0 ? -TO_THE_END : TO_THE_END), by);
      } else throw wrongArgument('key', part);
      if (typeof part === 'number' || isTensor(part)) dropped.push(axis);
      axis++;
    }
    let result: Operand = call.operand(0, 'x');
    if (axes.length > 0) result = node('Slice', [result, row(starts), row(ends), ints(axes), ints(steps)]);
    for (const [at, axis] of picked) result = node('Gather', [result, at], { axis });
    if (dropped.length > 0) result = node('Squeeze', [result, ints(dropped)]);
    if (added.length > 0) result = node('Unsqueeze', [result, ints(added)]);
    return identity(result);

    function cut(at: number, start: Bound, end: Bound, step: number): void {
      axes.push(at);
      starts.push(start);
      ends.push(end);
      steps.push(step);
    }
  },
  Slice: slice,
};
