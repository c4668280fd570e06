import { nextRows, tile } from './tiles';

/** out [rows, K padded to 4] = x [rows, D] · w [D, K] + bias, w packed by packMatrix; strides in bytes; `aside`: ASIDE_BYTES of room */
export function matrixProduct(x: usize, stride: usize, rows: usize, D: usize, w: usize, K: usize, out: usize, outStride: usize, aside: usize): void {
  for (let k: usize = 0; k < K; k += 8) {
    const vectors: usize = k + 4 < K ? 2 : 1;
    let xr = x;
    let to = out + k * 4;
    for (let left: usize = rows; left > 0; ) {
      const count = nextRows(left);
      tile(vectors, count, xr, stride, w, D, to, outStride, aside);
      xr += count * stride;
      to += count * outStride;
      left -= count;
    }
    w += (D + 1) * 16 * vectors;
  }
}
