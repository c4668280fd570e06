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
  // a statement with a $ is repeated for $ = 0…3 (scripts/assembly.mjs)
  const at$ = at + $ * step;
  const x$ = v128.load(at$);
  const k0 = constant(0);
  const k1 = constant(1);
  const y$ = f32x4.pmin(f32x4.pmax(x$, k0), k1);
  const k2 = constant(2);
  const k3 = constant(3);
  const m$ = f32x4.add(f32x4.mul(y$, k2), k3);
  const n$ = f32x4.sub(m$, k3);
  const k4 = constant(4);
  const k5 = constant(5);
  const s$ = multiplyAdd(multiplyAdd(y$, n$, k4), n$, k5);
  const square$ = f32x4.mul(s$, s$);
  const k10 = constant(10);
  const k9 = constant(9);
  const low$ = multiplySubtract(k10, s$, k9);
  const k8 = constant(8);
  const k7 = constant(7);
  const k6 = constant(6);
  const high$ = multiplyAdd(multiplySubtract(k8, s$, k7), square$, k6);
  const t$ = f32x4.sub(f32x4.mul(square$, multiplyAdd(low$, square$, high$)), s$);
  const u$ = i32x4.shl(m$, 23);
  const k11 = constant(11);
  const smaller$ = multiplyAdd(f32x4.pmin(u$, k11), u$, t$);
  v128.store(at$, f32x4.div(k11, f32x4.add(f32x4.pmax(u$, k11), smaller$)));
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
  // a statement with a $ is repeated for $ = 0…3 (scripts/assembly.mjs)
  const x$ = v128.load(at + $ * step);
  const k12 = constant(12);
  const a$ = f32x4.pmin(f32x4.abs(x$), k12);
  const k13 = constant(13);
  const k14 = constant(14);
  const m$ = multiplySubtract(k13, a$, k14);
  const n$ = f32x4.sub(m$, k13);
  const k15 = constant(15);
  const k4 = constant(4);
  const k5 = constant(5);
  const r$ = multiplySubtract(multiplySubtract(f32x4.mul(a$, k15), n$, k4), n$, k5);
  const square$ = f32x4.mul(r$, r$);
  const k10 = constant(10);
  const k9 = constant(9);
  const low$ = multiplyAdd(k10, r$, k9);
  const k8 = constant(8);
  const k7 = constant(7);
  const k6 = constant(6);
  const high$ = multiplyAdd(multiplyAdd(k8, r$, k7), square$, k6);
  const t$ = f32x4.add(f32x4.mul(square$, multiplyAdd(low$, square$, high$)), r$);
  const u$ = i32x4.shl(m$, 23);
  const ut$ = f32x4.mul(u$, t$);
  const k16 = constant(16);
  const y$ = f32x4.div(f32x4.sub(f32x4.sub(k16, u$), ut$), f32x4.add(f32x4.add(k16, u$), ut$));
  const k17 = constant(17);
  v128.store(to + $ * toStep, v128.or(y$, v128.and(x$, k17)));
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
