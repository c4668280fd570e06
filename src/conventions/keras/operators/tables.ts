import { add, choose, div, LARGEST_FLOAT, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, productOf, type Rule, wholeNumbers, wrongArgument } from './call.js';
import { BOOL, cast, type Expression, flat, INT, ints, node, type Operand } from './expression.js';
import { diagonalOf } from './statistics.js';

/** Operators that build a table from a vector, or count. */

/** Ones in the shape of x. */
const ones = (x: Operand): Expression => node('Pow', [x, number(0)]);

function sizeOfRow(call: OperatorCall, name: string): number {
  const size = productOf(call.shape(0, name));
  if (size === null) throw wrongArgument(name, 'a tensor with an unknown number of elements');
  return size;
}

/** Returns the matrix with vector x [n] on diagonal k (0 is the main diagonal, k > 0 lies above it). */
function asDiagonal(x: Operand, n: number, k: number): Expression {
  const middle = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => i === j));
  const square = choose({ constant: { type: 'bool', value: middle } }, node('Unsqueeze', [x, ints([-1])]), number(0));
  const [above, below] = [Math.max(0, k), Math.max(0, -k)];
  return k === 0 ? square : node('Pad', [square, ints([below, above, above, below])], { mode: 'constant' });
}

/** A reduction of all rows with the same segment id. @param start the neutral element of the reduction */
const segments =
  (reduction: 'add' | 'mul' | 'max' | 'min', start: number): Rule =>
  call => {
    const shape = call.shape(0, 'data').slice(1);
    if (shape.includes(null)) throw wrongArgument('data', 'rows of unknown size');
    const given = call.given(1, 'segment_ids');
    const rows = Array.isArray(given) ? ints(given as number[]) : cast(call.operand(1, 'segment_ids'), INT);
    const isOpen = !call.has(-1, 'num_segments');
    const count = call.number(-1, 'num_segments', 0);
    const sorted = call.flag(-1, 'sorted');
    if (isOpen || sorted) return counted(call, rows, { reduction, start, sorted });
    const all = node('Expand', [number(start), ints([count, ...(shape as number[])])]);
    return node('ScatterND', [all, node('Unsqueeze', [rows, ints([-1])]), call.float(0, 'data')], { reduction });
  };

const REDUCED = { add: 'ReduceSum', mul: 'ReduceProd', max: 'ReduceMax', min: 'ReduceMin' } as const;

/**
 * Segments without num_segments: their number is the largest id + 1; for unsorted sums it is the number of distinct ids. With `sorted`, the
 * maximum or minimum of a segment without rows is 0 (as in Keras on TensorFlow).
 */
function counted(
  call: OperatorCall,
  rows: Operand,
  { reduction, start, sorted }: { reduction: keyof typeof REDUCED; start: number; sorted: boolean },
): Expression {
  const rank = call.shape(0, 'data').length;
  const shown = (depth: Operand) => node('OneHot', [rows, depth, { constant: [0, 1] }], { axis: -1 });
  const present = (hits: Operand) => node('ReduceMax', [hits, ints([0])], { keepdims: 0 });
  const all = add(node('ReduceMax', [rows], { keepdims: 0 }), ints(1));
  const hits = shown(reduction === 'add' && !sorted ? cast(node('ReduceSum', [present(shown(all))], { keepdims: 0 }), INT) : all);
  const behind = ints(Array.from({ length: rank - 1 }, (_, i) => i + 2));
  const wide = (x: Operand, axes: Operand) => (rank === 1 ? x : node('Unsqueeze', [x, axes]));
  const own = choose(cast(wide(hits, behind), BOOL), node('Unsqueeze', [call.float(0, 'data'), ints([1])]), number(start));
  const y = node(REDUCED[reduction], [own, ints([0])], { keepdims: 0 });
  if (!sorted || (reduction !== 'max' && reduction !== 'min')) return y;
  return choose(cast(wide(present(hits), ints(Array.from({ length: rank - 1 }, (_, i) => i + 1))), BOOL), y, number(0));
}

export const TABLES: Readonly<Record<string, Rule>> = {
  /** How often each integer from 0 occurs in each row. The length of the result is minlength, or the largest number + 1 if that is more. */
  Bincount(call) {
    if (call.flag(-1, 'sparse')) throw wrongArgument('sparse', true);
    if (call.has(-1, 'weights')) throw wrongArgument('weights', call.given(-1, 'weights'));
    const x = cast(call.operand(0, 'x'), INT);
    const most = add(node('ReduceMax', [x], { keepdims: 0 }), ints(1));
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
  /** Broadcasts each vector along an axis of its own. */
  Meshgrid(call) {
    const rows = call.tensors();
    const order = rows.map((_, i) => (call.given(-1, 'indexing') !== 'ij' && i < 2 && rows.length > 1 ? 1 - i : i));
    const wide = rows.map((x, i) => node('Reshape', [x, ints(rows.map((_, axis) => (axis === order[i] ? -1 : 1)))]));
    const grid = wide.map((x, i) => wide.filter((_, j) => j !== i).reduce<Expression>((all, other) => mul(all, ones(other)), x));
    return { ...grid[0], others: grid.slice(1) };
  },
  /** The powers of each number: N − 1 … 0, or 0 … N − 1 if increasing. */
  Vander(call) {
    const [count] = wholeNumbers(call.given(-1, 'N') ?? sizeOfRow(call, 'x'), 'N');
    if (!(count >= 0)) throw wrongArgument('N', call.given(-1, 'N') ?? null);
    const powers = Array.from({ length: count }, (_, i) => (call.flag(-1, 'increasing') ? i : count - 1 - i));
    return node('Pow', [node('Unsqueeze', [call.float(0, 'x'), ints([-1])]), { constant: powers }]);
  },
  /** A segment without rows gets the lowest float32, as in Keras on TensorFlow. */
  SegmentMax: segments('max', -LARGEST_FLOAT),
  SegmentMin: segments('min', LARGEST_FLOAT),
  SegmentProd: segments('mul', 1),
  SegmentSum: segments('add', 0),
  /** Correlation coefficients of the rows of a matrix, clipped to [−1, 1]. */
  Corrcoef(call) {
    if (call.shape(0, 'x').length !== 2) throw wrongArgument('x', 'a tensor that is not a matrix');
    const x = call.float(0, 'x');
    const apart = sub(x, node('ReduceMean', [x, ints([-1])], { keepdims: 1 }));
    const turned = (y: Operand) => node('Transpose', [y], { perm: [1, 0] });
    const size = node('Sqrt', [node('ReduceSum', [mul(apart, apart), ints([-1])], { keepdims: 1 })]);
    const share = div(node('MatMul', [apart, turned(apart)]), mul(size, turned(size)));
    return node('Clip', [share, number(-1), number(1)]);
  },
  /** Cross-correlation: Σ x1[t + shift]·x2[t] for each shift. */
  Correlate(call) {
    const mode = String(call.given(-1, 'mode') ?? 'valid');
    const [n, k] = [0, 1].map(i => call.shape(i, `x${i + 1}`)).map(shape => (shape.length === 1 ? shape[0] : null));
    if (n === null || k === null || k > n) throw wrongArgument('x2', 'a tensor that is not a vector of at most the length of x1');
    const around = { valid: [0, 0], full: [k - 1, k - 1], same: [Math.floor(k / 2), k - 1 - Math.floor(k / 2)] }[mode];
    if (!around) throw wrongArgument('mode', mode);
    const asImage = (x: Operand) => node('Reshape', [x, ints([1, 1, -1])]);
    const sums = node('Conv', [asImage(call.float(0, 'x1')), asImage(call.float(1, 'x2'))], { kernel_shape: [k], pads: around });
    return flat(sums);
  },
};

/** Enough steps of Euclid's algorithm for any two 32-bit integers. */
const STEPS = 46;

/** The greatest common divisor. */
function divisorOf(a: Operand, b: Operand): Expression {
  let [x, y]: Operand[] = [node('Abs', [a]), node('Abs', [b])];
  for (let k = 0; k < STEPS; k++) {
    const done = node('Equal', [y, ints(0)]);
    const rest = node('Mod', [x, node('Max', [y, ints(1)])]);
    [x, y] = [choose(done, x, y), choose(done, y, rest)];
  }
  return x as Expression;
}

const whole = (call: OperatorCall): [Operand, Operand] => [cast(call.operand(0, 'x1'), INT), cast(call.operand(1, 'x2'), INT)];

export const DIVISORS: Readonly<Record<string, Rule>> = {
  Gcd: call => divisorOf(...whole(call)),
  Lcm(call) {
    const [a, b] = whole(call);
    return div(node('Abs', [mul(a, b)]), node('Max', [divisorOf(a, b), ints(1)]));
  },
};
