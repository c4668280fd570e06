import type { StepContext } from '../cells/cell.js';
import type { Kernels, RecurrenceArgs, RecurrenceResult } from '../layers/layer.js';
import { allocate, type FloatArray, type Precision, type Tensor } from '../tensor/tensor.js';
import type { LoopFault } from './scenario.js';

/**
 * The loops over samples, steps and units that mistakes are put into: one sample at a time, the cells' own equations. Not an engine: it
 * exists to be wrong in known ways, and (order −1, float32) to show how far rounding alone moves a network's numbers.
 */
export interface LoopOptions {
  readonly precision: Precision;
  /** +1: sums run over features and units in order, −1: the other way round */
  readonly order: 1 | -1;
  /** a stateful network's batch size: sample n starts with the states sample n − every left */
  readonly every?: number;
}

export function kernelsOf(fault: LoopFault | undefined, options: LoopOptions): Kernels {
  let way = 0;
  return {
    precision: options.precision,
    allocate: length => allocate(length, options.precision),
    affine: (x, W, b) => affine(x, W, b, options),
    recurrence: args => recurrence(args, fault ?? {}, way++, options),
  };
}

/** x [..., D] · W [D, K] + b [K] */
function affine(x: Tensor, W: Tensor, b: Tensor | undefined, { precision, order }: LoopOptions): Tensor {
  const [D, K] = W.shape;
  if (x.shape[x.shape.length - 1] !== D || (b && b.shape[b.shape.length - 1] !== K)) throw new Mismatch();
  const rows = x.data.length / D;
  const data = allocate(rows * K, precision);
  for (let r = 0; r < rows; r++) {
    if (b) data.set(b.data, r * K);
    addProduct(data, r * K, K, x.data, r * D, D, W.data, 0, K, order);
  }
  return { shape: [...x.shape.slice(0, -1), K], data };
}

/** A change left weights and widths that do not belong together: it cannot have happened here. */
export class Mismatch extends Error {}

/**
 * out[o, o+K) += v[at, at+P) · w, whose rows of K start at `start` and are `stride` apart. Four rows a pass: one load and store of `out` for
 * four products. Twice the same text, for a function that sees both kinds of array runs at a third of the speed.
 */
function addProduct(
  out: FloatArray,
  o: number,
  K: number,
  v: FloatArray,
  at: number,
  P: number,
  w: FloatArray,
  start: number,
  stride: number,
  order: number,
): void {
  if (out instanceof Float64Array) addProduct64(out, o, K, v as Float64Array, at, P, w as Float64Array, start, stride, order);
  else addProduct32(out, o, K, v as Float32Array, at, P, w as Float32Array, start, stride, order);
}

function addProduct64(
  out: Float64Array,
  o: number,
  K: number,
  v: Float64Array,
  at: number,
  P: number,
  w: Float64Array,
  start: number,
  stride: number,
  order: number,
): void {
  const first = order > 0 ? 0 : P - 1;
  let j = 0;
  for (; j + 3 < P; j += 4) {
    const p0 = first + order * j;
    const a = v[at + p0];
    const b = v[at + p0 + order];
    const c = v[at + p0 + 2 * order];
    const d = v[at + p0 + 3 * order];
    const ra = start + p0 * stride;
    const rb = ra + order * stride;
    const rc = rb + order * stride;
    const rd = rc + order * stride;
    for (let k = 0; k < K; k++) out[o + k] += a * w[ra + k] + b * w[rb + k] + c * w[rc + k] + d * w[rd + k];
  }
  for (; j < P; j++) {
    const p = first + order * j;
    const a = v[at + p];
    const r = start + p * stride;
    for (let k = 0; k < K; k++) out[o + k] += a * w[r + k];
  }
}

function addProduct32(
  out: Float32Array,
  o: number,
  K: number,
  v: Float32Array,
  at: number,
  P: number,
  w: Float32Array,
  start: number,
  stride: number,
  order: number,
): void {
  const first = order > 0 ? 0 : P - 1;
  let j = 0;
  for (; j + 3 < P; j += 4) {
    const p0 = first + order * j;
    const a = v[at + p0];
    const b = v[at + p0 + order];
    const c = v[at + p0 + 2 * order];
    const d = v[at + p0 + 3 * order];
    const ra = start + p0 * stride;
    const rb = ra + order * stride;
    const rc = rb + order * stride;
    const rd = rc + order * stride;
    for (let k = 0; k < K; k++) out[o + k] += a * w[ra + k] + b * w[rb + k] + c * w[rc + k] + d * w[rd + k];
  }
  for (; j < P; j++) {
    const p = first + order * j;
    const a = v[at + p];
    const r = start + p * stride;
    for (let k = 0; k < K; k++) out[o + k] += a * w[r + k];
  }
}

interface Loop {
  readonly args: RecurrenceArgs;
  readonly fault: LoopFault;
  readonly options: LoopOptions;
  readonly M: number;
  readonly P: number;
  /** G·M */
  readonly width: number;
  /** added to h·Wh: PyTorch's and Keras' GRU with the reset after the product keep it apart */
  readonly recurrentBias: FloatArray | undefined;
  /** x·Wx + b of every step [N·T, G·M]; becomes the gates */
  readonly gates: FloatArray;
  /** scratch for h·Wh */
  readonly products: FloatArray;
}

/** x [N, T, D] -> sequence [N, T, P] at the time index of its input, last [N, P], states. @param way 0 forward, 1 backward */
function recurrence(args: RecurrenceArgs, fault: LoopFault, way: number, options: LoopOptions): RecurrenceResult {
  const { x, weights, units: M, cell, mask, reverse } = args;
  const [N, T] = x.shape;
  const Wp = weights.projection;
  const P = Wp ? Wp.shape[1] : M;
  const width = cell.gates.length * M;
  const [bias, recurrentBias] = biasesOf(args, options.precision);
  const gates = affine(x, weights.kernel!, bias, options).data;
  if (weights.recurrentKernel!.shape[0] !== P || weights.recurrentKernel!.shape[1] !== width) throw new Mismatch();
  const loop: Loop = { args, fault, options, M, P, width, recurrentBias, gates, products: allocate(width, options.precision) };
  const widths = cell.states.map((_, s) => (s === 0 ? P : M));
  const sequence = allocate(N * T * P, options.precision);
  const states = widths.map(w => allocate(N * w, options.precision));
  const kept = args.trace ? widths.map(w => allocate(N * T * w, options.precision)) : undefined;
  let next = widths.map((_, s) => allocate(s === 0 ? M : widths[s], options.precision));
  let shared: FloatArray[] | undefined;

  const runStep = (n: number, step: number, state: FloatArray[]): FloatArray[] => {
    const t = reverse ? T - 1 - step : step;
    const row = n * T + t;
    let now = state;
    const masked = mask !== undefined && mask[row] === 0;
    if (!masked) {
      stepOnce(loop, row, state, next);
      if (Wp) next[0] = project(next[0], Wp, options);
      if (fault.round) for (const s of next) for (let k = 0; k < s.length; k++) s[k] = fault.round(s[k]);
      now = next;
      next = Wp ? [allocate(M, options.precision), state[1]] : state;
    }
    if (!masked || !args.zeroOutputForMask) sequence.set(now[0], row * P);
    kept?.forEach((all, s) => {
      all.set(now[s], row * widths[s]);
    });
    return now;
  };
  const startOf = (n: number): FloatArray[] =>
    widths.map((w, s) => {
      if (fault.carry?.by === 'sample' && n > 0 && carries(fault, s)) return states[s].slice((n - 1) * w, n * w);
      if (options.every !== undefined && n >= options.every) return states[s].slice((n - options.every) * w, (n - options.every + 1) * w);
      const given = args.initial?.[s];
      const fresh = allocate(w, options.precision);
      if (given) fresh.set(given.data.subarray(n * w, (n + 1) * w));
      return fresh;
    });

  if (fault.carry?.by === 'step') {
    shared = startOf(0);
    for (let step = 0; step < T; step++) {
      for (let n = 0; n < N; n++) {
        shared = runStep(n, step, shared);
        if (step === T - 1) keepFinal(states, shared, n, widths);
      }
    }
  } else {
    for (let n = 0; n < N; n++) {
      let state = startOf(n);
      for (let step = 0; step < T; step++) state = runStep(n, step, state);
      keepFinal(states, state, n, widths);
    }
  }
  const last = lastOf(loop, sequence, states[0], way);
  if (fault.aliased)
    for (let row = 0; row < N * T; row++) sequence.set(last.subarray(Math.floor(row / T) * P, (Math.floor(row / T) + 1) * P), row * P);
  return {
    sequence: { shape: [N, T, P], data: fault.notFlipped && way === 1 ? flipped(sequence, N, T, P) : sequence },
    last: { shape: [N, P], data: last },
    states: states.map((data, s) => ({ shape: [N, widths[s]], data })),
    trace: kept && {
      gates: { shape: [N, T, width], data: gates },
      states: kept.map((data, s) => ({ shape: [N, T, widths[s]], data })),
    },
  };
}

function carries(fault: LoopFault, s: number): boolean {
  return fault.carry!.what === 'all' || (fault.carry!.what === 'h') === (s === 0);
}

function keepFinal(states: readonly FloatArray[], state: readonly FloatArray[], n: number, widths: readonly number[]): void {
  states.forEach((all, s) => {
    all.set(state[s], n * widths[s]);
  });
}

/** The output of the last processed step, or of the step that was taken for it. */
function lastOf({ args, fault, P }: Loop, sequence: FloatArray, h: FloatArray, way: number): FloatArray {
  const [N, T] = args.x.shape;
  const { mask, reverse } = args;
  const data = h.slice();
  const end = fault.last === 'first' ? (args.reverse && way === 0 ? T - 1 : 0) : T - 1;
  for (let n = 0; n < N; n++) {
    if (fault.last) data.set(sequence.subarray((n * T + end) * P, (n * T + end + 1) * P), n * P);
    else if (mask && args.zeroOutputForMask && mask[n * T + (reverse ? 0 : T - 1)] === 0) data.fill(0, n * P, (n + 1) * P);
  }
  return data;
}

/** One step of one sample: `gates` of the row become the activated gates, `next` the new states. */
function stepOnce(loop: Loop, row: number, state: readonly FloatArray[], next: readonly FloatArray[]): void {
  const { args, M, P, width, options } = loop;
  const gates = loop.gates.subarray(row * width, (row + 1) * width);
  if (loop.fault.inPlace && !args.weights.projection) {
    stepInPlace(loop, gates, state, next);
    return;
  }
  const recurrent = (h: FloatArray, from: number, to: number) => {
    const K = (to - from) * M;
    const out = loop.products.subarray(from * M, to * M);
    if (loop.recurrentBias) out.set(loop.recurrentBias.subarray(from * M, to * M));
    else out.fill(0);
    addProduct(out, 0, K, h, 0, P, args.weights.recurrentKernel!.data, from * M, width, options.order);
    return out;
  };
  args.cell.step(contextOf(loop, gates, state, next, recurrent, M, args.weights.peepholes?.data));
}

function contextOf(
  { args }: Loop,
  gates: FloatArray,
  state: readonly FloatArray[],
  next: readonly FloatArray[],
  recurrent: StepContext['recurrent'],
  M: number,
  peepholes: FloatArray | undefined,
): StepContext {
  const { sig, act, actOut, options } = args;
  return { N: 1, M, gates, state, next, recurrent, sig, act, actOut, options, peepholes };
}

/**
 * for m in range(M): h[m] = … h·Wh[:, m] …: a unit sees the new h of the units before it. The GRU with the reset before the product needs
 * every r first, so there z and r see the old h and only the candidate the mixed one.
 */
function stepInPlace(loop: Loop, gates: FloatArray, state: readonly FloatArray[], next: readonly FloatArray[]): void {
  const { args, M, width, recurrentBias } = loop;
  const G = width / M;
  const Wh = args.weights.recurrentKernel!.data;
  const h = state[0].slice();
  const dot = (v: FloatArray, column: number) => {
    let sum = recurrentBias ? recurrentBias[column] : 0;
    for (let j = 0; j < M; j++) sum += v[j] * Wh[j * width + column];
    return sum;
  };
  const before = args.cell.name === 'gru' && !args.options.resetAfter;
  const old = state[0].slice();
  const reset = before ? Float64Array.from({ length: M }, (_, m) => args.sig(gates[M + m] + dot(old, M + m))) : undefined;
  for (let m = 0; m < M; m++) {
    const own = Float64Array.from({ length: G }, (_, g) => gates[g * M + m]);
    const recurrent = (_h: FloatArray, from: number, to: number) =>
      Float64Array.from({ length: to - from }, (_, i) => {
        const g = from + i;
        if (!reset) return dot(h, g * M + m);
        return g < 2
          ? dot(old, g * M + m)
          : dot(
              h.map((v, j) => v * reset[j]),
              g * M + m,
            );
      });
    const now = next.map(() => new Float64Array(1));
    const peepholes = args.weights.peepholes && Float64Array.from({ length: 3 }, (_, r) => args.weights.peepholes!.data[r * M + m]);
    args.cell.step(
      contextOf(loop, own, [h.subarray(m, m + 1), ...state.slice(1).map(s => s.subarray(m, m + 1))], now, recurrent, 1, peepholes),
    );
    h[m] = now[0][0];
    now.forEach((v, s) => {
      next[s][m] = v[0];
    });
    for (let g = 0; g < G; g++) gates[g * M + m] = own[g];
  }
}

/** Two bias rows add up to one, except where the GRU keeps the recurrent one inside r ⊙ (…). */
function biasesOf({ options, weights }: RecurrenceArgs, precision: Precision): [Tensor | undefined, FloatArray | undefined] {
  const bias = weights.bias;
  if (!bias || bias.shape.length === 1) return [bias, undefined];
  const width = bias.shape[1];
  const [input, recurrent] = [bias.data.subarray(0, width), bias.data.subarray(width)];
  if (options.resetAfter) return [{ shape: [width], data: input }, recurrent];
  const sum = allocate(width, precision);
  for (let k = 0; k < width; k++) sum[k] = input[k] + recurrent[k];
  return [{ shape: [width], data: sum }, undefined];
}

function project(h: FloatArray, Wp: Tensor, options: LoopOptions): FloatArray {
  return affine({ shape: [1, h.length], data: h }, Wp, undefined, options).data;
}

function flipped(data: FloatArray, N: number, T: number, P: number): FloatArray {
  const out = data.slice();
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++) out.set(data.subarray((n * T + t) * P, (n * T + t + 1) * P), (n * T + T - 1 - t) * P);
  return out;
}
