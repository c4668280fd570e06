import type { FloatArray } from '../../tensor/tensor.js';

/** Rows of a matrix inside a larger buffer: the first one starts at `start`, the next one `stride` further. */
export interface Rows {
  readonly data: FloatArray;
  readonly start: number;
  readonly stride: number;
}

/**
 * Terms of a float32 sum that are added one after the other; further ones are summed for themselves and added at the end, because the rounding errors
 * of a chain grow with its length. The same number stands in assembly/cell.ts.
 */
export const CHAIN = 256;

/**
 * The plain product behind the batched engine: out [R, K] += x [R, D] · w [D, K].
 * Each element is summed over d in order (float32: in chains of CHAIN), and in float32 every product and every sum is rounded to float32, so that any other
 * implementation that keeps this order (SIMD over k, blocks of rows, threads) has the same bits.
 */
export function accumulate(out: Rows, x: Rows, w: FloatArray, R: number, D: number, K: number): void {
  if (out.data instanceof Float32Array && x.data instanceof Float32Array && w instanceof Float32Array) {
    for (let r = 0; r < R; r++) addRow32(out.data, out.start + r * out.stride, x.data, x.start + r * x.stride, w, D, K);
  } else {
    for (let r = 0; r < R; r++) addRow64(out.data, out.start + r * out.stride, x.data, x.start + r * x.stride, w, D, K);
  }
}

const { fround } = Math;

function addRow32(out: Float32Array, o: number, x: Float32Array, xr: number, w: Float32Array, D: number, K: number): void {
  addChain(out, o, x, xr, w, 0, Math.min(D, CHAIN), K);
  for (let from = CHAIN; from < D; from += CHAIN) {
    const sum = new Float32Array(K);
    addChain(sum, 0, x, xr, w, from, Math.min(D, from + CHAIN), K);
    for (let k = 0; k < K; k++) out[o + k] = fround(out[o + k] + sum[k]);
  }
}

function addChain(out: Float32Array, o: number, x: Float32Array, xr: number, w: Float32Array, from: number, end: number, K: number): void {
  for (let d = from; d < end; d++) {
    const v = x[xr + d];
    const wd = d * K;
    for (let k = 0; k < K; k++) out[o + k] = fround(out[o + k] + fround(v * w[wd + k]));
  }
}

/** Four rows of w a pass: one load and store of `out` for four products, added in the same order. */
function addRow64(out: FloatArray, o: number, x: FloatArray, xr: number, w: FloatArray, D: number, K: number): void {
  let d = 0;
  // a sum that is stored as float32 is rounded at every product
  for (; out instanceof Float64Array && d + 3 < D; d += 4) {
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
