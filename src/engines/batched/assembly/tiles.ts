import { ZEROS } from './activations';
import { multiplyAdd } from './arithmetic';
import { CHAIN } from './cell';

/**
 * The products. A panel is 8 (or 4) columns of a weight matrix, packed: their biases, then K rows. tileRxC makes
 *   out [R, C] = from [C] + z [R, K] · w [K, C],
 * with z and out row-major, their rows `stride` and `outStride` bytes apart. Every element has its own lane of an accumulator and is summed over
 * k in order, so the division into tiles does not change a bit.
 *
 * 5 × 8 is the largest tile that V8 keeps in its 15 registers without spilling: 10 accumulators, 2 weights, 1 input, 1 product. With 12
 * accumulators (3 × 16, 6 × 8) the loop runs at half the speed. The order (load a row's input, then compute its products) matters as well.
 */

/** The code of all tiles: `rows` and `two` (two vectors of columns, or one) are constants after inlining, so code they exclude is not compiled. */
@inline
function tileOf(rows: i32, two: bool, z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  // a statement with a $ is repeated for $ = 0…4 (scripts/assembly.mjs)
  const none = f32x4.splat(0);
  let c$0 = rows > $ ? v128.load(from) : none;
  let c$1 = two && rows > $ ? v128.load(from, 16) : none;
  let z$ = z + $ * stride;
  const width: usize = two ? 32 : 16;
  const end = w + K * width;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = two ? v128.load(w, 16) : none;
    if (rows > $) {
      const x = v128.load32_splat(z$);
      c$0 = multiplyAdd(c$0, x, w0);
      if (two) c$1 = multiplyAdd(c$1, x, w1);
      z$ += 4;
    }
    w += width;
  }
  if (rows > $) {
    v128.store(out, c$0);
    if (two) v128.store(out, c$1, 16);
    out += outStride;
  }
}

function tile5x8(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(5, true, z, stride, from, w, K, out, outStride);
}

function tile4x8(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(4, true, z, stride, from, w, K, out, outStride);
}

/**
 * The same for two or three rows of eight columns, with the loop unrolled twice: three rows are then as fast as 5 × 8, instead of 1.3 times
 * slower. Tiles with more rows spill when they are unrolled.
 */
@inline
function unrolledOf(rows: i32, z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  const end = w + K * 32;
  let fromStride: usize = 0;
  if (K & 1) {
    tileOf(rows, true, z, stride, from, w, 1, out, outStride);
    from = out;
    fromStride = outStride;
    w += 32;
    z += 4;
  }
  // a statement with a $ is repeated for $ = 0…2 (scripts/assembly.mjs)
  const none = f32x4.splat(0);
  let c$0 = rows > $ ? v128.load(from + $ * fromStride) : none;
  let c$1 = rows > $ ? v128.load(from + $ * fromStride, 16) : none;
  let z$ = z + $ * stride;
  while (w < end) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    if (rows > $) {
      const x = v128.load32_splat(z$);
      c$0 = multiplyAdd(c$0, x, w0);
      c$1 = multiplyAdd(c$1, x, w1);
    }
    const w2 = v128.load(w, 32);
    const w3 = v128.load(w, 48);
    if (rows > $) {
      const x = v128.load32_splat(z$, 4);
      c$0 = multiplyAdd(c$0, x, w2);
      c$1 = multiplyAdd(c$1, x, w3);
      z$ += 8;
    }
    w += 64;
  }
  if (rows > $) {
    v128.store(out, c$0);
    v128.store(out, c$1, 16);
    out += outStride;
  }
}

function tile3x8(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  unrolledOf(3, z, stride, from, w, K, out, outStride);
}

function tile2x8(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  unrolledOf(2, z, stride, from, w, K, out, outStride);
}

function tile1x8(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(1, true, z, stride, from, w, K, out, outStride);
}

function tile5x4(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(5, false, z, stride, from, w, K, out, outStride);
}

function tile4x4(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(4, false, z, stride, from, w, K, out, outStride);
}

function tile3x4(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(3, false, z, stride, from, w, K, out, outStride);
}

function tile2x4(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(2, false, z, stride, from, w, K, out, outStride);
}

function tile1x4(z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  tileOf(1, false, z, stride, from, w, K, out, outStride);
}
/** How many tiles of three leave a multiple of five. */
@inline
function threesIn(rows: usize): usize {
  return <usize>((2 * (rows % 5)) % 5);
}

/** Whether the rows can be divided into fives and threes: any number except 1, 2, 4 and 7. */
@inline
export function addsUp(rows: usize): bool {
  return rows >= threesIn(rows) * 3;
}

/**
 * How many of the remaining rows the next tile takes: three until a multiple of five is left. With fused multiply-add four instead of three,
 * because 4 × 8 is then as fast as 5 × 8, and 3 × 8 a fifth slower.
 */
@inline
export function nextRows(remaining: usize): usize {
  const rest = remaining % 5;
  if (rest == 0) return 5;
  if (ASC_FEATURE_RELAXED_SIMD) return remaining >= 4 * (5 - rest) ? 4 : remaining == 6 ? 3 : min(remaining, 4);
  return addsUp(remaining) ? 3 : min(remaining, 4);
}

function piece8(rows: usize, z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  if (rows == 5) tile5x8(z, stride, from, w, K, out, outStride);
  else if (rows == 4) tile4x8(z, stride, from, w, K, out, outStride);
  else if (rows == 3) tile3x8(z, stride, from, w, K, out, outStride);
  else if (rows == 2) tile2x8(z, stride, from, w, K, out, outStride);
  else tile1x8(z, stride, from, w, K, out, outStride);
}

function piece4(rows: usize, z: usize, stride: usize, from: usize, w: usize, K: usize, out: usize, outStride: usize): void {
  if (rows == 5) tile5x4(z, stride, from, w, K, out, outStride);
  else if (rows == 4) tile4x4(z, stride, from, w, K, out, outStride);
  else if (rows == 3) tile3x4(z, stride, from, w, K, out, outStride);
  else if (rows == 2) tile2x4(z, stride, from, w, K, out, outStride);
  else tile1x4(z, stride, from, w, K, out, outStride);
}

/**
 * Sums terms k to `end` in further chains and adds each to the sums in out. The sums of a chain go through `aside`, ASIDE_BYTES (block.ts)
 * provided by the caller: a tile that added them itself would run at half the speed, because V8 would spill its accumulators in the loop.
 */
function rest(vectors: usize, rows: usize, z: usize, stride: usize, w: usize, k: usize, end: usize, out: usize, outStride: usize, aside: usize): void {
  for (; k < end; k += CHAIN) {
    const count = min(CHAIN, end - k);
    if (vectors == 2) piece8(rows, z + k * 4, stride, ZEROS, w + k * 32, count, aside, 32);
    else piece4(rows, z + k * 4, stride, ZEROS, w + k * 16, count, aside, 32);
    let to = out;
    let from = aside;
    for (let r: usize = 0; r < rows; r++, to += outStride, from += 32) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      if (vectors == 2) v128.store(to, f32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    }
  }
}

/** out [rows, 4·vectors] = bias + z [rows, K] · panel, for 1 to 5 rows of 1 or 2 vectors; `aside`: ASIDE_BYTES of room */
@inline
export function tile(vectors: usize, rows: usize, z: usize, stride: usize, w: usize, K: usize, out: usize, outStride: usize, aside: usize): void {
  const from = w;
  w += vectors * 16;
  if (vectors == 2) piece8(rows, z, stride, from, w, min(K, CHAIN), out, outStride);
  else piece4(rows, z, stride, from, w, min(K, CHAIN), out, outStride);
  if (K > CHAIN) rest(vectors, rows, z, stride, w, CHAIN, K, out, outStride, aside);
}

/** The same over x_t [D] and h [M], which are adjacent: one chain if both are short, else separate chains. */
@inline
export function both(vectors: usize, rows: usize, z: usize, stride: usize, w: usize, D: usize, M: usize, out: usize, outStride: usize, aside: usize): void {
  const K = D + M;
  tile(vectors, rows, z, stride, w, K > CHAIN ? D : K, out, outStride, aside);
  if (K > CHAIN) rest(vectors, rows, z, stride, w + vectors * 16, D, K, out, outStride, aside);
}
