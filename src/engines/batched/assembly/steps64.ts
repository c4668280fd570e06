/**
 * A step of SimpleRNN, LSTM and GRU (reset after) in float64, two units at a time: the equations of cells/ with σ and tanh of numerics/quick.ts,
 * operation by operation, so that the bits are the same. x·Wx and h·Wh, before any bias, are rows [rows, G·M] without padding.
 */
@unmanaged
export class Step64 {
  rows: usize;
  M: usize;
  /** x·Wx */
  gates: usize;
  /** h·Wh */
  recurrent: usize;
  /** [G·M] each, added to x·Wx and to h·Wh; −0 if there is none */
  bias: usize;
  recurrentBias: usize;
  /** distance between rows of gates or recurrent, in numbers */
  stride: usize;
  /** [rows, M] each, replaced by the next states */
  h: usize;
  c: usize;
  /** CONSTANTS vectors (listed in ../steps64.ts), then 2^(n/32) at index n modulo POWERS */
  table: usize;
}

const CONSTANTS: usize = 16;
const POWERS: usize = 4096;

/** Constants are read from memory, as in activations.ts. */
@inline
function constant(table: usize, i: usize): v128 {
  return v128.load(table + 16 * i);
}

@inline
function power(table: usize, n: i32): usize {
  return table + 16 * CONSTANTS + (((<usize>n) & (POWERS - 1)) << 3);
}

/** e^x − 1, with y first clamped to ±40; pmin and pmax keep NaN */
@inline
function expm1(y: v128, table: usize): v128 {
  const x = f64x2.pmax(f64x2.pmin(y, constant(table, 0)), constant(table, 1));
  const shifted = f64x2.add(f64x2.mul(x, constant(table, 2)), constant(table, 3));
  const n = f64x2.sub(shifted, constant(table, 3));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, constant(table, 4))), f64x2.mul(n, constant(table, 5)));
  let p = f64x2.add(constant(table, 7), f64x2.mul(r, constant(table, 6)));
  p = f64x2.add(constant(table, 8), f64x2.mul(r, p));
  p = f64x2.add(constant(table, 9), f64x2.mul(r, p));
  p = f64x2.add(constant(table, 10), f64x2.mul(r, p));
  p = f64x2.add(r, f64x2.mul(f64x2.mul(r, r), p));
  const first = v128.load64_zero(power(table, i32x4.extract_lane(shifted, 0)));
  const whole = v128.load64_lane(power(table, i32x4.extract_lane(shifted, 2)), first, 1);
  return f64x2.add(f64x2.sub(whole, constant(table, 11)), f64x2.mul(whole, p));
}

@inline
function sigmoid(x: v128, table: usize): v128 {
  return f64x2.div(constant(table, 11), f64x2.add(constant(table, 12), expm1(f64x2.sub(constant(table, 14), x), table)));
}

@inline
function tanh(x: v128, table: usize): v128 {
  const e = expm1(f64x2.mul(constant(table, 13), x), table);
  return f64x2.div(f64x2.sub(constant(table, 14), e), f64x2.add(constant(table, 12), e));
}

/** (x·Wx + b) + (h·Wh + b'), at byte offsets of the two rows */
@inline
function sum(s: Step64, g: usize, u: usize, offset: usize): v128 {
  return f64x2.add(f64x2.add(v128.load(g + offset), v128.load(s.bias + offset)), recurrentSum(s, u, offset));
}

@inline
function recurrentSum(s: Step64, u: usize, offset: usize): v128 {
  return f64x2.add(v128.load(u + offset), v128.load(s.recurrentBias + offset));
}

/** Stores two units; if their number is odd, the last one is computed with a neighbour that is not stored. */
@inline
function store(at: usize, value: v128, both: bool): void {
  if (both) v128.store(at, value);
  else v128.store64_lane(at, value, 0);
}

/** Runs one step. `kind` is one of FUSED in kernel.ts. */
export function runStep64(at: usize, kind: usize): void {
  const s = changetype<Step64>(at);
  let g = s.gates;
  let u = s.recurrent;
  let h = s.h;
  let c = s.c;
  for (let row: usize = 0; row < s.rows; row++) {
    if (kind == 0) rnnRow(s, g, u, h);
    else if (kind == 1) lstmRow(s, g, u, h, c);
    else gruRow(s, g, u, h);
    g += 8 * s.stride;
    u += 8 * s.stride;
    h += 8 * s.M;
    c += 8 * s.M;
  }
}

function rnnRow(s: Step64, g: usize, u: usize, h: usize): void {
  const table = s.table;
  const width: usize = 8 * s.M;
  for (let m: usize = 0; m < width; m += 16) store(h + m, tanh(sum(s, g, u, m), table), m + 8 < width);
}

function lstmRow(s: Step64, g: usize, u: usize, h: usize, c: usize): void {
  const table = s.table;
  const width: usize = 8 * s.M;
  for (let m: usize = 0; m < width; m += 16) {
    const both: bool = m + 8 < width;
    const input = sigmoid(sum(s, g, u, m), table);
    const forget = sigmoid(sum(s, g, u, width + m), table);
    const candidate = tanh(sum(s, g, u, 2 * width + m), table);
    const output = sigmoid(sum(s, g, u, 3 * width + m), table);
    const next = f64x2.add(f64x2.mul(forget, v128.load(c + m)), f64x2.mul(input, candidate));
    store(c + m, next, both);
    store(h + m, f64x2.mul(output, tanh(next, table)), both);
  }
}

function gruRow(s: Step64, g: usize, u: usize, h: usize): void {
  const table = s.table;
  const width: usize = 8 * s.M;
  for (let m: usize = 0; m < width; m += 16) {
    const update = sigmoid(sum(s, g, u, m), table);
    const reset = sigmoid(sum(s, g, u, width + m), table);
    const ofInput = f64x2.add(v128.load(g + 2 * width + m), v128.load(s.bias + 2 * width + m));
    const candidate = tanh(f64x2.add(ofInput, f64x2.mul(reset, recurrentSum(s, u, 2 * width + m))), table);
    const kept = f64x2.mul(update, v128.load(h + m));
    store(h + m, f64x2.add(kept, f64x2.mul(f64x2.sub(constant(table, 11), update), candidate)), m + 8 < width);
  }
}
