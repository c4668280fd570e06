import { multiplyAdd, multiplySubtract } from './arithmetic';

/**
 * sigmoid and tanh of four lanes: the operations of numerics/float32.ts, which explains them, in the same order.
 * The constants are read from memory, because V8 rebuilds a v128.const at every use, with several instructions.
 */
const AT: usize = 256;
/** Address of 256 bytes that stay zero: the start values of a sum. The table is not here, so that a null pointer does not read it. */
export const ZEROS: usize = 0;

@inline
function constant(i: usize): v128 {
  return v128.load(AT + 16 * i);
}

/** Where free memory begins. */
export const TABLE_END: usize = AT + 16 * 18;

/** Writes the table. Must be called once per memory, before anything else. */
export function writeConstants(): void {
  put(0, -104);
  put(1, 32);
  put(2, <f32>-1.4426950408889634);
  put(3, 12582975); // 1.5·2^23 + 63
  put(4, 0.693359375);
  put(5, <f32>-2.1219444e-4);
  put(6, <f32>0.00139305065);
  put(7, <f32>0.00836917013);
  put(8, <f32>0.0416664928);
  put(9, <f32>0.166665256);
  put(10, 0.5);
  put(11, <f32>5.421010862427522e-20); // 2^-64
  put(12, 10);
  put(13, 12583039); // 1.5·2^23 + 127
  put(14, <f32>2.8853900817779268);
  put(15, -2);
  put(16, 1);
  v128.store(AT + 16 * 17, i32x4.splat(0x80000000));
}

function put(i: usize, value: f32): void {
  v128.store(AT + 16 * i, f32x4.splat(value));
}

// pmin(a, b) is b < a ? b : a, and pmax(a, b) is a < b ? b : a: if a is NaN, so is the result.

@inline
export function sigmoid(x: v128): v128 {
  const y = f32x4.pmin(f32x4.pmax(x, constant(0)), constant(1));
  const m = f32x4.add(f32x4.mul(y, constant(2)), constant(3));
  const n = f32x4.sub(m, constant(3));
  const s = multiplyAdd(multiplyAdd(y, n, constant(4)), n, constant(5)); // −r
  const square = f32x4.mul(s, s);
  const low = multiplySubtract(constant(10), s, constant(9));
  const high = multiplyAdd(multiplySubtract(constant(8), s, constant(7)), square, constant(6));
  const t = f32x4.sub(f32x4.mul(square, multiplyAdd(low, square, high)), s);
  const u = i32x4.shl(m, 23);
  const smaller = multiplyAdd(f32x4.pmin(u, constant(11)), u, t);
  return f32x4.div(constant(11), f32x4.add(f32x4.pmax(u, constant(11)), smaller));
}

@inline
export function tanh(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), constant(12));
  const m = multiplySubtract(constant(13), a, constant(14));
  const n = f32x4.sub(m, constant(13));
  const r = multiplySubtract(multiplySubtract(f32x4.mul(a, constant(15)), n, constant(4)), n, constant(5));
  const square = f32x4.mul(r, r);
  const low = multiplyAdd(constant(10), r, constant(9));
  const high = multiplyAdd(multiplyAdd(constant(8), r, constant(7)), square, constant(6));
  const t = f32x4.add(f32x4.mul(square, multiplyAdd(low, square, high)), r);
  const u = i32x4.shl(m, 23);
  const ut = f32x4.mul(u, t);
  const y = f32x4.div(f32x4.sub(f32x4.sub(constant(16), u), ut), f32x4.add(f32x4.add(constant(16), u), ut));
  return v128.or(y, v128.and(x, constant(17)));
}

/*
 * The same on four vectors at once, operation by operation: the operations of a single vector would wait for each other, and every constant is
 * loaded once for all four. 20 to 25 % faster than one vector after the other.
 */

/** sigmoid of vectors at, at + step, at + 2·step and at + 3·step, in place */
@inline
function sigmoidFour(at: usize, step: usize): void {
  const at1 = at + step;
  const at2 = at1 + step;
  const at3 = at2 + step;
  const x0 = v128.load(at);
  const x1 = v128.load(at1);
  const x2 = v128.load(at2);
  const x3 = v128.load(at3);
  const k0 = constant(0);
  const k1 = constant(1);
  const y0 = f32x4.pmin(f32x4.pmax(x0, k0), k1);
  const y1 = f32x4.pmin(f32x4.pmax(x1, k0), k1);
  const y2 = f32x4.pmin(f32x4.pmax(x2, k0), k1);
  const y3 = f32x4.pmin(f32x4.pmax(x3, k0), k1);
  const k2 = constant(2);
  const k3 = constant(3);
  const m0 = f32x4.add(f32x4.mul(y0, k2), k3);
  const m1 = f32x4.add(f32x4.mul(y1, k2), k3);
  const m2 = f32x4.add(f32x4.mul(y2, k2), k3);
  const m3 = f32x4.add(f32x4.mul(y3, k2), k3);
  const n0 = f32x4.sub(m0, k3);
  const n1 = f32x4.sub(m1, k3);
  const n2 = f32x4.sub(m2, k3);
  const n3 = f32x4.sub(m3, k3);
  const k4 = constant(4);
  const k5 = constant(5);
  const s0 = multiplyAdd(multiplyAdd(y0, n0, k4), n0, k5);
  const s1 = multiplyAdd(multiplyAdd(y1, n1, k4), n1, k5);
  const s2 = multiplyAdd(multiplyAdd(y2, n2, k4), n2, k5);
  const s3 = multiplyAdd(multiplyAdd(y3, n3, k4), n3, k5);
  const square0 = f32x4.mul(s0, s0);
  const square1 = f32x4.mul(s1, s1);
  const square2 = f32x4.mul(s2, s2);
  const square3 = f32x4.mul(s3, s3);
  const k10 = constant(10);
  const k9 = constant(9);
  const low0 = multiplySubtract(k10, s0, k9);
  const low1 = multiplySubtract(k10, s1, k9);
  const low2 = multiplySubtract(k10, s2, k9);
  const low3 = multiplySubtract(k10, s3, k9);
  const k8 = constant(8);
  const k7 = constant(7);
  const k6 = constant(6);
  const high0 = multiplyAdd(multiplySubtract(k8, s0, k7), square0, k6);
  const high1 = multiplyAdd(multiplySubtract(k8, s1, k7), square1, k6);
  const high2 = multiplyAdd(multiplySubtract(k8, s2, k7), square2, k6);
  const high3 = multiplyAdd(multiplySubtract(k8, s3, k7), square3, k6);
  const t0 = f32x4.sub(f32x4.mul(square0, multiplyAdd(low0, square0, high0)), s0);
  const t1 = f32x4.sub(f32x4.mul(square1, multiplyAdd(low1, square1, high1)), s1);
  const t2 = f32x4.sub(f32x4.mul(square2, multiplyAdd(low2, square2, high2)), s2);
  const t3 = f32x4.sub(f32x4.mul(square3, multiplyAdd(low3, square3, high3)), s3);
  const u0 = i32x4.shl(m0, 23);
  const u1 = i32x4.shl(m1, 23);
  const u2 = i32x4.shl(m2, 23);
  const u3 = i32x4.shl(m3, 23);
  const k11 = constant(11);
  const smaller0 = multiplyAdd(f32x4.pmin(u0, k11), u0, t0);
  const smaller1 = multiplyAdd(f32x4.pmin(u1, k11), u1, t1);
  const smaller2 = multiplyAdd(f32x4.pmin(u2, k11), u2, t2);
  const smaller3 = multiplyAdd(f32x4.pmin(u3, k11), u3, t3);
  v128.store(at, f32x4.div(k11, f32x4.add(f32x4.pmax(u0, k11), smaller0)));
  v128.store(at1, f32x4.div(k11, f32x4.add(f32x4.pmax(u1, k11), smaller1)));
  v128.store(at2, f32x4.div(k11, f32x4.add(f32x4.pmax(u2, k11), smaller2)));
  v128.store(at3, f32x4.div(k11, f32x4.add(f32x4.pmax(u3, k11), smaller3)));
}

/** sigmoid of n vectors, `step` bytes apart, in place */
export function sigmoidAll(at: usize, step: usize, n: usize): void {
  for (; n >= 4; n -= 4) {
    sigmoidFour(at, step);
    at += 4 * step;
  }
  for (; n > 0; n--) {
    v128.store(at, sigmoid(v128.load(at)));
    at += step;
  }
}

/** tanh of the vectors at, at + step, at + 2·step and at + 3·step, written to `to`, `toStep` bytes apart */
@inline
function tanhFour(at: usize, step: usize, to: usize, toStep: usize): void {
  const at1 = at + step;
  const at2 = at1 + step;
  const at3 = at2 + step;
  const x0 = v128.load(at);
  const x1 = v128.load(at1);
  const x2 = v128.load(at2);
  const x3 = v128.load(at3);
  const k12 = constant(12);
  const a0 = f32x4.pmin(f32x4.abs(x0), k12);
  const a1 = f32x4.pmin(f32x4.abs(x1), k12);
  const a2 = f32x4.pmin(f32x4.abs(x2), k12);
  const a3 = f32x4.pmin(f32x4.abs(x3), k12);
  const k13 = constant(13);
  const k14 = constant(14);
  const m0 = multiplySubtract(k13, a0, k14);
  const m1 = multiplySubtract(k13, a1, k14);
  const m2 = multiplySubtract(k13, a2, k14);
  const m3 = multiplySubtract(k13, a3, k14);
  const n0 = f32x4.sub(m0, k13);
  const n1 = f32x4.sub(m1, k13);
  const n2 = f32x4.sub(m2, k13);
  const n3 = f32x4.sub(m3, k13);
  const k15 = constant(15);
  const k4 = constant(4);
  const k5 = constant(5);
  const r0 = multiplySubtract(multiplySubtract(f32x4.mul(a0, k15), n0, k4), n0, k5);
  const r1 = multiplySubtract(multiplySubtract(f32x4.mul(a1, k15), n1, k4), n1, k5);
  const r2 = multiplySubtract(multiplySubtract(f32x4.mul(a2, k15), n2, k4), n2, k5);
  const r3 = multiplySubtract(multiplySubtract(f32x4.mul(a3, k15), n3, k4), n3, k5);
  const square0 = f32x4.mul(r0, r0);
  const square1 = f32x4.mul(r1, r1);
  const square2 = f32x4.mul(r2, r2);
  const square3 = f32x4.mul(r3, r3);
  const k10 = constant(10);
  const k9 = constant(9);
  const low0 = multiplyAdd(k10, r0, k9);
  const low1 = multiplyAdd(k10, r1, k9);
  const low2 = multiplyAdd(k10, r2, k9);
  const low3 = multiplyAdd(k10, r3, k9);
  const k8 = constant(8);
  const k7 = constant(7);
  const k6 = constant(6);
  const high0 = multiplyAdd(multiplyAdd(k8, r0, k7), square0, k6);
  const high1 = multiplyAdd(multiplyAdd(k8, r1, k7), square1, k6);
  const high2 = multiplyAdd(multiplyAdd(k8, r2, k7), square2, k6);
  const high3 = multiplyAdd(multiplyAdd(k8, r3, k7), square3, k6);
  const t0 = f32x4.add(f32x4.mul(square0, multiplyAdd(low0, square0, high0)), r0);
  const t1 = f32x4.add(f32x4.mul(square1, multiplyAdd(low1, square1, high1)), r1);
  const t2 = f32x4.add(f32x4.mul(square2, multiplyAdd(low2, square2, high2)), r2);
  const t3 = f32x4.add(f32x4.mul(square3, multiplyAdd(low3, square3, high3)), r3);
  const u0 = i32x4.shl(m0, 23);
  const u1 = i32x4.shl(m1, 23);
  const u2 = i32x4.shl(m2, 23);
  const u3 = i32x4.shl(m3, 23);
  const ut0 = f32x4.mul(u0, t0);
  const ut1 = f32x4.mul(u1, t1);
  const ut2 = f32x4.mul(u2, t2);
  const ut3 = f32x4.mul(u3, t3);
  const k16 = constant(16);
  const y0 = f32x4.div(f32x4.sub(f32x4.sub(k16, u0), ut0), f32x4.add(f32x4.add(k16, u0), ut0));
  const y1 = f32x4.div(f32x4.sub(f32x4.sub(k16, u1), ut1), f32x4.add(f32x4.add(k16, u1), ut1));
  const y2 = f32x4.div(f32x4.sub(f32x4.sub(k16, u2), ut2), f32x4.add(f32x4.add(k16, u2), ut2));
  const y3 = f32x4.div(f32x4.sub(f32x4.sub(k16, u3), ut3), f32x4.add(f32x4.add(k16, u3), ut3));
  const k17 = constant(17);
  v128.store(to, v128.or(y0, v128.and(x0, k17)));
  v128.store(to + toStep, v128.or(y1, v128.and(x1, k17)));
  v128.store(to + 2 * toStep, v128.or(y2, v128.and(x2, k17)));
  v128.store(to + 3 * toStep, v128.or(y3, v128.and(x3, k17)));
}

/** tanh of n vectors, `step` bytes apart, in place */
export function tanhAll(at: usize, step: usize, n: usize): void {
  tanhInto(at, step, at, step, n);
}

/** tanh of n vectors, `step` bytes apart, written to `to`, `toStep` bytes apart */
export function tanhInto(at: usize, step: usize, to: usize, toStep: usize, n: usize): void {
  for (; n >= 4; n -= 4) {
    tanhFour(at, step, to, toStep);
    at += 4 * step;
    to += 4 * toStep;
  }
  for (; n > 0; n--) {
    v128.store(to, tanh(v128.load(at)));
    at += step;
    to += toStep;
  }
}
