import { add, choose, less, mul, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { cast, type Expression, INT, identity, ints, node, type Operand, sliced, TO_THE_END } from './expression.js';
import { startIndex } from './slicing.js';

/** Operators that write into parts of a tensor, or generate evenly spaced numbers. */

const REDUCTIONS: Readonly<Record<string, string>> = { add: 'add', mul: 'mul', max: 'max', min: 'min' };

/** Indices of rows: a tensor, or lists in the file. */
function places(call: OperatorCall, i: number, name: string): Operand {
  const given = call.given(i, name);
  return Array.isArray(given) ? { constant: { type: 'int', value: given } } : cast(call.operand(i, name), INT);
}

/** Zeros of the given shape, with values added at indices. */
function added(shape: readonly number[], indices: Operand, values: Operand): Expression {
  const zeros = node('Expand', [{ constant: 0 }, ints(shape)]);
  return node('ScatterND', [zeros, indices, values], { reduction: 'add' });
}

function numbersOf(call: OperatorCall, i: number, name: string): number[] {
  const given = call.given(i, name);
  const all = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(all) || !all.every(n => typeof n === 'number')) throw wrongArgument(name, given ?? null);
  return all as number[];
}

/** SliceUpdate at computed positions, which are clamped so that the block lies inside x. */
function computedUpdate(call: OperatorCall): Expression {
  const [whole, block] = [call.shape(0, 'inputs'), call.shape(2, 'updates')];
  const inside: Operand[] = [];
  const spread = block.reduce<Operand>(
    (updates, size, axis) => {
      const all = whole[axis];
      if (size === null || all === null) throw wrongArgument('updates', 'an axis of unknown size');
      const start = node('Min', [node('Max', [startIndex(call, axis), ints(0)]), ints(all - size)]);
      const at = sub(ints(Array.from({ length: all }, (_, i) => i)), start);
      const isIn = node('And', [node('GreaterOrEqual', [at, ints(0)]), less(at, ints(size))]);
      inside.push(node('Reshape', [isIn, ints(whole.map((_, a) => (a === axis ? all : 1)))]));
      return node('Gather', [updates, node('Min', [node('Max', [at, ints(0)]), ints(size - 1)])], { axis });
    },
    call.operand(2, 'updates'),
  );
  return choose(
    inside.reduce((a, b) => node('And', [a, b])),
    spread,
    call.operand(0, 'inputs'),
  );
}

export const PLACING: Readonly<Record<string, Rule>> = {
  /** Replaces a block of x; the rest of x stays. */
  SliceUpdate(call) {
    const starts = call.given(1, 'start_indices');
    if (!Array.isArray(starts) || !starts.every(Number.isInteger)) return computedUpdate(call);
    const start = numbersOf(call, 1, 'start_indices');
    const [whole, block] = [call.shape(0, 'inputs'), call.shape(2, 'updates')];
    const replaced = (x: Operand, axis: number): Operand => {
      if (axis === whole.length) return call.operand(2, 'updates');
      const [from, size] = [start[axis], block[axis]];
      if (from === 0 && size === whole[axis]) return replaced(x, axis + 1);
      if (size === null) throw wrongArgument('updates', 'an axis of unknown size');
      const parts = [from > 0 ? sliced(x, axis, 0, from) : undefined, replaced(sliced(x, axis, from, from + size), axis + 1)];
      const behind = from + size === whole[axis] ? undefined : sliced(x, axis, from + size, TO_THE_END);
      return node('Concat', [...parts, behind].filter(part => part !== undefined) as Operand[], { axis });
    };
    const y = replaced(call.operand(0, 'inputs'), 0);
    return identity(y);
  },
  ScatterUpdate(call) {
    const reduction = call.given(-1, 'reduction') ?? null;
    if (reduction !== null && !Object.hasOwn(REDUCTIONS, String(reduction))) throw wrongArgument('reduction', reduction);
    const operands = [call.operand(0, 'inputs'), places(call, 1, 'indices'), call.operand(2, 'updates')];
    return node('ScatterND', operands, reduction === null ? {} : { reduction: REDUCTIONS[String(reduction)] });
  },
  Scatter: call => added(numbersOf(call, 2, 'shape'), places(call, 0, 'indices'), call.float(1, 'values')),
  Full: call => node('Expand', [call.operand(0, 'fill_value'), ints(numbersOf(call, -1, 'shape'))]),
  Size: call => node('Size', [call.operand(0, 'x')]),
  /** The Kronecker product: each number of x1 times all of x2. */
  Kron(call) {
    const [a, b] = [call.shape(0, 'x1'), call.shape(1, 'x2')];
    if (a.length !== b.length || a.includes(null) || b.includes(null))
      throw wrongArgument('x2', 'a tensor of another rank than x1, or of unknown size');
    const axes = (behind: number) => ints(a.map((_, i) => 2 * i + behind));
    const table = mul(node('Unsqueeze', [call.float(0, 'x1'), axes(1)]), node('Unsqueeze', [call.float(1, 'x2'), axes(0)]));
    return node('Reshape', [table, ints(a.map((n, i) => n! * b[i]!))]);
  },
  /** `num` evenly spaced numbers along a new axis. */
  Linspace: call => inSteps(call, call.float(0, 'start'), call.float(1, 'stop')),
  /** base ** (evenly spaced numbers) */
  Logspace: call => node('Pow', [{ constant: call.number(-1, 'base', 10) }, inSteps(call, call.float(0, 'start'), call.float(1, 'stop'))]),
  /** Numbers from start to stop in a geometric progression. */
  Geomspace(call) {
    const [start, stop] = [call.float(0, 'start'), call.float(1, 'stop')];
    const size = (x: Operand) => node('Log', [node('Abs', [x])]);
    return mul(
      node('Unsqueeze', [node('Sign', [start]), ints([axisOfSteps(call)])]),
      node('Exp', [inSteps(call, size(start), size(stop))]),
    );
  },
};

function axisOfSteps(call: OperatorCall): number {
  const rank = Math.max(call.shape(0, 'start').length, call.shape(1, 'stop').length) + 1;
  const given = call.number(-1, 'axis', 0);
  return given < 0 ? given + rank : given;
}

function inSteps(call: OperatorCall, start: Operand, stop: Operand): Expression {
  const count = call.number(-1, 'num', 50);
  if (call.flag(-1, 'retstep')) throw wrongArgument('retstep', true);
  const rank = Math.max(call.shape(0, 'start').length, call.shape(1, 'stop').length) + 1;
  const axis = axisOfSteps(call);
  const parts = call.flag(-1, 'endpoint', true) ? Math.max(1, count - 1) : count;
  const wide = (x: Operand) => node('Unsqueeze', [x, ints([axis])]);
  const shares = Array.from({ length: count }, (_, k) => k / parts);
  const along = node('Reshape', [{ constant: shares }, ints(Array.from({ length: rank }, (_, i) => (i === axis ? count : 1)))]);
  return add(wide(start), mul(wide(sub(stop, start)), along));
}
