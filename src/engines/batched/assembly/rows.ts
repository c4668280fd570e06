/**
 * One row times a matrix, kept as it is in memory: what the diagnosis runs, whose weights change with every mistake it tries.
 *   out [K] += v [P] · w [P, K]
 * Rows of w are `stride` bytes apart; `v` and `w` point at the row taken first, `order` is +1 or −1. Four rows are added up before they are added
 * to `out`, as the plain loop does (diagnosis/products.ts): the same bits.
 */
export function addRows64(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize): void {
  const step: isize = 8 * order;
  const next = stride * order;
  const wide = K & ~(<usize>1);
  let j: usize = 0;
  for (; j + 8 <= P; j += 8) {
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
    const end = out + wide * 8;
    const w2 = next + next;
    const w3 = w2 + next;
    while (o < end) {
      const r4 = r + w2 + w2;
      const first = four(a, b, c, d, v128.load(r), v128.load(r + next), v128.load(r + w2), v128.load(r + w3));
      const second = four(e, f, g, h, v128.load(r4), v128.load(r4 + next), v128.load(r4 + w2), v128.load(r4 + w3));
      v128.store(o, f64x2.add(f64x2.add(v128.load(o), first), second));
      o += 16;
      r += 16;
    }
    if (wide < K) {
      addColumn64(o, v, r, next, step);
      addColumn64(o, v + 4 * step, r + 4 * next, next, step);
    }
    v += 8 * step;
    w += 8 * next;
  }
  if (j + 4 <= P) {
    const a = f64x2.splat(load<f64>(v));
    const b = f64x2.splat(load<f64>(v + step));
    const c = f64x2.splat(load<f64>(v + 2 * step));
    const d = f64x2.splat(load<f64>(v + 3 * step));
    let r = w;
    let o = out;
    for (const end = out + wide * 8; o < end; o += 16) {
      const sum = four(a, b, c, d, v128.load(r), v128.load(r + next), v128.load(r + 2 * next), v128.load(r + 3 * next));
      v128.store(o, f64x2.add(v128.load(o), sum));
      r += 16;
    }
    if (wide < K) addColumn64(o, v, r, next, step);
    v += 4 * step;
    w += 4 * next;
    j += 4;
  }
  for (; j < P; j++) {
    const a = load<f64>(v);
    for (let k: usize = 0; k < K; k++) store<f64>(out + 8 * k, load<f64>(out + 8 * k) + a * load<f64>(w + 8 * k));
    v += step;
    w += next;
  }
}

/** The same with float32 rows: sums of four products in float64, rounded to float32 where they are added to `out`. */
export function addRows32(out: usize, K: usize, v: usize, P: usize, w: usize, stride: isize, order: isize): void {
  const step: isize = 4 * order;
  const next = stride * order;
  const wide = K & ~(<usize>1);
  let j: usize = 0;
  for (; j + 4 <= P; j += 4) {
    const a = f64x2.splat(<f64>load<f32>(v));
    const b = f64x2.splat(<f64>load<f32>(v + step));
    const c = f64x2.splat(<f64>load<f32>(v + 2 * step));
    const d = f64x2.splat(<f64>load<f32>(v + 3 * step));
    let r = w;
    let o = out;
    for (const end = out + wide * 4; o < end; o += 8) {
      const sum = four(a, b, c, d, pair(r), pair(r + next), pair(r + 2 * next), pair(r + 3 * next));
      v128.store64_lane(o, f32x4.demote_f64x2_zero(f64x2.add(pair(o), sum)), 0);
      r += 8;
    }
    if (wide < K) {
      let sum = <f64>load<f32>(v) * <f64>load<f32>(r);
      sum += <f64>load<f32>(v + step) * <f64>load<f32>(r + next);
      sum += <f64>load<f32>(v + 2 * step) * <f64>load<f32>(r + 2 * next);
      sum += <f64>load<f32>(v + 3 * step) * <f64>load<f32>(r + 3 * next);
      store<f32>(o, <f32>(<f64>load<f32>(o) + sum));
    }
    v += 4 * step;
    w += 4 * next;
  }
  for (; j < P; j++) {
    const a = <f64>load<f32>(v);
    for (let k: usize = 0; k < K; k++)
      store<f32>(out + 4 * k, <f32>(<f64>load<f32>(out + 4 * k) + a * <f64>load<f32>(w + 4 * k)));
    v += step;
    w += next;
  }
}

/** a·w0 + b·w1 + c·w2 + d·w3, from left to right */
@inline
function four(a: v128, b: v128, c: v128, d: v128, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  return f64x2.add(f64x2.add(f64x2.add(f64x2.mul(a, w0), f64x2.mul(b, w1)), f64x2.mul(c, w2)), f64x2.mul(d, w3));
}

/** Two float32 as float64. */
@inline
function pair(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** The last column of an odd number of them, four rows. */
function addColumn64(o: usize, v: usize, r: usize, next: isize, step: isize): void {
  let sum = load<f64>(v) * load<f64>(r);
  sum += load<f64>(v + step) * load<f64>(r + next);
  sum += load<f64>(v + 2 * step) * load<f64>(r + 2 * next);
  sum += load<f64>(v + 3 * step) * load<f64>(r + 3 * next);
  store<f64>(o, load<f64>(o) + sum);
}
