import { ASIDE_BYTES, Block, padded } from './block';
import { CHAIN, Cell } from './cell';
import { copy } from './copy';
import { gruGates, gruReset, gruUpdate, lstmGates, rnnGates } from './gates';
import { meet } from './meet';
import { nextRows, tile } from './tiles';
import { rowProduct } from './wide';

/*
 * A single sample. A step then has one row, so no weight is reused; but x·Wx + b of many steps is a product of many rows, which is computed
 * first, and each step adds h·Wh to its row. The sums have the same terms in the same order as in a block, and so the same bits.
 * Here z is h [M padded to 4] itself, updated in place; scratch holds the pre-activations of one step.
 */

/** Runs steps `from` to `to` (in processing order) of the window of a block with one row. */
export function runStream(block: usize, cell: Cell, from: usize, to: usize): void {
  const b = changetype<Block>(block);
  const groups = padded(b.M) >> 2;
  const first = b.reverse ? b.T - to : from;
  project(b, cell, first, to - from, 0, groups, b.aside);
  for (let step: usize = from; step < to; step++) {
    const t = b.reverse ? b.T - 1 - step : step;
    if (isReal(b, t)) streamStep(b, cell, projectedRow(b, cell, t - first), b.z, b.z, 0, groups, b.aside);
    if (b.sequence) copyOut(b, t, b.z, 0, groups);
  }
}

/**
 * The same, shared by threads: part `part` of `parts` computes its own units, and the threads meet after every step, because a step needs all
 * units of the step before. h is read from one buffer and written to the other. Not for a GRU with the reset before, which would have to meet
 * twice per step.
 */
export function runStreamPart(block: usize, cell: Cell, from: usize, to: usize, part: usize, parts: usize): void {
  const b = changetype<Block>(block);
  const low = cut(b, cell, part, parts);
  const high = cut(b, cell, part + 1, parts);
  const aside = b.aside + part * ASIDE_BYTES;
  const first = b.reverse ? b.T - to : from;
  project(b, cell, first, to - from, low, high, aside);
  let h = b.z;
  let next = b.zNext;
  for (let step: usize = from; step < to; step++) {
    const t = b.reverse ? b.T - 1 - step : step;
    if (isReal(b, t)) streamStep(b, cell, projectedRow(b, cell, t - first), h, next, low, high, aside);
    else copy(next + low * 16, h + low * 16, (high - low) * 16);
    if (b.sequence) copyOut(b, t, next, low, high);
    meet(b.meeting, part, parts);
    const swap = h;
    h = next;
    next = swap;
  }
  if (h == b.z) return;
  copy(next + low * 16, h + low * 16, (high - low) * 16);
  meet(b.meeting, part, parts);
}

/** How many groups of four units come before part `part`. Parts end where wide panels do, so that all threads can use the same packing. */
function cut(b: Block, cell: Cell, part: usize, parts: usize): usize {
  const groups = padded(b.M) >> 2;
  const panel: usize = cell == Cell.lstm ? 3 : 12;
  return min(groups, (((groups + panel - 1) / panel) * part / parts) * panel);
}

@inline
function isReal(b: Block, t: usize): bool {
  return !b.mask || load<u8>(b.mask + t) != 0;
}

/** Copies h of the units in groups [low, high) into the sequence, without the padding. */
function copyOut(b: Block, t: usize, h: usize, low: usize, high: usize): void {
  const bytes = min(high * 16, b.M * 4) - low * 16;
  const out = b.sequence + t * b.M * 4 + low * 16;
  if (b.zeroMasked && !isReal(b, t)) memory.fill(out, 0, bytes);
  else copy(out, h + low * 16, bytes);
}

/** Address of x·Wx + b for the k-th projected step: one vector for every gate of every 4 units. */
@inline
function projectedRow(b: Block, cell: Cell, k: usize): usize {
  return b.projected + k * rowBytes(b, cell);
}

@inline
function rowBytes(b: Block, cell: Cell): usize {
  const gates: usize = cell == Cell.lstm ? 4 : cell == Cell.rnn ? 1 : 3;
  return padded(b.M) * gates * 4;
}

/**
 * projected [count, …] = x [first, first + count) · Wx + b, for groups [low, high) of four units. LSTM: vectors i f g o of units 0–3, …;
 * GRU: z r of units 0–3, …, then all candidates.
 */
function project(b: Block, cell: Cell, first: usize, count: usize, low: usize, high: usize, aside: usize): void {
  const D = b.D;
  const M = b.M;
  const x = b.x + first * D * 4;
  const width = rowBytes(b, cell);
  const all = (D + M + 1) * 16; // a vector over x and h
  const candidate = (D + M + 2) * 16; // over x, then over h
  const groups = padded(M) >> 2;
  if (cell == Cell.rnn) {
    for (let g = low; g < high; g += 2) {
      product(high - g > 1 ? 2 : 1, x, D, b.weights + g * all, b.projected + g * 16, width, count, aside);
    }
    return;
  }
  const candidates = b.projected + groups * 32;
  const each: usize = cell == Cell.lstm ? 2 : 1;
  let w = b.weights + low * (each * 2 * all + (cell == Cell.gru ? candidate : 0));
  let out = b.projected + low * each * 32;
  for (let g = low; g < high; g++) {
    for (let panel: usize = 0; panel < each; panel++, w += 2 * all, out += 32) product(2, x, D, w, out, width, count, aside);
    if (cell != Cell.gru || (g % 2 == 0 && g + 1 < groups)) continue;
    const vectors = (g % 2) + 1;
    product(vectors, x, D, w, candidates + (g & ~1) * 16, width, count, aside);
    w += candidate * vectors;
  }
  if (cell == Cell.gruBefore) for (let g = low; g < high; g++, w += all) product(1, x, D, w, candidates + g * 16, width, count, aside);
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

/** Computes one step: reads h [M], writes the units in groups [low, high) of `next`. */
function streamStep(b: Block, cell: Cell, projected: usize, h: usize, next: usize, low: usize, high: usize, aside: usize): void {
  const M = b.M;
  const groups = padded(M) >> 2;
  const n = high - low;
  const fresh = b.D + M > CHAIN; // as both in tiles.ts
  const at = low * 16;
  if (cell == Cell.lstm) {
    const s = b.scratch + at * 4;
    rowProduct(h, M, b.wide + at * 4 * M, n * 4, projected + at * 4, s, fresh, aside);
    lstmGates(s, b.c + at, 16, next + at, 16, n);
    return;
  }
  if (cell == Cell.rnn) {
    const s = b.scratch + at;
    rowProduct(h, M, b.wide + at * M, n, projected + at, s, fresh, aside);
    rnnGates(s, next + at, 16, 1, n);
    return;
  }
  const candidates = projected + groups * 32 + at;
  const s = b.scratch + at * 2;
  const g = b.scratch + groups * 32 + at;
  const bias = b.wide + M * groups * 32;
  const wide = bias + groups * 16 + at * M;
  rowProduct(h, M, b.wide + at * 2 * M, n * 2, projected + at * 2, s, fresh, aside);
  if (cell == Cell.gru) {
    rowProduct(h, M, wide, n, bias + at, g, false, aside);
    gruGates(s, 32, candidates, 16, g, 16, h + at, next + at, 16, n);
  } else {
    const rh = b.saved;
    gruReset(s, h, 16, b.c, 16, rh, groups);
    rowProduct(rh, M, wide, groups, candidates, g, fresh, aside);
    gruUpdate(g, b.c, 16, h, next, 16, groups);
  }
}
