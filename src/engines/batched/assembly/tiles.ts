import { multiplyAdd } from './arithmetic';

/**
 * The products. A panel is 8 (or 4) columns of a weight matrix, packed: their biases, then K rows. tileRxC sets
 *   out [R, C] = bias + z [R, K] · panel [K, C]
 * with z and out row-major, their rows `stride` and `outStride` bytes apart. Every element is its own lane of an accumulator, summed over k in
 * order: cutting rows and columns differently changes no bit.
 *
 * 5 × 8 is what V8's register allocator carries without spilling: 10 accumulators, 2 weights, 1 input, 1 product of the 15 registers it uses.
 * With 12 accumulators (3 × 16, 6 × 8) the loop runs at half the speed. The order, a row's input and its products at once, matters as well.
 */

export function tile5x8(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c01 = v128.load(w, 16);
  let c10 = v128.load(w, 0);
  let c11 = v128.load(w, 16);
  let c20 = v128.load(w, 0);
  let c21 = v128.load(w, 16);
  let c30 = v128.load(w, 0);
  let c31 = v128.load(w, 16);
  let c40 = v128.load(w, 0);
  let c41 = v128.load(w, 16);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  let z3 = z + 3 * stride;
  let z4 = z + 4 * stride;
  w += 32;
  const end = w + K * 32;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    c01 = multiplyAdd(c01, x0, w1);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    c11 = multiplyAdd(c11, x1, w1);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    c21 = multiplyAdd(c21, x2, w1);
    const x3 = v128.load32_splat(z3);
    c30 = multiplyAdd(c30, x3, w0);
    c31 = multiplyAdd(c31, x3, w1);
    const x4 = v128.load32_splat(z4);
    c40 = multiplyAdd(c40, x4, w0);
    c41 = multiplyAdd(c41, x4, w1);
    w += 32;
    z += 4;
    z1 += 4;
    z2 += 4;
    z3 += 4;
    z4 += 4;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += outStride;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += outStride;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += outStride;
  v128.store(out, c30);
  v128.store(out, c31, 16);
  out += outStride;
  v128.store(out, c40);
  v128.store(out, c41, 16);
}

export function tile4x8(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c01 = v128.load(w, 16);
  let c10 = v128.load(w, 0);
  let c11 = v128.load(w, 16);
  let c20 = v128.load(w, 0);
  let c21 = v128.load(w, 16);
  let c30 = v128.load(w, 0);
  let c31 = v128.load(w, 16);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  let z3 = z + 3 * stride;
  w += 32;
  const end = w + K * 32;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    c01 = multiplyAdd(c01, x0, w1);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    c11 = multiplyAdd(c11, x1, w1);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    c21 = multiplyAdd(c21, x2, w1);
    const x3 = v128.load32_splat(z3);
    c30 = multiplyAdd(c30, x3, w0);
    c31 = multiplyAdd(c31, x3, w1);
    w += 32;
    z += 4;
    z1 += 4;
    z2 += 4;
    z3 += 4;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += outStride;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += outStride;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += outStride;
  v128.store(out, c30);
  v128.store(out, c31, 16);
}

export function tile3x8(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c01 = v128.load(w, 16);
  let c10 = v128.load(w, 0);
  let c11 = v128.load(w, 16);
  let c20 = v128.load(w, 0);
  let c21 = v128.load(w, 16);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  w += 32;
  const end = w + K * 32;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    c01 = multiplyAdd(c01, x0, w1);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    c11 = multiplyAdd(c11, x1, w1);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    c21 = multiplyAdd(c21, x2, w1);
    w += 32;
    z += 4;
    z1 += 4;
    z2 += 4;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += outStride;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += outStride;
  v128.store(out, c20);
  v128.store(out, c21, 16);
}

export function tile2x8(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c01 = v128.load(w, 16);
  let c10 = v128.load(w, 0);
  let c11 = v128.load(w, 16);
  let z1 = z + stride;
  w += 32;
  const end = w + K * 32;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    c01 = multiplyAdd(c01, x0, w1);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    c11 = multiplyAdd(c11, x1, w1);
    w += 32;
    z += 4;
    z1 += 4;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += outStride;
  v128.store(out, c10);
  v128.store(out, c11, 16);
}

export function tile1x8(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c01 = v128.load(w, 16);
  w += 32;
  const end = w + K * 32;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    c01 = multiplyAdd(c01, x0, w1);
    w += 32;
    z += 4;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
}

export function tile5x4(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c10 = v128.load(w, 0);
  let c20 = v128.load(w, 0);
  let c30 = v128.load(w, 0);
  let c40 = v128.load(w, 0);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  let z3 = z + 3 * stride;
  let z4 = z + 4 * stride;
  w += 16;
  const end = w + K * 16;
  while (w < end) {
    const w0 = v128.load(w);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    const x3 = v128.load32_splat(z3);
    c30 = multiplyAdd(c30, x3, w0);
    const x4 = v128.load32_splat(z4);
    c40 = multiplyAdd(c40, x4, w0);
    w += 16;
    z += 4;
    z1 += 4;
    z2 += 4;
    z3 += 4;
    z4 += 4;
  }
  v128.store(out, c00);
  out += outStride;
  v128.store(out, c10);
  out += outStride;
  v128.store(out, c20);
  out += outStride;
  v128.store(out, c30);
  out += outStride;
  v128.store(out, c40);
}

export function tile4x4(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c10 = v128.load(w, 0);
  let c20 = v128.load(w, 0);
  let c30 = v128.load(w, 0);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  let z3 = z + 3 * stride;
  w += 16;
  const end = w + K * 16;
  while (w < end) {
    const w0 = v128.load(w);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    const x3 = v128.load32_splat(z3);
    c30 = multiplyAdd(c30, x3, w0);
    w += 16;
    z += 4;
    z1 += 4;
    z2 += 4;
    z3 += 4;
  }
  v128.store(out, c00);
  out += outStride;
  v128.store(out, c10);
  out += outStride;
  v128.store(out, c20);
  out += outStride;
  v128.store(out, c30);
}

export function tile3x4(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c10 = v128.load(w, 0);
  let c20 = v128.load(w, 0);
  let z1 = z + stride;
  let z2 = z + 2 * stride;
  w += 16;
  const end = w + K * 16;
  while (w < end) {
    const w0 = v128.load(w);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    const x2 = v128.load32_splat(z2);
    c20 = multiplyAdd(c20, x2, w0);
    w += 16;
    z += 4;
    z1 += 4;
    z2 += 4;
  }
  v128.store(out, c00);
  out += outStride;
  v128.store(out, c10);
  out += outStride;
  v128.store(out, c20);
}

export function tile2x4(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  let c10 = v128.load(w, 0);
  let z1 = z + stride;
  w += 16;
  const end = w + K * 16;
  while (w < end) {
    const w0 = v128.load(w);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    const x1 = v128.load32_splat(z1);
    c10 = multiplyAdd(c10, x1, w0);
    w += 16;
    z += 4;
    z1 += 4;
  }
  v128.store(out, c00);
  out += outStride;
  v128.store(out, c10);
}

export function tile1x4(z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  let c00 = v128.load(w, 0);
  w += 16;
  const end = w + K * 16;
  while (w < end) {
    const w0 = v128.load(w);
    const x0 = v128.load32_splat(z);
    c00 = multiplyAdd(c00, x0, w0);
    w += 16;
    z += 4;
  }
  v128.store(out, c00);
}

/** How many of the remaining rows the next tile takes: fives and fours wherever they add up, because smaller tiles leave the processor waiting. */
@inline
export function nextRows(remaining: usize): usize {
  const rest = remaining % 5;
  if (rest == 0) return 5;
  if (remaining >= 4 * (5 - rest)) return 4;
  return remaining <= 3 ? remaining : remaining == 6 ? 3 : 4;
}

/** out [rows, 8] for 1 to 5 rows */
export function tile8(rows: usize, z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  if (rows == 5) tile5x8(z, stride, w, K, out, outStride);
  else if (rows == 4) tile4x8(z, stride, w, K, out, outStride);
  else if (rows == 3) tile3x8(z, stride, w, K, out, outStride);
  else if (rows == 2) tile2x8(z, stride, w, K, out, outStride);
  else tile1x8(z, stride, w, K, out, outStride);
}

/** out [rows, 4] for 1 to 5 rows */
export function tile4(rows: usize, z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  if (rows == 5) tile5x4(z, stride, w, K, out, outStride);
  else if (rows == 4) tile4x4(z, stride, w, K, out, outStride);
  else if (rows == 3) tile3x4(z, stride, w, K, out, outStride);
  else if (rows == 2) tile2x4(z, stride, w, K, out, outStride);
  else tile1x4(z, stride, w, K, out, outStride);
}
