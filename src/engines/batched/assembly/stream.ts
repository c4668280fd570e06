import { Block, padded } from './block';
import { CHAIN, Cell } from './cell';
import { copy } from './copy';
import { gruGates, gruReset, gruUpdate, lstmGates, rnnGates } from './gates';
import { nextRows, tile } from './tiles';
import { rowProduct } from './wide';

/*
 * One sample alone. A step has one row, so nothing reuses a weight; but x·Wx + b of many steps is a product of many rows, made first,
 * and each step adds h·Wh to its row of it. The sums run over the same terms in the same order as in a block: the same bits.
 * Here z is h [M padded to 4] itself, updated in place; scratch holds the preactivations of one step.
 */

/** Steps `from` to `to` (in processing order) of the window, of a block with one row. */
export function runStream(block: usize, cell: Cell, from: usize, to: usize): void {
  const b = changetype<Block>(block);
  const first = b.reverse ? b.T - to : from;
  project(b, cell, first, to - from);
  const width = rowBytes(b, cell);
  for (let step: usize = from; step < to; step++) {
    const t = b.reverse ? b.T - 1 - step : step;
    const real = !b.mask || load<u8>(b.mask + t) != 0;
    if (real) streamStep(b, cell, b.projected + (t - first) * width);
    if (!b.sequence) continue;
    const out = b.sequence + (t * b.M) * 4;
    if (!real && b.zeroMasked) memory.fill(out, 0, b.M * 4);
    else copy(out, b.z, b.M * 4);
  }
}

/** bytes of a projected row: one vector for every gate of every 4 units */
@inline
function rowBytes(b: Block, cell: Cell): usize {
  const gates: usize = cell == Cell.lstm ? 4 : cell == Cell.rnn ? 1 : 3;
  return (padded(b.M) * gates) * 4;
}

/** projected [count, …] = x [first, first + count) · Wx + b. LSTM: vectors i f g o of units 0–3, …; GRU: z r of units 0–3, …, then all candidates. */
function project(b: Block, cell: Cell, first: usize, count: usize): void {
  const D = b.D;
  const M = b.M;
  const x = b.x + first * D * 4;
  const width = rowBytes(b, cell);
  const all = (D + M + 1) * 16; // a vector over x and h
  let w = b.weights;
  let out = b.projected;
  const groups = padded(b.M) >> 2;
  if (cell == Cell.rnn) {
    for (let g: usize = 0; g < groups; g += 2) {
      const vectors: usize = groups - g > 1 ? 2 : 1;
      product(vectors, x, D, w, out, width, count, b.aside);
      w += vectors * all;
      out += 32;
    }
    return;
  }
  const candidates = out + groups * 32;
  const each: usize = cell == Cell.lstm ? 2 : 1;
  for (let g: usize = 0; g < groups; g++) {
    for (let panel: usize = 0; panel < each; panel++, w += 2 * all, out += 32) product(2, x, D, w, out, width, count, b.aside);
    if (cell != Cell.gru || (g % 2 == 0 && g + 1 < groups)) continue;
    const vectors = (g % 2) + 1;
    product(vectors, x, D, w, candidates + (g & ~1) * 16, width, count, b.aside);
    w += (D + M + 2) * 16 * vectors;
  }
  if (cell == Cell.gruBefore) for (let g: usize = 0; g < groups; g++, w += all) product(1, x, D, w, candidates + g * 16, width, count, b.aside);
}

function product(vectors: usize, x: usize, D: usize, w: usize, out: usize, width: usize, count: usize, aside: usize): void {
  for (let left: usize = count; left > 0; ) {
    const rows = nextRows(left);
    tile(vectors, rows, x, D * 4, w, D, out, width, aside);
    x += rows * D * 4;
    out += rows * width;
    left -= rows;
  }
}

function streamStep(b: Block, cell: Cell, projected: usize): void {
  const h = b.z;
  const s = b.scratch;
  const M = b.M;
  const groups = padded(b.M) >> 2;
  const fresh = b.D + M > CHAIN; // as both in tiles.ts
  if (cell == Cell.lstm) {
    rowProduct(h, M, b.wide, groups * 4, projected, s, fresh, b.aside);
    lstmGates(s, b.c, 16, h, 16, groups);
    return;
  }
  if (cell == Cell.rnn) {
    rowProduct(h, M, b.wide, groups, projected, s, fresh, b.aside);
    rnnGates(s, h, 16, 1, groups);
    return;
  }
  const candidates = projected + groups * 32;
  const g = s + groups * 32;
  const bias = b.wide + M * groups * 32;
  const wide = bias + groups * 16;
  rowProduct(h, M, b.wide, groups * 2, projected, s, fresh, b.aside);
  if (cell == Cell.gru) {
    rowProduct(h, M, wide, groups, bias, g, false, b.aside);
    gruGates(s, 32, candidates, 16, g, 16, h, h, 16, groups);
  } else {
    const rh = b.saved;
    gruReset(s, h, 16, b.c, 16, rh, groups);
    rowProduct(rh, M, wide, groups, candidates, g, fresh, b.aside);
    gruUpdate(g, b.c, 16, h, h, 16, groups);
  }
}
