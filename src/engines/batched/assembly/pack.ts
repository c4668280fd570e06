import { padded } from './block';
import { Cell } from './cell';
import { nextVectors } from './wide';

/*
 * Packs weights for the products, from our canonical layout: kernel [D, G·M], recurrent [M, G·M], biases [G·M] (0: none). A vector holds four
 * units of one gate; units beyond M are zero. Of a large matrix, only some rows are in memory at a time: `kernelRows` from row `kernelFrom` on.
 */

/** the addresses of one cell's weights */
@unmanaged
export class Source {
  D: usize;
  M: usize;
  /** G·M */
  width: usize;
  kernel: usize;
  recurrent: usize;
  bias: usize;
  recurrentBias: usize;
  kernelFrom: usize;
  kernelRows: usize;
  recurrentFrom: usize;
  recurrentRows: usize;
}

/** values [m, m + 4) of a row of M values, zeros beyond */
function four(row: usize, m: usize, M: usize): v128 {
  const at = row + m * 4;
  if (m + 4 <= M) return v128.load(at);
  let v = f32x4.splat(0);
  if (m < M) v = f32x4.replace_lane(v, 0, load<f32>(at));
  if (m + 1 < M) v = f32x4.replace_lane(v, 1, load<f32>(at, 4));
  if (m + 2 < M) v = f32x4.replace_lane(v, 2, load<f32>(at, 8));
  return v;
}

/** Packs `rows` rows of one vector of a panel, whose rows are `step` bytes apart. */
function column(to: usize, step: usize, matrix: usize, rows: usize, width: usize, gate: usize, m: usize, M: usize): void {
  let from = matrix + (gate * M) * 4;
  for (let k: usize = 0; k < rows; k++) {
    v128.store(to, four(from, m, M));
    to += step;
    from += width * 4;
  }
}

/** The same for the kernel's rows that are in memory, and below for the recurrent ones; `to` is where the matrix begins in the panel. */
function columnOfKernel(s: Source, to: usize, step: usize, gate: usize, m: usize): void {
  column(to + step * s.kernelFrom, step, s.kernel, s.kernelRows, s.width, gate, m, s.M);
}

function columnOfRecurrent(s: Source, to: usize, step: usize, gate: usize, m: usize): void {
  column(to + step * s.recurrentFrom, step, s.recurrent, s.recurrentRows, s.width, gate, m, s.M);
}

function biasOf(bias: usize, gate: usize, m: usize, M: usize): v128 {
  return bias ? four(bias + (gate * M) * 4, m, M) : f32x4.splat(0);
}

/** Packs units [m, m + 4) of a gate, with the rows of x and h, into a panel with rows of `step` bytes. */
function over(s: Source, to: usize, step: usize, gate: usize, m: usize): void {
  v128.store(to, biasOf(s.bias, gate, m, s.M));
  columnOfKernel(s, to + step, step, gate, m);
  columnOfRecurrent(s, to + step * (s.D + 1), step, gate, m);
}

/** Packs the panels for the tiles; returns where they end. */
export function packPanels(source: usize, cell: Cell, to: usize): usize {
  const s = changetype<Source>(source);
  const M = s.M;
  const rows = (s.D + M + 1);
  if (cell == Cell.gruBefore) {
    for (let m: usize = 0; m < M; m += 4, to += rows * 32) {
      over(s, to, 32, 0, m);
      over(s, to + 16, 32, 1, m);
    }
    for (let m: usize = 0; m < M; m += 4, to += rows * 16) over(s, to, 16, 2, m);
    return to;
  }
  if (cell == Cell.rnn) {
    for (let m: usize = 0; m < M; m += 8) {
      const step: usize = m + 4 < M ? 32 : 16;
      over(s, to, step, 0, m);
      if (step == 32) over(s, to + 16, step, 0, m + 4);
      to += rows * step;
    }
    return to;
  }
  if (cell == Cell.gru) {
    for (let m: usize = 0; m < M; m += 8) to = gruPanels(s, to, m, m + 4 < M ? 2 : 1);
    return to;
  }
  for (let m: usize = 0; m < M; m += 4) {
    over(s, to, 32, 0, m);
    over(s, to + 16, 32, 1, m);
    to += rows * 32;
    over(s, to, 32, 2, m);
    over(s, to + 16, 32, 3, m);
    to += rows * 32;
  }
  return to;
}

/** Packs units [m, m + 4·vectors) of a GRU with the reset after: for every 4 units a panel [z r] over x and h, then for all units [g] over x and [g] over h. */
function gruPanels(s: Source, to: usize, m: usize, vectors: usize): usize {
  const panel = (s.D + s.M + 1) * 32;
  const step = vectors * 16;
  const gx = to + panel * vectors;
  const gh = gx + (s.D + 1) * step;
  for (let v: usize = 0; v < vectors; v++) {
    const unit = m + 4 * v;
    over(s, to + panel * v, 32, 0, unit);
    over(s, to + panel * v + 16, 32, 1, unit);
    v128.store(gx + v * 16, biasOf(s.bias, 2, unit, s.M));
    columnOfKernel(s, gx + step + v * 16, step, 2, unit);
    v128.store(gh + v * 16, biasOf(s.recurrentBias, 2, unit, s.M));
    columnOfRecurrent(s, gh + step + v * 16, step, 2, unit);
  }
  return gh + (s.M + 1) * step;
}

/**
 * Packs recurrent weights into wide panels; returns where they end. LSTM: vectors i f g o of units 0–3, of units 4–7, …; RNN: its only gate;
 * GRU: vectors z r, z r, …, then those of the candidate, preceded by its recurrent bias.
 */
export function packWide(source: usize, cell: Cell, to: usize): usize {
  const s = changetype<Source>(source);
  const groups = padded(s.M) >> 2;
  if (cell == Cell.lstm) return wideRegion(s, to, 0, 4, groups * 4);
  if (cell == Cell.rnn) return wideRegion(s, to, 0, 1, groups);
  to = wideRegion(s, to, 0, 2, groups * 2);
  for (let m: usize = 0; m < s.M; m += 4, to += 16) v128.store(to, biasOf(s.recurrentBias, 2, m, s.M));
  return wideRegion(s, to, 2, 1, groups);
}

/** Packs `vectors` vectors into wide panels. They run over `gates` gates, starting with `first`, then over the units. */
function wideRegion(s: Source, to: usize, first: usize, gates: usize, vectors: usize): usize {
  for (let v: usize = 0; v < vectors; ) {
    const count = nextVectors(vectors - v);
    let at = to + s.recurrentFrom * count * 16;
    for (let k: usize = 0; k < s.recurrentRows; k++) {
      const row = s.recurrent + (k * s.width) * 4;
      for (let i: usize = v; i < v + count; i++, at += 16) v128.store(at, four(row + ((first + i % gates) * s.M) * 4, (i / gates) * 4, s.M));
    }
    to += s.M * count * 16;
    v += count;
  }
  return to;
}

/**
 * Packs any matrix w [D, K] with a bias [K] (0: none) into panels of 8 columns, or 4 if at most 4 are left; returns where they end. Only `rows`
 * rows, from row `from` on, are in memory.
 */
export function packMatrix(w: usize, bias: usize, D: usize, K: usize, from: usize, rows: usize, to: usize): usize {
  for (let k: usize = 0; k < K; k += 8) {
    const vectors: usize = k + 4 < K ? 2 : 1;
    const step = vectors * 16;
    for (let v: usize = 0; v < vectors; v++) {
      v128.store(to + v * 16, bias ? four(bias, k + 4 * v, K) : f32x4.splat(0));
      column(to + step * (1 + from) + v * 16, step, w, rows, K, 0, k + 4 * v, K);
    }
    to += (D + 1) * step;
  }
  return to;
}
