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
  // a statement with a $ is repeated for $ = 0…11 (scripts/assembly.mjs)
  const none = f32x4.splat(0);
  let c$ = n > $ ? v128.load(from, 16 * $) : none;
  while (h < end) {
    const x = v128.load32_splat(h);
    if (n > $) c$ = multiplyAdd(c$, x, v128.load(w, 16 * $));
    w += 16 * n;
    h += 4;
  }
  if (n > $) v128.store(out, c$, 16 * $);
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
