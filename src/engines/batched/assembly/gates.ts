import { sigmoid, tanh } from './activations';
import { multiplyAdd } from './arithmetic';

/*
 * The arithmetic between the products and the next state, for n rows of 4 units. `s` holds a row's preactivations, 16 bytes a gate.
 * Two loops each, because a row's operations wait for each other: while one row's tanh is under way the processor works on the next rows,
 * and it sees more of them when the stretch is short.
 */

/** s [n, (i f g o)·4], c [n, 4] in and out, h [n, 4] out: c = f·c + i·g, h = o·tanh(c) */
export function lstmGates(s: usize, c: usize, cStride: usize, h: usize, hStride: usize, n: usize): void {
  let si = s;
  let ci = c;
  for (let k: usize = 0; k < n; k++) {
    const i = sigmoid(v128.load(si));
    const f = sigmoid(v128.load(si, 16));
    const g = tanh(v128.load(si, 32));
    const o = sigmoid(v128.load(si, 48));
    v128.store(ci, multiplyAdd(f32x4.mul(f, v128.load(ci)), i, g));
    v128.store(si, o);
    si += 64;
    ci += cStride;
  }
  for (let k: usize = 0; k < n; k++) {
    v128.store(h, f32x4.mul(v128.load(s), tanh(v128.load(c))));
    s += 64;
    c += cStride;
    h += hStride;
  }
}

/** zr [n, (z r)·4], gx and gh [n, 4] (input and recurrent part of the candidate), h [n, 4], next [n, 4] out: g = tanh(gx + r·gh), next = z·h + (1 − z)·g */
export function gruGates(
  zr: usize, zrStride: usize, gx: usize, gxStride: usize, gh: usize, ghStride: usize, h: usize, next: usize, hStride: usize, n: usize,
): void {
  let s = zr;
  let ghi = gh;
  for (let k: usize = 0; k < n; k++) {
    const z = sigmoid(v128.load(s));
    const r = sigmoid(v128.load(s, 16));
    v128.store(ghi, multiplyAdd(v128.load(gx), r, v128.load(ghi)));
    v128.store(s, z);
    s += zrStride;
    gx += gxStride;
    ghi += ghStride;
  }
  for (let k: usize = 0; k < n; k++) {
    interpolate(v128.load(zr), v128.load(gh), h, next);
    zr += zrStride;
    gh += ghStride;
    h += hStride;
    next += hStride;
  }
}

/** next = z·h + (1 − z)·tanh(g) */
@inline
function interpolate(z: v128, g: v128, h: usize, next: usize): void {
  v128.store(next, multiplyAdd(f32x4.mul(z, v128.load(h)), f32x4.sub(f32x4.splat(1), z), tanh(g)));
}

/** GRU with the reset before the product, first half: zr [n, (z r)·4], h [n, 4]; z [n, 4] and rh = r·h [n, 4] out */
export function gruReset(zr: usize, h: usize, hStride: usize, z: usize, zStride: usize, rh: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    v128.store(z, sigmoid(v128.load(zr)));
    v128.store(rh, f32x4.mul(sigmoid(v128.load(zr, 16)), v128.load(h)));
    zr += 32;
    h += hStride;
    z += zStride;
    rh += hStride;
  }
}

/** second half: g [n, 4] */
export function gruUpdate(g: usize, z: usize, zStride: usize, h: usize, next: usize, hStride: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    interpolate(v128.load(z), v128.load(g), h, next);
    g += 16;
    z += zStride;
    h += hStride;
    next += hStride;
  }
}

/** s [n, 4·vectors], h [n, 4·vectors] out: h = tanh(s) */
export function rnnGates(s: usize, sStride: usize, h: usize, hStride: usize, vectors: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    v128.store(h, tanh(v128.load(s)));
    if (vectors == 2) v128.store(h, tanh(v128.load(s, 16)), 16);
    s += sStride;
    h += hStride;
  }
}
