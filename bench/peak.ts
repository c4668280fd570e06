// What a core can do in 128 bits, WASM or not: multiply-adds of a tile whose numbers are all in the first cache. Five rows, eight columns, as the kernel's.
export function multiplyAdd(times: i32, z: usize, w: usize): f32 {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0, c9 = c0;
  for (let n = 0; n < times; n++) {
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    const x0 = v128.load32_splat(z);
    c0 = f32x4.add(c0, f32x4.mul(x0, w0));
    c1 = f32x4.add(c1, f32x4.mul(x0, w1));
    const x1 = v128.load32_splat(z, 4);
    c2 = f32x4.add(c2, f32x4.mul(x1, w0));
    c3 = f32x4.add(c3, f32x4.mul(x1, w1));
    const x2 = v128.load32_splat(z, 8);
    c4 = f32x4.add(c4, f32x4.mul(x2, w0));
    c5 = f32x4.add(c5, f32x4.mul(x2, w1));
    const x3 = v128.load32_splat(z, 12);
    c6 = f32x4.add(c6, f32x4.mul(x3, w0));
    c7 = f32x4.add(c7, f32x4.mul(x3, w1));
    const x4 = v128.load32_splat(z, 16);
    c8 = f32x4.add(c8, f32x4.mul(x4, w0));
    c9 = f32x4.add(c9, f32x4.mul(x4, w1));
  }
  const a = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  return f32x4.extract_lane(f32x4.add(a, f32x4.add(c8, c9)), 0);
}
