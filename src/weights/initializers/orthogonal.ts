import type { RandomStream } from '../../random/random.js';
import { sizeOf } from '../../tensor/tensor.js';
import { onKernels } from './initializer.js';

/**
 * Draws a matrix with orthonormal rows or columns, whichever are fewer: W·Wᵀ = I or Wᵀ·W = I (Saxe et al. 2014). As in Keras: the Q of a normal
 * matrix [max, min] with a positive diagonal of R, transposed if rows < columns. All gates together are one matrix; a convolution [...k, in, out]
 * is a matrix with ∏k·in rows.
 */
export function drawOrthogonal(shape: readonly number[], stream: RandomStream): Float64Array {
  return orthogonalFrom(shape, () => stream.normal());
}

export const orthogonal = onKernels('orthogonal', drawOrthogonal);

/** @param normal called for the matrix [max, min] in C order */
export function orthogonalFrom(shape: readonly number[], normal: () => number): Float64Array {
  const columns = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(0, -1));
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  // column j of the drawn matrix is row j of q; a square result is not transposed
  const q = new Float64Array(length * count);
  for (let i = 0; i < length; i++) for (let j = 0; j < count; j++) q[j * length + i] = normal();
  orthonormalise(q, count, length);
  if (rows < columns) return q;
  const w = new Float64Array(length * count);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) w[i * columns + j] = q[j * length + i];
  return w;
}

/**
 * Orthonormalises the columns of a tall matrix: the Q of QR = A with a positive diagonal of R, as in Keras' orthogonal initialiser, by block
 * Gram–Schmidt in float64. Columns are stored as contiguous rows and processed in panels: first the components along all finished columns are
 * subtracted from a panel (two block products), then its own columns are made orthonormal. A column that loses more than half of its squared
 * length has also lost digits and is processed once more ("twice is enough", Giraud et al. 2005), so that |QᵀQ − I| stays at rounding level even
 * for nearly dependent columns. Sums have a fixed order, so the bits are the same on every machine.
 */

/** Columns per panel: 16 columns of 4096 doubles are half a megabyte and stay in the second-level cache. */
const PANEL = 16;
/** Length of the summed axis processed at a time: 4 + 16 pieces of 512 doubles stay in the cache. */
const PIECE = 512;

/**
 * Makes the `count` rows of `rows` [count, length] orthonormal in place, in order: from each, its components along the earlier ones are subtracted.
 * @param rows row j is column j of A; count <= length
 */
export function orthonormalise(rows: Float64Array, count: number, length: number): void {
  const products = new Float64Array(PANEL * count);
  for (let from = 0; from < count; from += PANEL) {
    const to = Math.min(count, from + PANEL);
    if (from > 0) {
      const before = squaredLengths(rows, length, from, to);
      removeParts(rows, length, from, to, products);
      if (lostHalf(before, squaredLengths(rows, length, from, to))) removeParts(rows, length, from, to, products);
    }
    for (let j = from; j < to; j++) finishRow(rows, length, from, j);
  }
}

/** Subtracts from rows [from, to) their components along the orthonormal rows [0, from): P −= (P·Qᵀ)·Q. `from` is a multiple of PANEL. */
function removeParts(rows: Float64Array, length: number, from: number, to: number, products: Float64Array): void {
  products.fill(0);
  for (let k = 0; k < length; k += PIECE) {
    const end = Math.min(length, k + PIECE);
    for (let q = 0; q < from; q += 4)
      for (let p = from; p < to; p++) addProducts(rows, length, p, q, k, end, products, (p - from) * from + q);
  }
  for (let k = 0; k < length; k += PIECE) {
    const end = Math.min(length, k + PIECE);
    for (let q = 0; q < from; q += 4)
      for (let p = from; p < to; p++) subtractRows(rows, length, p, q, k, end, products, (p - from) * from + q);
  }
}

/** products[at + i] += row p · row (q + i) over [k, end), i = 0 … 3 */
function addProducts(
  rows: Float64Array,
  length: number,
  p: number,
  q: number,
  k: number,
  end: number,
  products: Float64Array,
  at: number,
): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const o0 = q * length;
  const o1 = o0 + length;
  const o2 = o1 + length;
  const o3 = o2 + length;
  const op = p * length;
  for (let i = k; i < end; i++) {
    const value = rows[op + i];
    s0 += value * rows[o0 + i];
    s1 += value * rows[o1 + i];
    s2 += value * rows[o2 + i];
    s3 += value * rows[o3 + i];
  }
  products[at] += s0;
  products[at + 1] += s1;
  products[at + 2] += s2;
  products[at + 3] += s3;
}

/** row p −= Σ products[at + i] · row (q + i) over [k, end), i = 0 … 3 */
function subtractRows(
  rows: Float64Array,
  length: number,
  p: number,
  q: number,
  k: number,
  end: number,
  products: Float64Array,
  at: number,
): void {
  const c0 = products[at];
  const c1 = products[at + 1];
  const c2 = products[at + 2];
  const c3 = products[at + 3];
  const o0 = q * length;
  const o1 = o0 + length;
  const o2 = o1 + length;
  const o3 = o2 + length;
  const op = p * length;
  for (let i = k; i < end; i++) rows[op + i] -= c0 * rows[o0 + i] + c1 * rows[o1 + i] + c2 * rows[o2 + i] + c3 * rows[o3 + i];
}

/**
 * Subtracts from row j its components along rows [from, j) and normalises it. If much was subtracted, the components along all earlier rows are
 * subtracted once more. A row that vanishes stays zero, as Keras multiplies it by sign(0).
 */
function finishRow(rows: Float64Array, length: number, from: number, j: number): void {
  let before = dot(rows, length, j, j);
  for (let pass = 0; pass < 3; pass++) {
    for (let i = pass === 0 ? from : 0; i < j; i++) {
      const part = dot(rows, length, i, j);
      for (let k = 0; k < length; k++) rows[j * length + k] -= part * rows[i * length + k];
    }
    const after = dot(rows, length, j, j);
    if (after >= before / 2) break;
    before = after;
  }
  const size = Math.sqrt(dot(rows, length, j, j));
  if (size > 0) for (let k = 0; k < length; k++) rows[j * length + k] /= size;
}

function dot(rows: Float64Array, length: number, i: number, j: number): number {
  let [even, odd] = [0, 0];
  const oi = i * length;
  const oj = j * length;
  for (let k = 0; k + 1 < length; k += 2) {
    even += rows[oi + k] * rows[oj + k];
    odd += rows[oi + k + 1] * rows[oj + k + 1];
  }
  if (length % 2 === 1) even += rows[oi + length - 1] * rows[oj + length - 1];
  return even + odd;
}

function squaredLengths(rows: Float64Array, length: number, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => dot(rows, length, from + i, from + i));
}

function lostHalf(before: readonly number[], after: readonly number[]): boolean {
  return after.some((value, i) => value < before[i] / 2);
}
