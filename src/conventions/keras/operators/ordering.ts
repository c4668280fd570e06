import type { Argument } from '../arguments.js';
import { type OperatorCall, productOf, type Rule, wholeNumbers, wrongArgument } from './call.js';
import { type Expression, flat, identity, ints, node, type Operand, sliced, TO_THE_END } from './expression.js';

/** Operators that reverse, roll and sort axes. */

/** Reverses x along axes. */
export function flipped(x: Operand, axes: readonly number[]): Expression {
  const all = (value: number) => ints(axes.map(() => value));
  return node('Slice', [x, all(TO_THE_END), all(-TO_THE_END), ints(axes), all(-1)]);
}

/** The first `count` along an axis when sorted; output 1 holds their indices. */
function sorted(call: OperatorCall, count: number, axis: number, largest: boolean): Expression {
  return node('TopK', [call.operand(0, 'x'), ints([count])], { axis, largest: largest ? 1 : 0 });
}

const sort = (output: number): Rule => {
  return call => {
    const { axis } = call.axis(1, 'axis', -1);
    return { ...sorted(call, call.size(axis, 'axis'), axis, false), output };
  };
};

function canonical(axis: unknown, rank: number): number {
  if (!Number.isInteger(axis) || Number(axis) < -rank || Number(axis) >= rank) throw wrongArgument('axis', (axis ?? null) as Argument);
  return Number(axis) < 0 ? Number(axis) + rank : Number(axis);
}

/** Rolls one axis. @param least a lower bound of the axis' size, used if the size is unknown */
function rolled(x: Operand, axis: number, shift: number, shape: readonly (number | null)[], least = 0): Operand {
  const size = shape[axis];
  if (size === null && Math.abs(shift) >= least) throw wrongArgument('axis', 'an axis of unknown size');
  const by = size === null ? shift : ((shift % size) + size) % size;
  return by === 0 ? x : node('Concat', [sliced(x, axis, -by, TO_THE_END), sliced(x, axis, 0, -by)], { axis });
}

export const ORDERING: Readonly<Record<string, Rule>> = {
  Fliplr: call => flipped(call.operand(0, 'x'), [1]),
  Flipud: call => flipped(call.operand(0, 'x'), [0]),
  /** Rotates by k·90° from the first of two axes towards the second. */
  Rot90(call) {
    const rank = call.shape(0, 'array').length;
    const axes = wholeNumbers(call.given(-1, 'axes') ?? [0, 1], 'axes');
    if (axes.length !== 2) throw wrongArgument('axes', axes);
    const [a, b] = axes.map(axis => (axis < 0 ? axis + rank : axis));
    const x = call.operand(0, 'array');
    const perm = Array.from({ length: rank }, (_, i) => (i === a ? b : i === b ? a : i));
    const turns = ((call.number(-1, 'k', 1) % 4) + 4) % 4;
    if (turns === 0) return node('Identity', [x]);
    if (turns === 2) return flipped(x, [a, b]);
    return turns === 1 ? node('Transpose', [flipped(x, [b])], { perm }) : flipped(node('Transpose', [x], { perm }), [b]);
  },
  Flip: call => flipped(call.operand(0, 'x'), call.axes(1) ?? [...call.shape(0, 'x').keys()]),
  /** Elements shifted beyond the end of an axis reappear at its start; without an axis, x is rolled as one vector in C order. */
  Roll(call) {
    const [shift, axis] = [call.given(1, 'shift'), call.given(2, 'axis') ?? null].map(value => (Array.isArray(value) ? value : [value]));
    if (shift.length !== axis.length || !shift.every(Number.isInteger)) throw wrongArgument('shift', call.given(1, 'shift') ?? null);
    const shape = call.shape(0, 'x');
    if (axis[0] !== null) {
      const turned = axis.reduce<Operand>(
        (x, at, k) => rolled(x, canonical(at, shape.length), Number(shift[k]), shape),
        call.operand(0, 'x'),
      );
      return identity(turned);
    }
    const rest = productOf(shape.slice(1));
    if (rest === null) throw wrongArgument('axis', null);
    // there is at least one sample, so a shift of less than one sample needs no modulo
    const row = rolled(flat(call.operand(0, 'x')), 0, Number(shift[0]), [shape[0] === null ? null : shape[0] * rest], rest);
    return node('Reshape', [row, ints(shape.map(n => n ?? -1))]);
  },
  Sort: sort(0),
  Argsort: sort(1),
  TopK(call) {
    const axis = call.shape(0, 'x').length - 1;
    call.given(-1, 'sorted');
    const values = sorted(call, call.number(1, 'k', 1), axis, true);
    return { ...values, others: [{ ...values, output: 1 }] };
  },
};
