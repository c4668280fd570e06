/**
 * Rows times a matrix that is not packed: for the diagnosis, whose weights change with every mistake it tries.
 *   out [rows, K] += v [rows, P] · w [P, K]
 * Rows of w are `stride` bytes apart. `v` and `w` point at the first terms of the sum, `order` is +1 or −1. Four rows of w are added up before
 * they are added to `out`, as in the plain loop (diagnosis/products.ts), with the same bits. They stay in the first-level cache for all rows of v.
 */
export function addRows64(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize, rows: usize): void {
  addRows<f64>(out, K, v, P, w, stride, order, rows);
}

/** The same with float32 weights, which are half as many bytes to read. */
export function addRowsOfSingles64(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize, rows: usize): void {
  addRows<f32>(out, K, v, P, w, stride, order, rows);
}

@inline
function addRows<W>(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize, rows: usize): void {
  const step: isize = 8 * order;
  const next = stride * order;
  let j: usize = 0;
  // for a single row, eight at a time: its sums are then read and written half as often
  for (; rows == 1 && j + 8 <= P; j += 8) {
    eight<W>(out, K, v, w, next, step);
    v += 8 * step;
    w += 8 * next;
  }
  for (; j + 4 <= P; j += 4) {
    let r: usize = 0;
    for (; r + 2 <= rows; r += 2) fourOfTwo<W>(out + 8 * r * K, K, v + 8 * r * P, 8 * P, w, next, step);
    if (r < rows) fourOf<W>(out + 8 * r * K, K, v + 8 * r * P, w, next, step);
    v += 4 * step;
    w += 4 * next;
  }
  for (; j < P; j++) {
    for (let r: usize = 0; r < rows; r++) {
      const a = load<f64>(v + 8 * r * P);
      const o = out + 8 * r * K;
      for (let k: usize = 0; k < K; k++) store<f64>(o + 8 * k, load<f64>(o + 8 * k) + a * one<W>(w + sizeof<W>() * k));
    }
    v += step;
    w += next;
  }
}

/** out [K] += v[0, 8) · w [8, K], four columns in a turn: addresses are computed half as often */
function eight<W>(out: usize, K: usize, v: usize, w: usize, next: isize, step: isize): void {
  const a = f64x2.splat(load<f64>(v));
  const b = f64x2.splat(load<f64>(v + step));
  const c = f64x2.splat(load<f64>(v + 2 * step));
  const d = f64x2.splat(load<f64>(v + 3 * step));
  const e = f64x2.splat(load<f64>(v + 4 * step));
  const f = f64x2.splat(load<f64>(v + 5 * step));
  const g = f64x2.splat(load<f64>(v + 6 * step));
  const h = f64x2.splat(load<f64>(v + 7 * step));
  let r = w;
  let o = out;
  const next4 = 4 * next;
  for (const end = out + (K & ~(<usize>3)) * 8; o < end; o += 32) {
    const r1 = r + next;
    const r2 = r1 + next;
    const r3 = r2 + next;
    const s = r + next4;
    const s1 = s + next;
    const s2 = s1 + next;
    const s3 = s2 + next;
    const first = four(a, b, c, d, two<W>(r), two<W>(r1), two<W>(r2), two<W>(r3));
    const second = four(e, f, g, h, two<W>(s), two<W>(s1), two<W>(s2), two<W>(s3));
    v128.store(o, f64x2.add(f64x2.add(v128.load(o), first), second));
    const third = four(a, b, c, d, nextTwo<W>(r), nextTwo<W>(r1), nextTwo<W>(r2), nextTwo<W>(r3));
    const fourth = four(e, f, g, h, nextTwo<W>(s), nextTwo<W>(s1), nextTwo<W>(s2), nextTwo<W>(s3));
    v128.store(o, f64x2.add(f64x2.add(v128.load(o, 16), third), fourth), 16);
    r += 4 * sizeof<W>();
  }
  for (let k = K & 3; k > 0; k--) {
    addColumn64<W>(o, v, r, next, step);
    addColumn64<W>(o, v + 4 * step, r + next4, next, step);
    r += sizeof<W>();
    o += 8;
  }
}

/** out [K] += v[0, 4) · w [4, K] */
function fourOf<W>(out: usize, K: usize, v: usize, w: usize, next: isize, step: isize): void {
  const a = f64x2.splat(load<f64>(v));
  const b = f64x2.splat(load<f64>(v + step));
  const c = f64x2.splat(load<f64>(v + 2 * step));
  const d = f64x2.splat(load<f64>(v + 3 * step));
  let r = w;
  let o = out;
  for (const end = out + (K & ~(<usize>1)) * 8; o < end; o += 16) {
    const sum = four(a, b, c, d, two<W>(r), two<W>(r + next), two<W>(r + 2 * next), two<W>(r + 3 * next));
    v128.store(o, f64x2.add(v128.load(o), sum));
    r += 2 * sizeof<W>();
  }
  if (K & 1) addColumn64<W>(o, v, r, next, step);
}

/** The same for two rows of v, `apart` bytes from each other, and of out. */
function fourOfTwo<W>(out: usize, K: usize, v: usize, apart: usize, w: usize, next: isize, step: isize): void {
  const a = f64x2.splat(load<f64>(v));
  const b = f64x2.splat(load<f64>(v + step));
  const c = f64x2.splat(load<f64>(v + 2 * step));
  const d = f64x2.splat(load<f64>(v + 3 * step));
  const v2 = v + apart;
  const e = f64x2.splat(load<f64>(v2));
  const f = f64x2.splat(load<f64>(v2 + step));
  const g = f64x2.splat(load<f64>(v2 + 2 * step));
  const h = f64x2.splat(load<f64>(v2 + 3 * step));
  let r0 = w;
  let r1 = w + next;
  let r2 = r1 + next;
  let r3 = r2 + next;
  let o = out;
  let o2 = out + 8 * K;
  for (const end = out + (K & ~(<usize>3)) * 8; o < end; o += 32) {
    const w0 = two<W>(r0);
    const w1 = two<W>(r1);
    const w2 = two<W>(r2);
    const w3 = two<W>(r3);
    const first = f64x2.add(v128.load(o), four(a, b, c, d, w0, w1, w2, w3));
    const second = f64x2.add(v128.load(o2), four(e, f, g, h, w0, w1, w2, w3));
    v128.store(o, first);
    v128.store(o2, second);
    const x0 = nextTwo<W>(r0);
    const x1 = nextTwo<W>(r1);
    const x2 = nextTwo<W>(r2);
    const x3 = nextTwo<W>(r3);
    const third = f64x2.add(v128.load(o, 16), four(a, b, c, d, x0, x1, x2, x3));
    const fourth = f64x2.add(v128.load(o2, 16), four(e, f, g, h, x0, x1, x2, x3));
    v128.store(o, third, 16);
    v128.store(o2, fourth, 16);
    r0 += 4 * sizeof<W>();
    r1 += 4 * sizeof<W>();
    r2 += 4 * sizeof<W>();
    r3 += 4 * sizeof<W>();
    o2 += 32;
  }
  for (let k = K & 3; k > 0; k--) {
    addColumn64<W>(o, v, r0, next, step);
    addColumn64<W>(o2, v2, r0, next, step);
    r0 += sizeof<W>();
    o += 8;
    o2 += 8;
  }
}

/** The same with float32 rows: sums of four products are float64, and rounded to float32 when they are added to `out`. */
export function addRows32(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize, rows: usize): void {
  const step: isize = 4 * order;
  const next = stride * order;
  let j: usize = 0;
  for (; j + 4 <= P; j += 4) {
    for (let r: usize = 0; r < rows; r++) fourOf32(out + 4 * r * K, K, v + 4 * r * P, w, next, step);
    v += 4 * step;
    w += 4 * next;
  }
  for (; j < P; j++) {
    for (let r: usize = 0; r < rows; r++) {
      const a = <f64>load<f32>(v + 4 * r * P);
      const o = out + 4 * r * K;
      for (let k: usize = 0; k < K; k++) store<f32>(o + 4 * k, <f32>(<f64>load<f32>(o + 4 * k) + a * <f64>load<f32>(w + 4 * k)));
    }
    v += step;
    w += next;
  }
}

function fourOf32(out: usize, K: usize, v: usize, w: usize, next: isize, step: isize): void {
  const a = f64x2.splat(<f64>load<f32>(v));
  const b = f64x2.splat(<f64>load<f32>(v + step));
  const c = f64x2.splat(<f64>load<f32>(v + 2 * step));
  const d = f64x2.splat(<f64>load<f32>(v + 3 * step));
  let r = w;
  let o = out;
  for (const end = out + (K & ~(<usize>1)) * 4; o < end; o += 8) {
    const sum = four(a, b, c, d, two<f32>(r), two<f32>(r + next), two<f32>(r + 2 * next), two<f32>(r + 3 * next));
    v128.store64_lane(o, f32x4.demote_f64x2_zero(f64x2.add(two<f32>(o), sum)), 0);
    r += 8;
  }
  if (K & 1) {
    let sum = <f64>load<f32>(v) * <f64>load<f32>(r);
    sum += <f64>load<f32>(v + step) * <f64>load<f32>(r + next);
    sum += <f64>load<f32>(v + 2 * step) * <f64>load<f32>(r + 2 * next);
    sum += <f64>load<f32>(v + 3 * step) * <f64>load<f32>(r + 3 * next);
    store<f32>(o, <f32>(<f64>load<f32>(o) + sum));
  }
}

/** a·w0 + b·w1 + c·w2 + d·w3, from left to right */
@inline
function four(a: v128, b: v128, c: v128, d: v128, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  return f64x2.add(f64x2.add(f64x2.add(f64x2.mul(a, w0), f64x2.mul(b, w1)), f64x2.mul(c, w2)), f64x2.mul(d, w3));
}

/** Loads two numbers as float64. */
@inline
function two<W>(at: usize): v128 {
  return sizeof<W>() == 8 ? v128.load(at) : f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Loads the two after those. */
@inline
function nextTwo<W>(at: usize): v128 {
  return sizeof<W>() == 8 ? v128.load(at, 16) : f64x2.promote_low_f32x4(v128.load64_zero(at, 8));
}

@inline
function one<W>(at: usize): f64 {
  return <f64>load<W>(at);
}

/** Adds four rows in the last column, if the number of columns is odd. */
function addColumn64<W>(o: usize, v: usize, r: usize, next: isize, step: isize): void {
  let sum = load<f64>(v) * one<W>(r);
  sum += load<f64>(v + step) * one<W>(r + next);
  sum += load<f64>(v + 2 * step) * one<W>(r + 2 * next);
  sum += load<f64>(v + 3 * step) * one<W>(r + 3 * next);
  store<f64>(o, load<f64>(o) + sum);
}
