import { largestMagnitude } from '../tensor/difference.js';
import type { FloatArray } from '../tensor/tensor.js';

/**
 * The affine map that brings the rows of A closest to the rows of B, by modified Gram–Schmidt with column pivoting. Columns of A that carry
 * no information (relative to 1e-11) are left out.
 */

/**
 * @param A [R, D] row-major, B [R, K] row-major
 * @returns the best A·W + b [R, K], the number of values chosen per column of B (the rank), and the most that the last direction of A adds;
 * undefined if there are too few rows
 */
export function affineFit(
  A: Float64Array,
  B: ArrayLike<number>,
  R: number,
  D: number,
  K: number,
  bias: boolean,
): { fitted: Float64Array; rank: number; last: number } | undefined {
  const C = D + (bias ? 1 : 0);
  if (R <= C) return undefined;
  const a = new Float64Array(R * C);
  for (let r = 0; r < R; r++) {
    for (let d = 0; d < D; d++) a[r * C + d] = A[r * D + d];
    if (bias) a[r * C + D] = 1;
  }
  // modified Gram–Schmidt with reorthogonalisation and pivoting: an orthonormal basis of A's columns
  const basis: Float64Array[] = [];
  const columns = Array.from({ length: C }, (_, c) => Float64Array.from({ length: R }, (_, r) => a[r * C + c]));
  const sizes = columns.map(norm);
  const largest = Math.max(...sizes, Number.MIN_VALUE);
  const left = new Set(columns.keys());
  while (left.size > 0) {
    let best = -1;
    let most = -1;
    for (const c of left) {
      const size = norm(columns[c]);
      if (size > most) [best, most] = [c, size];
    }
    left.delete(best);
    if (!(most > 1e-11 * largest)) break;
    const q = columns[best].map(v => v / most);
    removeFrom(q, basis);
    const again = norm(q);
    if (again < 1e-8) continue;
    for (let r = 0; r < R; r++) q[r] /= again;
    basis.push(q);
    for (const c of left) removeFrom(columns[c], [q]);
  }
  const fitted = new Float64Array(R * K);
  let last = 0;
  for (let k = 0; k < K; k++) {
    for (const q of basis) {
      let dot = 0;
      for (let r = 0; r < R; r++) dot += q[r] * B[r * K + k];
      for (let r = 0; r < R; r++) fitted[r * K + k] += dot * q[r];
      if (q === basis[basis.length - 1]) last = Math.max(last, Math.abs(dot) * largestMagnitude(q));
    }
  }
  return { fitted, rank: basis.length, last };
}

/** Largest ratio of weights: a value that is nearly exact counts at most this many times the noisiest. */
const MOST_WEIGHT = 1e4;

/**
 * `affineFit` for numbers of B with different noise, `each` [R, K]: numbers that float16 rounded strongly count less. Otherwise small
 * numbers would be missed by the errors of large ones.
 */
export function affineFitWithin(
  A: FloatArray,
  B: FloatArray,
  [R, D, K]: readonly [number, number, number],
  bias: boolean,
  each: FloatArray,
) {
  const most = largestMagnitude(each);
  const weights = Float64Array.from(each, v => Math.min(MOST_WEIGHT, most / Math.max(v, Number.MIN_VALUE)));
  if (weights.every(w => w < 2)) return affineFit(Float64Array.from(A), B, R, D, K, bias);
  const C = D + (bias ? 1 : 0);
  const fitted = new Float64Array(R * K);
  let [rank, last] = [0, 0];
  for (let k = 0; k < K; k++) {
    const rows = Float64Array.from(
      { length: R * C },
      (_, i) => weights[Math.floor(i / C) * K + k] * (i % C < D ? A[Math.floor(i / C) * D + (i % C)] : 1),
    );
    const column = Float64Array.from({ length: R }, (_, r) => weights[r * K + k] * B[r * K + k]);
    const own = affineFit(rows, column, R, C, 1, false);
    if (!own) return undefined;
    rank = Math.max(rank, own.rank);
    last = Math.max(last, own.last);
    for (let r = 0; r < R; r++) fitted[r * K + k] = own.fitted[r] / weights[r * K + k];
  }
  return { fitted, rank, last };
}

function norm(v: Float64Array): number {
  let sum = 0;
  for (const x of v) sum += x * x;
  return Math.sqrt(sum);
}

function removeFrom(v: Float64Array, basis: readonly Float64Array[]): void {
  for (const q of basis) {
    let dot = 0;
    for (let r = 0; r < v.length; r++) dot += q[r] * v[r];
    for (let r = 0; r < v.length; r++) v[r] -= dot * q[r];
  }
}

/** Indices of the columns of [R, K] that are not constant. */
export function columnsThatVary(data: FloatArray, K: number): number[] {
  const most = largestMagnitude(data);
  return Array.from({ length: K }, (_, k) => k).filter(k => {
    for (let r = k + K; r < data.length; r += K) if (Math.abs(data[r] - data[k]) > 1e-6 * most) return true;
    return false;
  });
}
