import { add, choose, div, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { cast, type Expression, FLOAT, ints, node, type Operand, sliced } from './expression.js';

/**
 * Linear algebra of small matrices [.., n, n], unrolled into ONNX operators, because ONNX has none for it. Operators whose result depends
 * on the library (the signs of eigenvectors and singular vectors) are not supported.
 */

/** Largest n, because the unrolled graph has O(n) nodes. */
const LARGEST = 64;

const matmul = (a: Operand, b: Operand): Expression => node('MatMul', [a, b]);
const column = (value: (row: number) => number, n: number): Operand => ({ constant: Array.from({ length: n }, (_, i) => [value(i)]) });

/** Returns n of a matrix [.., n, n]. @throws RnnError E_KERAS_OPTION */
function sizeOfMatrix(call: OperatorCall, name: string): number {
  const shape = call.shape(0, name);
  const [rows, columns] = shape.slice(-2);
  if (shape.length >= 2 && rows !== null && rows === columns && rows <= LARGEST) return rows;
  throw wrongArgument(name, `a matrix that is not square, of unknown size, or with more than ${LARGEST} rows`);
}

function transposed(x: Operand, rank: number): Expression {
  return node('Transpose', [x], { perm: Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)) });
}

interface Eliminated {
  /** [.., n, n + m]; its first n columns are the identity */
  readonly table: Operand;
  /** [.., 1, 1]: the product of the pivots, negated for each swap of two rows */
  readonly determinant: Operand;
}

/**
 * Gauss-Jordan elimination of a table [.., n, n + m]. @param pivoting picks the largest element of the column as pivot @param isSolved
 * whether the table is read, and not only the determinant
 */
function eliminated(table: Operand, n: number, pivoting: boolean, isSolved: boolean): Eliminated {
  let x = table;
  let determinant: Operand = number(1);
  for (let k = 0; k < n; k++) {
    if (pivoting && k < n - 1) {
      const below = node('Abs', [sliced(sliced(x, -1, k, k + 1), -2, k, n)]);
      // [.., 1, 1], the row of the pivot
      const found = add(node('ArgMax', [below], { axis: -2, keepdims: 1 }), ints(k));
      const rows: Operand = { constant: { type: 'int', value: Array.from({ length: n }, (_, i) => [i]) } };
      const from = choose(node('Equal', [rows, ints(k)]), found, choose(node('Equal', [rows, found]), ints(k), rows));
      const places: Operand = { constant: { type: 'int', value: [Array.from({ length: n }, (_, i) => i)] } };
      x = matmul(cast(node('Equal', [from, places]), FLOAT), x);
      determinant = mul(determinant, choose(node('Equal', [found, ints(k)]), number(1), number(-1)));
    }
    const row = sliced(x, -2, k, k + 1);
    const pivot = sliced(row, -1, k, k + 1);
    determinant = mul(determinant, pivot);
    // in row k itself, row k / pivot remains
    const share = sub(
      sliced(x, -1, k, k + 1),
      column(i => (i === k ? 1 : 0), n),
    );
    // a singular matrix has a determinant, 0, so a pivot of 0 must not give NaN; it has no solution, so there it may
    const by = isSolved ? pivot : choose(node('Equal', [pivot, number(0)]), number(1), pivot);
    x = sub(x, mul(share, div(row, by)));
  }
  return { table: x, determinant };
}

function unitMatrix(n: number): Operand {
  return { constant: Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => Number(i === j))) };
}

/** a⁻¹·b */
function solved(a: Operand, b: Operand, n: number, pivoting: boolean): Expression {
  const { table } = eliminated(node('Concat', [a, b], { axis: -1 }), n, pivoting, true);
  return sliced(table, -1, n, Number.MAX_SAFE_INTEGER);
}

/** Argument b [.., n, m]. @throws RnnError E_KERAS_OPTION for vectors, which the backends of Keras interpret differently */
function rightSide(call: OperatorCall): Operand {
  if (call.shape(1, 'b').length === call.shape(0, 'a').length) return call.float(1, 'b');
  throw wrongArgument('b', 'a tensor of another rank than a');
}

function inverse(x: Operand, n: number): Expression {
  const ones = add(mul(x, number(0)), unitMatrix(n));
  return solved(x, ones, n, true);
}

/** The factor L of x = L·Lᵀ, column by column: the column of what remains of x, divided by the root of its pivot. */
function choleskyOf(x: Operand, n: number, rank: number): Expression {
  let left = x;
  const columns: Operand[] = [];
  for (let k = 0; k < n; k++) {
    const own = sliced(left, -1, k, k + 1);
    const l = mul(
      div(own, node('Sqrt', [sliced(own, -2, k, k + 1)])),
      column(i => (i < k ? 0 : 1), n),
    );
    columns.push(l);
    left = sub(left, matmul(l, transposed(l, rank)));
  }
  return node('Concat', columns, { axis: -1 });
}

const flatDeterminant = (call: OperatorCall): Expression =>
  node('Squeeze', [eliminated(call.float(0, 'x'), sizeOfMatrix(call, 'x'), true, false).determinant, ints([-2, -1])]);

export const LINEAR: Readonly<Record<string, Rule>> = {
  Inv: call => inverse(call.float(0, 'x'), sizeOfMatrix(call, 'x')),
  Det: flatDeterminant,
  /** The sign of the determinant, and the logarithm of its magnitude. */
  Slogdet(call) {
    const whole = flatDeterminant(call);
    return { ...node('Sign', [whole]), others: [node('Log', [node('Abs', [whole])])] };
  },
  Logdet: call => node('Log', [flatDeterminant(call)]),
  Solve: call => solved(call.float(0, 'a'), rightSide(call), sizeOfMatrix(call, 'a'), true),
  /** Solves with one triangle of a; the other is ignored. */
  SolveTriangular(call) {
    const upper = call.flag(-1, 'lower') ? 0 : 1;
    return solved(node('Trilu', [call.float(0, 'a'), ints(0)], { upper }), rightSide(call), sizeOfMatrix(call, 'a'), false);
  },
  Cholesky(call) {
    const rank = call.shape(0, 'x').length;
    const lower = choleskyOf(call.float(0, 'x'), sizeOfMatrix(call, 'x'), rank);
    return call.flag(-1, 'upper') ? transposed(lower, rank) : lower;
  },
  /** The inverse of L·Lᵀ, given L. */
  CholeskyInverse(call) {
    const rank = call.shape(0, 'x').length;
    const x = node('Trilu', [call.float(0, 'x'), ints(0)], { upper: call.flag(-1, 'upper') ? 1 : 0 });
    const other = transposed(x, rank);
    const whole = call.flag(-1, 'upper') ? matmul(other, x) : matmul(x, other);
    return inverse(whole, sizeOfMatrix(call, 'x'));
  },
};
