import { Block, padded } from './block';
import { fetch } from './fetch';
import { gruGates, gruReset, gruUpdate, lstmGates, rnnGates } from './gates';
import { addsUp, both, nextRows, tile } from './tiles';

/*
 * One time step of a block: reads z [rows, x_t | h], writes h into zNext. The outer loop is over units, so that their panels stay in the
 * first-level cache for all rows. A panel of C columns and K rows takes (1 + K)·C·4 bytes; the biases come first. Tiles fill the scratch for
 * GROUP rows, then the gates of those rows are computed together.
 */

/** Four tiles of five rows, since the activations take four vectors at a time. */
const GROUP: usize = 20;

/** Rows of the next group: fewer than GROUP if the rest could otherwise not be divided into fives and threes. */
@inline
function nextGroup(left: usize): usize {
  if (left <= GROUP) return left;
  return addsUp(left - GROUP) ? GROUP : 16;
}

/** weights: for every 4 units the panels [i f] and [g o] */
export function lstmStep(b: Block): void {
  const K = (b.D + b.M);
  const panel = (K + 1) * 32;
  const stride = b.stride;
  let w = b.weights;
  for (let u: usize = 0, end = padded(b.M) * 4; u < end; u += 16) {
    fetch(b, w, 2 * panel);
    let z = b.z;
    let h = b.zNext + b.D * 4 + u;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const group = nextGroup(left);
      let s = b.scratch;
      for (let rest: usize = group; rest > 0; ) {
        const rows = nextRows(rest);
        both(2, rows, z, stride, w, b.D, b.M, s, 64, b.aside);
        both(2, rows, z, stride, w + panel, b.D, b.M, s + 32, 64, b.aside);
        z += rows * stride;
        s += rows * 64;
        rest -= rows;
      }
      lstmGates(b.scratch, c, b.cStride, h, stride, group);
      h += group * stride;
      c += group * b.cStride;
      left -= group;
    }
    w += 2 * panel;
  }
}

/** Reset after the product. weights: for every 8 units (4 where 4 are left) the panels of gruPanels in pack.ts */
export function gruStep(b: Block): void {
  const D = b.D;
  const M = b.M;
  const zr = (D + M + 1) * 32;
  const stride = b.stride;
  let w = b.weights;
  for (let u: usize = 0, end = padded(M) * 4; u < end; u += 32) {
    const vectors: usize = end - u > 16 ? 2 : 1;
    const gx = w + zr * vectors;
    const gh = gx + (D + 1) * 16 * vectors;
    const after = gh + (M + 1) * 16 * vectors;
    fetch(b, w, after - w);
    let z = b.z;
    let next = b.zNext + D * 4 + u;
    for (let left: usize = b.rows; left > 0; ) {
      const group = nextGroup(left);
      const h = z + D * 4 + u;
      let s = b.scratch; // a row: [z r] of 4 units, [z r] of 4 units, gx of 8, gh of 8
      for (let rest: usize = group; rest > 0; ) {
        const rows = nextRows(rest);
        both(2, rows, z, stride, w, D, M, s, 128, b.aside);
        if (vectors == 2) {
          both(2, rows, z, stride, w + zr, D, M, s + 32, 128, b.aside);
          tile(2, rows, z, stride, gx, D, s + 64, 128, b.aside);
          tile(2, rows, z + D * 4, stride, gh, M, s + 96, 128, b.aside);
        } else {
          tile(1, rows, z, stride, gx, D, s + 64, 128, b.aside);
          tile(1, rows, z + D * 4, stride, gh, M, s + 96, 128, b.aside);
        }
        z += rows * stride;
        s += rows * 128;
        rest -= rows;
      }
      s = b.scratch;
      gruGates(s, 128, s + 64, 128, s + 96, 128, h, next, stride, group);
      if (vectors == 2) gruGates(s + 32, 128, s + 80, 128, s + 112, 128, h + 16, next + 16, stride, group);
      next += group * stride;
      left -= group;
    }
    w = after;
  }
}

/** Reset before the product. weights: for every 4 units the panel [z r]; then for every 4 units the panel [g]; all over x and h (or r·h) */
export function gruBeforeStep(b: Block): void {
  const D = b.D;
  const K = D + b.M;
  const stride = b.stride;
  const end = padded(b.M) * 4;
  const reset = b.scratch + GROUP * 128; // rows [x_t, r·h]
  let w = b.weights;
  for (let k: usize = 0; k < b.rows; k++) memory.copy(reset + k * stride, b.z + k * stride, D * 4);
  for (let u: usize = 0; u < end; u += 16) {
    fetch(b, w, (K + 1) * 32);
    let offset: usize = 0;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const group = nextGroup(left);
      const units = offset + D * 4 + u;
      let s = b.scratch;
      for (let rest: usize = group; rest > 0; ) {
        const rows = nextRows(rest);
        both(2, rows, b.z + offset, stride, w, D, b.M, s, 32, b.aside);
        offset += rows * stride;
        s += rows * 32;
        rest -= rows;
      }
      gruReset(b.scratch, b.z + units, stride, c, b.cStride, reset + units, group);
      c += group * b.cStride;
      left -= group;
    }
    w += (K + 1) * 32;
  }
  for (let u: usize = 0; u < end; u += 16) {
    fetch(b, w, (K + 1) * 16);
    let offset: usize = 0;
    let c = b.c + u;
    for (let left: usize = b.rows; left > 0; ) {
      const group = nextGroup(left);
      const units = offset + D * 4 + u;
      let s = b.scratch;
      for (let rest: usize = group; rest > 0; ) {
        const rows = nextRows(rest);
        both(1, rows, reset + offset, stride, w, D, b.M, s, 16, b.aside);
        offset += rows * stride;
        s += rows * 16;
        rest -= rows;
      }
      gruUpdate(b.scratch, c, b.cStride, b.z + units, b.zNext + units, stride, group);
      c += group * b.cStride;
      left -= group;
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
    fetch(b, w, (K + 1) * 16 * vectors);
    for (let left: usize = b.rows; left > 0; ) {
      const group = nextGroup(left);
      let s = b.scratch;
      for (let rest: usize = group; rest > 0; ) {
        const rows = nextRows(rest);
        if (vectors == 2) both(2, rows, z, stride, w, b.D, b.M, s, 32, b.aside);
        else both(1, rows, z, stride, w, b.D, b.M, s, 16, b.aside);
        z += rows * stride;
        s += rows * 16 * vectors;
        rest -= rows;
      }
      rnnGates(b.scratch, h, stride, vectors, group);
      h += group * stride;
      left -= group;
    }
    w += (K + 1) * 16 * vectors;
  }
}
