import { multiplyAdd, multiplySubtract } from './arithmetic';

/**
 * sigmoid and tanh, four lanes: the operations of numerics/float32.ts in the same order, where the reasons stand too.
 * The constants are read from memory: V8 builds a v128.const anew at every use, from several instructions.
 */
const AT: usize = 64; // below it stays empty, so that a null pointer finds no table

@inline
function constant(i: usize): v128 {
  return v128.load(AT + 16 * i);
}

/** Where free memory begins. */
export const TABLE_END: usize = AT + 16 * 18;

/** Writes the table; once per memory, before anything else. */
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

// pmin(a, b) is b < a ? b : a and pmax(a, b) is a < b ? b : a: a NaN in a passes.

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
