import { Block, padded } from './block';
import { gruGates, gruReset, gruUpdate, lstmGates, rnnGates } from './gates';
import { nextRows, tile4, tile8 } from './tiles';

/*
 * One time step of a block: z [rows, x_t | h] in, h into zNext. Units outermost, so that their panels stay in the first cache while the rows pass.
 * A panel of C columns and K rows takes (1 + K)·C·4 bytes: the biases come first.
 */

/** weights: for every 4 units the panels [i f] and [g o] */
export function lstmStep(b: Block): void {
  const K = (b.D + b.M);
  const panel = (K + 1) * 32;
  const stride = b.stride;
  let w = b.weights;
  for (let u: usize = 0, end = padded(b.M) * 4; u < end; u += 16) {
    let z = b.z;
    let h = b.zNext + b.D * 4 + u;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const rows = nextRows(left);
      tile8(rows, z, stride, w, K, b.scratch, 64);
      tile8(rows, z, stride, w + panel, K, b.scratch + 32, 64);
      lstmGates(b.scratch, c, b.cStride, h, stride, rows);
      z += rows * stride;
      h += rows * stride;
      c += rows * b.cStride;
      left -= rows;
    }
    w += 2 * panel;
  }
}

/** Reset after the product. weights: for every 4 units the panels [z r] over x and h, [g] over x, [g] over h */
export function gruStep(b: Block): void {
  const D = b.D;
  const M = b.M;
  const gx = (D + M + 1) * 32;
  const gh = gx + (D + 1) * 16;
  const stride = b.stride;
  let w = b.weights;
  for (let u: usize = 0, end = padded(b.M) * 4; u < end; u += 16) {
    let z = b.z;
    let next = b.zNext + D * 4 + u;
    for (let left: usize = b.rows; left > 0; ) {
      const rows = nextRows(left);
      const s = b.scratch;
      tile8(rows, z, stride, w, D + M, s, 64);
      tile4(rows, z, stride, w + gx, D, s + 32, 64);
      tile4(rows, z + D * 4, stride, w + gh, M, s + 48, 64);
      gruGates(s, 64, s + 32, 64, s + 48, 64, z + D * 4 + u, next, stride, rows);
      z += rows * stride;
      next += rows * stride;
      left -= rows;
    }
    w += gh + (M + 1) * 16;
  }
}

/** Reset before the product. weights: for every 4 units the panel [z r]; then for every 4 units the panel [g]; all over x and h (or r·h) */
export function gruBeforeStep(b: Block): void {
  const D = b.D;
  const K = D + b.M;
  const stride = b.stride;
  const end = padded(b.M) * 4;
  const reset = b.scratch + 320; // rows [x_t, r·h]
  let w = b.weights;
  for (let k: usize = 0; k < b.rows; k++) memory.copy(reset + k * stride, b.z + k * stride, D * 4);
  for (let u: usize = 0; u < end; u += 16) {
    let offset: usize = 0;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const rows = nextRows(left);
      tile8(rows, b.z + offset, stride, w, K, b.scratch, 32);
      gruReset(b.scratch, b.z + offset + D * 4 + u, stride, c, b.cStride, reset + offset + D * 4 + u, rows);
      offset += rows * stride;
      c += rows * b.cStride;
      left -= rows;
    }
    w += (K + 1) * 32;
  }
  for (let u: usize = 0; u < end; u += 16) {
    let offset: usize = 0;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const rows = nextRows(left);
      tile4(rows, reset + offset, stride, w, K, b.scratch, 16);
      gruUpdate(b.scratch, c, b.cStride, b.z + offset + D * 4 + u, b.zNext + offset + D * 4 + u, stride, rows);
      offset += rows * stride;
      c += rows * b.cStride;
      left -= rows;
    }
    w += (K + 1) * 16;
  }
}

/** weights: for every 8 units a panel, and one of 4 columns where 4 are left */
export function rnnStep(b: Block): void {
  const K = (b.D + b.M);
  const stride = b.stride;
  let w = b.weights;
  for (let u: usize = 0, end = padded(b.M) * 4; u < end; u += 32) {
    let z = b.z;
    let h = b.zNext + b.D * 4 + u;
    const vectors: usize = end - u > 16 ? 2 : 1;
    for (let left: usize = b.rows; left > 0; ) {
      const rows = nextRows(left);
      if (vectors == 2) tile8(rows, z, stride, w, K, b.scratch, 32);
      else tile4(rows, z, stride, w, K, b.scratch, 32);
      rnnGates(b.scratch, 32, h, stride, vectors, rows);
      z += rows * stride;
      h += rows * stride;
      left -= rows;
    }
    w += (K + 1) * 16 * vectors;
  }
}
