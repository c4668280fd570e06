import { add, choose, less } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { cast, type Expression, FLOAT, INT, ints, node, type Operand, TO_THE_END } from './expression.js';
import type { TensorflowFunctions } from './tensorflowRules.js';

/** Functions of TensorFlow whose sizes and positions may be computed: `tf.zeros((tf.shape(x)[0], 4))`. */

/** An integer argument that may be computed. */
function whole(call: OperatorCall, i: number, name: string): Operand {
  const given = call.given(i, '');
  return typeof given === 'number' ? ints(given) : cast(call.operand(i, name), INT);
}

/** Argument i, a list of sizes or positions, as one vector of integers. */
function sizes(call: OperatorCall, i: number, name: string): Operand {
  const given = call.given(i, '') ?? null;
  if (typeof given === 'number') return ints([given]);
  if (!Array.isArray(given)) return cast(call.operand(i, name), INT);
  if (given.every(n => n === null || typeof n === 'number')) return ints(given.map(n => Number(n ?? -1)));
  const each = call.operands(i, name).map((n, k) => {
    const size = given[k];
    return typeof size === 'number' ? ints([size]) : node('Reshape', [cast(n, INT), ints([1])]);
  });
  return node('Concat', each, { axis: 0 });
}

const filled = (value: (call: OperatorCall) => Operand): Rule => {
  return call => node('Expand', [value(call), sizes(call, 0, 'shape')]);
};

const resized = (op: string): Rule => {
  return call => node(op, [call.operand(0, ''), sizes(call, 1, 'shape')]);
};

/** tf.slice: `size` elements from `begin` on each axis; −1 goes to the end. */
const slice: Rule = call => {
  const known = [call.given(1, ''), call.given(2, '')];
  if (known.every(n => Array.isArray(n) && n.every(Number.isInteger))) {
    const [begin, size] = known as number[][];
    const ends = begin.map((from, axis) => (size[axis] === -1 ? TO_THE_END : from + size[axis]));
    return node('Slice', [call.operand(0, ''), ints(begin), ints(ends)]);
  }
  const [starts, extent] = [sizes(call, 1, 'begin'), sizes(call, 2, 'size')];
  const toEnd = node('Equal', [extent, ints(-1)]);
  const ends = choose(toEnd, ints(TO_THE_END), add(starts, extent));
  return node('Slice', [call.operand(0, ''), starts, ends]);
};

/** tf.range(start, limit), or tf.range(limit) from 0. */
function range(call: OperatorCall): Expression {
  const isLimit = !call.has(1, '');
  const [from, to] = isLimit ? [ints(0), whole(call, 0, 'limit')] : [whole(call, 0, 'start'), whole(call, 1, 'limit')];
  const numbers = node('Range', [from, to, ints(call.number(2, 'delta', 1))]);
  return /float/.test(String(call.given(3, ''))) ? cast(numbers, FLOAT) : numbers;
}

/** True at the positions before each length. */
function sequenceMask(call: OperatorCall): Expression {
  const lengths = cast(call.operand(0, ''), INT);
  const isOpen = !call.has(1, '');
  const most = isOpen ? node('ReduceMax', [lengths], { keepdims: 0 }) : whole(call, 1, 'maxlen');
  const mask = less(node('Range', [ints(0), most, ints(1)]), node('Unsqueeze', [lengths, ints([-1])]));
  const dtype = String(call.given(2, ''));
  return /float/.test(dtype) ? cast(mask, FLOAT) : /int/.test(dtype) ? cast(mask, INT) : mask;
}

/** tf.gather along an axis; with batch_dims, separately for each index of the shared leading axes. */
function gather(call: OperatorCall): Expression {
  const [axis, batch] = [call.number(2, 'axis', call.number(3, 'batch_dims', 0)), call.number(3, 'batch_dims', 0)];
  const indices = cast(call.operand(1, 'indices'), INT);
  if (batch === 0) return node('Gather', [call.operand(0, ''), indices], { axis });
  if (batch !== 1 || axis !== 1) throw wrongArgument('batch_dims', batch);
  const pairs = node('Unsqueeze', [indices, ints([-1])]);
  return node('GatherND', [call.operand(0, ''), pairs], { batch_dims: 1 });
}

/** Sorts along an axis. @param output 0: the values, 1: their indices */
const inOrder = (output: number): Rule => {
  return call => {
    if (call.number(1, 'axis', -1) !== -1) throw wrongArgument('axis', call.number(1, '', -1));
    const largest = call.given(2, '') === 'DESCENDING' ? 1 : 0;
    const x = call.operand(0, '');
    const size = node('Gather', [node('Shape', [x]), ints([-1])], { axis: 0 });
    return { ...node('TopK', [x, size], { axis: -1, largest }), output };
  };
};

export const SIZED: TensorflowFunctions = {
  'compat.v1.shape': [call => node('Shape', [call.operand(0, '')]), 'out_type'],
  shape: [call => node('Shape', [call.operand(0, '')]), 'out_type'],
  'compat.v1.size': [call => node('Size', [call.operand(0, '')]), 'out_type'],
  zeros: [filled(() => ({ constant: 0 })), 'dtype'],
  ones: [filled(() => ({ constant: 1 })), 'dtype'],
  fill: [filled(call => call.float(1, 'value')), 'value'],
  reshape: [resized('Reshape'), 'shape'],
  tile: [resized('Tile'), 'multiples'],
  broadcast_to: [resized('Expand'), 'shape'],
  slice: [slice, 'begin', 'size'],
  range: [range, 'limit', 'delta', 'dtype'],
  sequence_mask: [sequenceMask, 'maxlen', 'dtype'],
  gather: [gather, 'indices', 'axis', 'batch_dims'],
  'compat.v1.gather': [gather, 'indices', 'axis', 'batch_dims'],
  sort: [inOrder(0), 'axis', 'direction'],
  argsort: [inOrder(1), 'axis', 'direction', 'stable'],
};
