import { LARGEST_FLOAT, mul, number } from './arithmetic.js';
import {
  BOOL,
  cast,
  type Expression,
  flat,
  INT,
  ints,
  node,
  type Operand,
  type OperatorCall,
  productOf,
  type Rule,
  wrongArgument,
} from './call.js';
import { diagonalOf } from './statistics.js';

/** Operators that make a table of a row, or count. */

/** Ones, as many as x has numbers. */
const ones = (x: Operand): Expression => node('Pow', [x, number(0)]);

function sizeOfRow(call: OperatorCall, name: string): number {
  const size = productOf(call.shape(0, name));
  if (size === null) throw wrongArgument(name, 'numbers of which it is not known how many there are');
  return size;
}

/** A row as the diagonal of a matrix, so many places above or below its middle. */
function asDiagonal(x: Operand, n: number, k: number): Expression {
  const middle = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => i === j));
  const square = node('Where', [{ constant: { type: 'bool', value: middle } }, node('Unsqueeze', [x, ints([-1])]), number(0)]);
  const [above, below] = [Math.max(0, k), Math.max(0, -k)];
  return k === 0 ? square : node('Pad', [square, ints([below, above, above, below])], { mode: 'constant' });
}

/** Rows of the same number joined by an operator that starts from a number that changes nothing. */
const segments =
  (reduction: 'add' | 'mul' | 'max' | 'min', start: number): Rule =>
  call => {
    const shape = call.shape(0, 'data').slice(1);
    if (shape.includes(null)) throw wrongArgument('data', 'rows of open size');
    const given = call.given(1, 'segment_ids');
    const rows = Array.isArray(given) ? ints(given as number[]) : cast(call.operand(1, 'segment_ids'), INT);
    const isOpen = (call.given(-1, 'num_segments') ?? null) === null;
    const count = call.number(-1, 'num_segments', 0);
    const sorted = call.flag(-1, 'sorted');
    if (isOpen || sorted) return counted(call, rows, { reduction, start, sorted });
    const all = node('Expand', [number(start), ints([count, ...(shape as number[])])]);
    return node('ScatterND', [all, node('Unsqueeze', [rows, ints([-1])]), call.float(0, 'data')], { reduction });
  };

const REDUCED = { add: 'ReduceSum', mul: 'ReduceProd', max: 'ReduceMax', min: 'ReduceMin' } as const;

/**
 * Segments whose number the rows say: the largest one is the last; of sums there are as many as different ones, unless they are sorted. A sorted
 * segment without rows has a 0 for its extreme (Keras on TensorFlow).
 */
function counted(
  call: OperatorCall,
  rows: Operand,
  { reduction, start, sorted }: { reduction: keyof typeof REDUCED; start: number; sorted: boolean },
): Expression {
  const rank = call.shape(0, 'data').length;
  const shown = (depth: Operand) => node('OneHot', [rows, depth, { constant: [0, 1] }], { axis: -1 });
  const present = (hits: Operand) => node('ReduceMax', [hits, ints([0])], { keepdims: 0 });
  const all = node('Add', [node('ReduceMax', [rows], { keepdims: 0 }), ints(1)]);
  const hits = shown(reduction === 'add' && !sorted ? cast(node('ReduceSum', [present(shown(all))], { keepdims: 0 }), INT) : all);
  const behind = ints(Array.from({ length: rank - 1 }, (_, i) => i + 2));
  const wide = (x: Operand, axes: Operand) => (rank === 1 ? x : node('Unsqueeze', [x, axes]));
  const own = node('Where', [cast(wide(hits, behind), BOOL), node('Unsqueeze', [call.float(0, 'data'), ints([1])]), number(start)]);
  const y = node(REDUCED[reduction], [own, ints([0])], { keepdims: 0 });
  if (!sorted || (reduction !== 'max' && reduction !== 'min')) return y;
  return node('Where', [cast(wide(present(hits), ints(Array.from({ length: rank - 1 }, (_, i) => i + 1))), BOOL), y, number(0)]);
}

export const TABLES: Readonly<Record<string, Rule>> = {
  /** How often each number from 0 on stands in each row; with numbers beyond minlength there are as many counts as it takes. */
  Bincount(call) {
    if ((call.given(-1, 'weights') ?? null) !== null) throw wrongArgument('weights', call.given(-1, 'weights'));
    const x = cast(call.operand(0, 'x'), INT);
    const most = node('Add', [node('ReduceMax', [x], { keepdims: 0 }), ints(1)]);
    const depth = node('Max', [most, ints(call.number(-1, 'minlength', 0))]);
    const each = node('OneHot', [x, depth, { constant: [0, 1] }], { axis: -1 });
    return cast(node('ReduceSum', [each, ints([-2])], { keepdims: 0 }), INT);
  },
  Diag(call) {
    const k = call.number(-1, 'k', 0);
    if (call.shape(0, 'x').length === 2) return diagonalOf(call, k, 0, 1);
    return asDiagonal(call.float(0, 'x'), sizeOfRow(call, 'x'), k);
  },
  Diagflat: call => asDiagonal(flat(call.float(0, 'x')), sizeOfRow(call, 'x'), call.number(-1, 'k', 0)),
  /** Every row along an axis of its own, as often as the others have numbers. */
  Meshgrid(call) {
    const rows = call.tensors();
    const order = rows.map((_, i) => (call.given(-1, 'indexing') !== 'ij' && i < 2 && rows.length > 1 ? 1 - i : i));
    const wide = rows.map((x, i) => node('Reshape', [x, ints(rows.map((_, axis) => (axis === order[i] ? -1 : 1)))]));
    const grid = wide.map((x, i) => wide.filter((_, j) => j !== i).reduce<Expression>((all, other) => mul(all, ones(other)), x));
    return { ...grid[0], others: grid.slice(1) };
  },
  /** The powers of each number, from the highest or from 0. */
  Vander(call) {
    const count = (call.given(-1, 'N') ?? sizeOfRow(call, 'x')) as number;
    const powers = Array.from({ length: count }, (_, i) => (call.flag(-1, 'increasing') ? i : count - 1 - i));
    return node('Pow', [node('Unsqueeze', [call.float(0, 'x'), ints([-1])]), { constant: powers }]);
  },
  /** A segment without rows has float32's lowest number, as on TensorFlow. */
  SegmentMax: segments('max', -LARGEST_FLOAT),
  SegmentMin: segments('min', LARGEST_FLOAT),
  SegmentProd: segments('mul', 1),
  SegmentSum: segments('add', 0),
  /** Of the rows of a matrix with each other, within −1 and 1. */
  Corrcoef(call) {
    if (call.shape(0, 'x').length !== 2) throw wrongArgument('x', 'anything but a matrix');
    const x = call.float(0, 'x');
    const apart = node('Sub', [x, node('ReduceMean', [x, ints([-1])], { keepdims: 1 })]);
    const turned = (y: Operand) => node('Transpose', [y], { perm: [1, 0] });
    const size = node('Sqrt', [node('ReduceSum', [mul(apart, apart), ints([-1])], { keepdims: 1 })]);
    const share = node('Div', [node('MatMul', [apart, turned(apart)]), mul(size, turned(size))]);
    return node('Clip', [share, number(-1), number(1)]);
  },
  /** Sums of products at every shift of the second against the first. */
  Correlate(call) {
    const mode = String(call.given(-1, 'mode') ?? 'valid');
    const [n, k] = [0, 1].map(i => call.shape(i, `x${i + 1}`)).map(shape => (shape.length === 1 ? shape[0] : null));
    if (n === null || k === null || k > n) throw wrongArgument('x2', 'anything but a row no longer than x1');
    const around = { valid: [0, 0], full: [k - 1, k - 1], same: [Math.floor(k / 2), k - 1 - Math.floor(k / 2)] }[mode];
    if (!around) throw wrongArgument('mode', mode);
    const asImage = (x: Operand) => node('Reshape', [x, ints([1, 1, -1])]);
    const sums = node('Conv', [asImage(call.float(0, 'x1')), asImage(call.float(1, 'x2'))], { kernel_shape: [k], pads: around });
    return flat(sums);
  },
};

/** Euclid's steps: no two numbers of 32 bits need more. */
const STEPS = 46;

/** The greatest divisor of both. */
function divisorOf(a: Operand, b: Operand): Expression {
  let [x, y]: Operand[] = [node('Abs', [a]), node('Abs', [b])];
  for (let k = 0; k < STEPS; k++) {
    const done = node('Equal', [y, ints(0)]);
    const rest = node('Mod', [x, node('Max', [y, ints(1)])]);
    [x, y] = [node('Where', [done, x, y]), node('Where', [done, y, rest])];
  }
  return x as Expression;
}

const whole = (call: OperatorCall): [Operand, Operand] => [cast(call.operand(0, 'x1'), INT), cast(call.operand(1, 'x2'), INT)];

export const DIVISORS: Readonly<Record<string, Rule>> = {
  Gcd: call => divisorOf(...whole(call)),
  Lcm(call) {
    const [a, b] = whole(call);
    return node('Div', [node('Abs', [mul(a, b)]), node('Max', [divisorOf(a, b), ints(1)])]);
  },
};
