/**
 * acc + x·w, four lanes. The plain build rounds after the product and after the sum, as the TypeScript version does. The fast build (--enable
 * relaxed-simd) leaves that to the processor, which rounds only once if it can; the bits then differ from machine to machine.
 */
@inline
export function multiplyAdd(acc: v128, x: v128, w: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, w, acc);
  return f32x4.add(acc, f32x4.mul(x, w));
}

/** acc − x·w */
@inline
export function multiplySubtract(acc: v128, x: v128, w: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(x, w, acc);
  return f32x4.sub(acc, f32x4.mul(x, w));
}
