import { ZEROS } from './activations';
import { multiplyAdd } from './arithmetic';
import { CHAIN } from './cell';

/**
 * The product of one row: out [V·4] = from [V·4] + h [K] · w [K, V·4]. One row reuses no weight, so a panel is wide instead: 12 vectors of
 * accumulators keep the adders busy, and the weights are read once, in memory order.
 */

/** The code of all widths: `n` (vectors of columns) is a constant after inlining, so code it excludes is not compiled. */
@inline
function wideOf(n: i32, h: usize, end: usize, w: usize, from: usize, out: usize): void {
  const none = f32x4.splat(0);
  let c0 = v128.load(from);
  let c1 = n > 1 ? v128.load(from, 16) : none;
  let c2 = n > 2 ? v128.load(from, 32) : none;
  let c3 = n > 3 ? v128.load(from, 48) : none;
  let c4 = n > 4 ? v128.load(from, 64) : none;
  let c5 = n > 5 ? v128.load(from, 80) : none;
  let c6 = n > 6 ? v128.load(from, 96) : none;
  let c7 = n > 7 ? v128.load(from, 112) : none;
  let c8 = n > 8 ? v128.load(from, 128) : none;
  let c9 = n > 9 ? v128.load(from, 144) : none;
  let c10 = n > 10 ? v128.load(from, 160) : none;
  let c11 = n > 11 ? v128.load(from, 176) : none;
  while (h < end) {
    const x = v128.load32_splat(h);
    c0 = multiplyAdd(c0, x, v128.load(w));
    if (n > 1) c1 = multiplyAdd(c1, x, v128.load(w, 16));
    if (n > 2) c2 = multiplyAdd(c2, x, v128.load(w, 32));
    if (n > 3) c3 = multiplyAdd(c3, x, v128.load(w, 48));
    if (n > 4) c4 = multiplyAdd(c4, x, v128.load(w, 64));
    if (n > 5) c5 = multiplyAdd(c5, x, v128.load(w, 80));
    if (n > 6) c6 = multiplyAdd(c6, x, v128.load(w, 96));
    if (n > 7) c7 = multiplyAdd(c7, x, v128.load(w, 112));
    if (n > 8) c8 = multiplyAdd(c8, x, v128.load(w, 128));
    if (n > 9) c9 = multiplyAdd(c9, x, v128.load(w, 144));
    if (n > 10) c10 = multiplyAdd(c10, x, v128.load(w, 160));
    if (n > 11) c11 = multiplyAdd(c11, x, v128.load(w, 176));
    w += 16 * n;
    h += 4;
  }
  v128.store(out, c0);
  if (n > 1) v128.store(out, c1, 16);
  if (n > 2) v128.store(out, c2, 32);
  if (n > 3) v128.store(out, c3, 48);
  if (n > 4) v128.store(out, c4, 64);
  if (n > 5) v128.store(out, c5, 80);
  if (n > 6) v128.store(out, c6, 96);
  if (n > 7) v128.store(out, c7, 112);
  if (n > 8) v128.store(out, c8, 128);
  if (n > 9) v128.store(out, c9, 144);
  if (n > 10) v128.store(out, c10, 160);
  if (n > 11) v128.store(out, c11, 176);
}

function wide12(h: usize, end: usize, w: usize, from: usize, out: usize): void {
  wideOf(12, h, end, w, from, out);
}

function wide8(h: usize, end: usize, w: usize, from: usize, out: usize): void {
  wideOf(8, h, end, w, from, out);
}

function wide4(h: usize, end: usize, w: usize, from: usize, out: usize): void {
  wideOf(4, h, end, w, from, out);
}

function wide2(h: usize, end: usize, w: usize, from: usize, out: usize): void {
  wideOf(2, h, end, w, from, out);
}

function wide1(h: usize, end: usize, w: usize, from: usize, out: usize): void {
  wideOf(1, h, end, w, from, out);
}

/** How many of the remaining vectors the next wide panel holds. */
@inline
export function nextVectors(remaining: usize): usize {
  return remaining >= 12 ? 12 : remaining >= 8 ? 8 : remaining >= 4 ? 4 : remaining >= 2 ? 2 : 1;
}

/**
 * out [vectors·4] = from + h [K] · w, summed in chains, where w is a series of wide panels (pack.ts). `fresh`: the first chain, too, starts at
 * zero. `aside`: ASIDE_BYTES of room for a panel's sums.
 */
export function rowProduct(h: usize, K: usize, w: usize, vectors: usize, from: usize, out: usize, fresh: bool, aside: usize): void {
  while (vectors > 0) {
    const count = nextVectors(vectors);
    const bytes = count * 16;
    if (fresh) addChain(count, h, min(K, CHAIN), w, from, out, aside);
    else chain(count, h, min(K, CHAIN), w, from, out);
    for (let k = CHAIN; k < K; k += CHAIN) addChain(count, h + k * 4, min(CHAIN, K - k), w + k * bytes, out, out, aside);
    w += K * bytes;
    from += bytes;
    out += bytes;
    vectors -= count;
  }
}

/** out = total + h · w */
function addChain(count: usize, h: usize, K: usize, w: usize, total: usize, out: usize, aside: usize): void {
  chain(count, h, K, w, ZEROS, aside);
  for (let at: usize = 0; at < count * 16; at += 16) v128.store(out + at, f32x4.add(v128.load(total + at), v128.load(aside + at)));
}

function chain(count: usize, h: usize, K: usize, w: usize, from: usize, out: usize): void {
  const end = h + 4 * K;
  if (count == 12) wide12(h, end, w, from, out);
  else if (count == 8) wide8(h, end, w, from, out);
  else if (count == 4) wide4(h, end, w, from, out);
  else if (count == 2) wide2(h, end, w, from, out);
  else wide1(h, end, w, from, out);
}
