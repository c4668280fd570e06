import type { Rows } from '../../layers/layer.js';
import type { FloatArray } from '../../tensor/tensor.js';

/**
 * Longest chain of a float32 sum: a longer sum is split into chains, summed separately and then added up, because the rounding error of a chain
 * grows with its length. The same number is in assembly/cell.ts.
 */
export const CHAIN = 256;

/**
 * The plain product of the batched engine: out [R, K] += x [R, D] · w [D, K].
 * Each element is summed over d in order (float32: in chains of CHAIN). In float32 every product and every sum is rounded to float32, so any
 * other implementation that keeps this order (SIMD over k, blocks of rows, threads) has the same bits.
 */
export function accumulate(out: Rows, x: Rows, w: FloatArray, R: number, D: number, K: number): void {
  const columns = { w, W: K, column: 0, K };
  const addRow = w instanceof Float32Array ? addRow32 : addRow64;
  for (let r = 0; r < R; r++) addRow(out.data, out.start + r * out.stride, x.data, x.start + r * x.stride, D, columns);
}

/** Columns [column, column + K) of a matrix of W columns. */
export interface Columns {
  readonly w: FloatArray;
  readonly W: number;
  readonly column: number;
  readonly K: number;
}

const { fround } = Math;

/** out [K] += x [D] · w in float32, in chains of CHAIN terms. @param fresh whether the first chain, too, starts at zero and not at `out` */
export function addRow32(out: FloatArray, o: number, x: FloatArray, xr: number, D: number, columns: Columns, fresh = false): void {
  for (let from = 0; from < D; from += CHAIN) {
    const end = Math.min(D, from + CHAIN);
    if (from > 0 || fresh) {
      const sum = new Float32Array(columns.K);
      addChain(sum, 0, x, xr, from, end, columns);
      for (let k = 0; k < sum.length; k++) out[o + k] = fround(out[o + k] + sum[k]);
    } else addChain(out, o, x, xr, from, end, columns);
  }
}

/** Adds terms [from, end), one after the other. */
function addChain(out: FloatArray, o: number, x: FloatArray, xr: number, from: number, end: number, { w, W, column, K }: Columns): void {
  for (let d = from; d < end; d++) {
    const v = x[xr + d];
    const wd = d * W + column;
    for (let k = 0; k < K; k++) out[o + k] = fround(out[o + k] + fround(v * w[wd + k]));
  }
}

/** out [K] += x [D] · w in float64. Takes four rows of w per pass, so that `out` is loaded and stored once for four products; the order is the same. */
function addRow64(out: FloatArray, o: number, x: FloatArray, xr: number, D: number, { w, K }: Columns): void {
  let d = 0;
  for (; d + 3 < D; d += 4) {
    const [a, b, c, e] = [x[xr + d], x[xr + d + 1], x[xr + d + 2], x[xr + d + 3]];
    const ra = d * K;
    const rb = ra + K;
    const rc = rb + K;
    const re = rc + K;
    for (let k = 0; k < K; k++) out[o + k] = out[o + k] + a * w[ra + k] + b * w[rb + k] + c * w[rc + k] + e * w[re + k];
  }
  for (; d < D; d++) {
    const v = x[xr + d];
    const wd = d * K;
    for (let k = 0; k < K; k++) out[o + k] += v * w[wd + k];
  }
}
