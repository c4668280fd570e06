import { sigmoidAll, tanhAll, tanhInto } from './activations';
import { multiplyAdd } from './arithmetic';

/*
 * The arithmetic between the products and the next state, for n rows of 4 units. `s` holds the pre-activations of a row, 16 bytes per gate. Each
 * gate is computed for all rows before the next one, because the activations take four vectors at a time.
 */

/** s [n, (i f g o)·4], c [n, 4] in and out, h [n, 4] out: c = f·c + i·g, h = o·tanh(c) */
export function lstmGates(s: usize, c: usize, cStride: usize, h: usize, hStride: usize, n: usize): void {
  sigmoidAll(s, 64, n);
  sigmoidAll(s + 16, 64, n);
  tanhAll(s + 32, 64, n);
  sigmoidAll(s + 48, 64, n);
  for (let k: usize = 0, at = s; k < n; k++, at += 64) {
    const next = multiplyAdd(f32x4.mul(v128.load(at, 16), v128.load(c)), v128.load(at), v128.load(at, 32));
    v128.store(c, next);
    c += cStride;
  }
  tanhInto(c - n * cStride, cStride, s, 64, n);
  for (let k: usize = 0; k < n; k++) {
    v128.store(h, f32x4.mul(v128.load(s, 48), v128.load(s)));
    s += 64;
    h += hStride;
  }
}

/** zr [n, (z r)·4], gx and gh [n, 4] (input and recurrent part of the candidate), h [n, 4], next [n, 4] out: g = tanh(gx + r·gh), next = z·h + (1 − z)·g */
export function gruGates(
  zr: usize, zrStride: usize, gx: usize, gxStride: usize, gh: usize, ghStride: usize, h: usize, next: usize, hStride: usize, n: usize,
): void {
  sigmoidAll(zr, zrStride, n);
  sigmoidAll(zr + 16, zrStride, n);
  let g = gh;
  for (let k: usize = 0, r = zr + 16; k < n; k++, r += zrStride) {
    v128.store(g, multiplyAdd(v128.load(gx), v128.load(r), v128.load(g)));
    gx += gxStride;
    g += ghStride;
  }
  tanhAll(gh, ghStride, n);
  interpolate(zr, zrStride, gh, ghStride, h, next, hStride, n);
}

/** next = z·h + (1 − z)·g */
function interpolate(z: usize, zStride: usize, g: usize, gStride: usize, h: usize, next: usize, hStride: usize, n: usize): void {
  const one = f32x4.splat(1);
  for (let k: usize = 0; k < n; k++) {
    const update = v128.load(z);
    v128.store(next, multiplyAdd(f32x4.mul(update, v128.load(h)), f32x4.sub(one, update), v128.load(g)));
    z += zStride;
    g += gStride;
    h += hStride;
    next += hStride;
  }
}

/** GRU with the reset before the product, first half: zr [n, (z r)·4], h [n, 4]; z [n, 4] and rh = r·h [n, 4] out */
export function gruReset(zr: usize, h: usize, hStride: usize, z: usize, zStride: usize, rh: usize, n: usize): void {
  sigmoidAll(zr, 16, 2 * n);
  for (let k: usize = 0; k < n; k++) {
    v128.store(z, v128.load(zr));
    v128.store(rh, f32x4.mul(v128.load(zr, 16), v128.load(h)));
    zr += 32;
    h += hStride;
    z += zStride;
    rh += hStride;
  }
}

/** second half: g [n, 4] */
export function gruUpdate(g: usize, z: usize, zStride: usize, h: usize, next: usize, hStride: usize, n: usize): void {
  tanhAll(g, 16, n);
  interpolate(z, zStride, g, 16, h, next, hStride, n);
}

/** s [n, 4·vectors] without gaps, h [n, 4·vectors] out: h = tanh(s) */
export function rnnGates(s: usize, h: usize, hStride: usize, vectors: usize, n: usize): void {
  const step = vectors * 16;
  tanhInto(s, step, h, hStride, n);
  if (vectors == 2) tanhInto(s + 16, step, h + 16, hStride, n);
}
