import type { FloatArray } from '../../../tensor/tensor.js';
import { notExpressible } from '../notExpressible.js';

/**
 * What the body of a loop computes for one sample, as formulas of rows: the rows it reads (a step of a sequence, a state), their products with
 * constant matrices, elementwise functions, and combinations of these. A row that is used twice is one object.
 */
export type Row =
  | { readonly is: 'step'; readonly sequence: number }
  | { readonly is: 'state'; readonly state: number }
  | Affine
  | { readonly is: 'function'; readonly name: string; readonly parameters: readonly number[]; readonly of: Row }
  /** alpha·of + beta */
  | { readonly is: 'scaled'; readonly of: Row; readonly alpha: number; readonly beta: number }
  /** from − minus; if `from` is null, 1 − minus */
  | { readonly is: 'difference'; readonly from: Row | null; readonly minus: Row }
  | { readonly is: 'product' | 'sum'; readonly parts: readonly [Row, Row] }
  /** concatenated */
  | { readonly is: 'joined'; readonly parts: readonly Row[] };

/** Σ of·matrix + Σ of·diagonal + bias, [width] */
export interface Affine {
  readonly is: 'affine';
  readonly width: number;
  readonly terms: readonly Term[];
  readonly diagonals: readonly { readonly of: Row; readonly by: FloatArray }[];
}

interface Term {
  readonly of: Row;
  /** [rows, width] */
  readonly matrix: Matrix;
  readonly bias: FloatArray | null;
}

export interface Matrix {
  readonly rows: number;
  readonly data: FloatArray;
}

/** The product of·matrix [rows, width]. */
export function times(of: Row, matrix: Matrix): Row {
  return { is: 'affine', width: matrix.data.length / matrix.rows, terms: [{ of, matrix, bias: null }], diagonals: [] };
}

/** Adds a constant: it becomes the bias of the product, or of the first product in a sum. */
export function plusConstant(row: Row, constant: FloatArray): Row {
  if (row.is === 'affine' && row.terms.length > 0) {
    const { bias } = row.terms[0];
    if (constant.length !== 1 && constant.length !== row.width)
      throw notExpressible('the width of a bias differs from that of the product');
    const sum = new Float64Array(row.width).map((_, k) => (bias?.[k] ?? 0) + constant[constant.length === 1 ? 0 : k]);
    return { ...row, terms: [{ ...row.terms[0], bias: sum }, ...row.terms.slice(1)] };
  }
  if (row.is === 'sum') {
    const at = row.parts.findIndex(part => part.is === 'affine' && part.terms.length > 0);
    if (at >= 0) return plus(plusConstant(row.parts[at], constant), row.parts[1 - at]);
  }
  if (constant.length !== 1) throw notExpressible('a constant is added to a value that is not a product');
  return row.is === 'scaled' ? { ...row, beta: row.beta + constant[0] } : { is: 'scaled', of: row, alpha: 1, beta: constant[0] };
}

export function timesConstant(row: Row, constant: FloatArray): Row {
  if (constant.length !== 1) return { is: 'affine', width: constant.length, terms: [], diagonals: [{ of: row, by: constant }] };
  const [c] = constant;
  return row.is === 'scaled' ? { ...row, alpha: row.alpha * c, beta: row.beta * c } : { is: 'scaled', of: row, alpha: c, beta: 0 };
}

/** Adds two rows. Products are joined into one affine row, also if one of them is part of a sum. */
export function plus(a: Row, b: Row): Row {
  if (a.is === 'affine' && b.is === 'affine') {
    if (a.width !== b.width) throw notExpressible('products of different widths are added');
    return { ...a, terms: [...a.terms, ...b.terms], diagonals: [...a.diagonals, ...b.diagonals] };
  }
  return { is: 'sum', parts: [a, b] };
}

/** Selects columns [from, to). */
export function columns(row: Row, from: number, to: number): Row {
  if (row.is === 'affine') {
    if (to > row.width) throw notExpressible('a slice extends beyond the columns');
    const terms = row.terms.map(({ of, matrix, bias }) => ({
      of,
      matrix: { rows: matrix.rows, data: columnsOf(matrix, row.width, from, to) },
      bias: bias?.slice(from, to) ?? null,
    }));
    const diagonals = row.diagonals;
    if (diagonals.length > 0) throw notExpressible('only some columns of an elementwise product are used');
    return { is: 'affine', width: to - from, terms, diagonals };
  }
  if (row.is === 'function') return { ...row, of: columns(row.of, from, to) };
  if (row.is === 'scaled') return { ...row, of: columns(row.of, from, to) };
  throw notExpressible('only some columns of a value that is not a product are used');
}

function columnsOf({ rows, data }: Matrix, width: number, from: number, to: number): FloatArray {
  const out = data.slice(0, rows * (to - from));
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * width + from, r * width + to), r * (to - from));
  return out;
}

/** Applies an elementwise function. */
export function applied(name: string, parameters: readonly number[], of: Row): Row {
  return { is: 'function', name, parameters, of };
}

/** Clips a row. A scaled row clipped to [0, 1] is a hard sigmoid. @throws RnnError for any other */
export function clipped(row: Row, low: number, high: number): Row {
  if (row.is === 'scaled' && low === 0 && high === 1) return applied('HardSigmoid', [row.alpha, row.beta], row.of);
  throw notExpressible('Clip is not part of a hard sigmoid');
}
