import { stepContext } from '../cells/cell.js';
import { quickly } from '../cells/quickly.js';
import type { Kernels, RecurrenceArgs, RecurrenceResult } from '../layers/layer.js';
import { productBy } from '../layers/product.js';
import { takeAlong } from '../tensor/axes.js';
import { flipTime } from '../tensor/layout.js';
import { allocate, type FloatArray, type Precision } from '../tensor/tensor.js';
import { affine, biasesOf, Mismatch, projected } from './affine.js';
import { isSameLoop } from './cores.js';
import { fusedLoop } from './fusedLoop.js';
import { stepInPlace } from './inPlace.js';
import { runsOnKernel } from './kernelLoop.js';
import { type Ahead, type Loop, type LoopOptions, startOf, stepsIn } from './loopState.js';
import { type Products, withProducts } from './products.js';
import type { LoopFault } from './scenario.js';

/**
 * Loops over samples, steps and units into which mistakes are put: one sample at a time, with the cells' own equations. This is not an
 * engine: it exists to be wrong in known ways and (order −1, float32) to show how far rounding alone moves a network's numbers.
 * @param known loops of this layer that were run before, by direction
 * @param kept receives the loops of this run
 */
export function kernelsOf(fault: LoopFault | undefined, options: LoopOptions, known: readonly Loop[] = [], kept: Loop[] = []): Kernels {
  let way = 0;
  const products: Pick<Kernels, 'allocate' | 'affine'> = {
    allocate: length => allocate(length, options.precision),
    affine: (x, W, b) => affine(x, W, b, options),
  };
  // written out, because extending a spread object costs as much as a small loop
  return {
    allocate: products.allocate,
    affine: products.affine,
    precision: options.precision,
    product: productBy(products),
    recurrence: args => {
      if (options.fused) return fusedLoop(args, fault ?? {}, options.fused);
      const own = unmasked(options.exact ? args : quickly(args), fault, way);
      const before = known[way];
      const loop = before && isSameLoop(before, own, fault ?? {}, options) ? before : runLoop(own, fault ?? {}, options);
      kept.push(loop);
      return resultOf(loop, fault ?? {}, way++);
    },
  };
}

function unmasked(args: RecurrenceArgs, fault: LoopFault | undefined, way: number): RecurrenceArgs {
  return fault?.unmasked?.includes(way) ? { ...args, mask: undefined } : args;
}

/** Runs x [N, T, D] and returns h of every step and the final states, before anything is taken from them. */
function runLoop(args: RecurrenceArgs, fault: LoopFault, options: LoopOptions): Loop {
  const { weights, units: M, cell } = args;
  const P = weights.projection ? weights.projection.shape[1] : M;
  const width = cell.gates.length * M;
  const [bias, recurrentBias] = biasesOf(args, options.precision);
  const inputs = projected(args, bias, options);
  if (weights.recurrentKernel!.shape[0] !== P || weights.recurrentKernel!.shape[1] !== width) throw new Mismatch();
  const N = args.x.shape[0];
  return withProducts(options, N, productsOf => {
    const products = productsOf(weights.recurrentKernel!);
    const product = products.row;
    const recurrent = (h: FloatArray, from: number, to: number) =>
      productsAhead(loop.ahead, h, from * M, to * M) ?? product(h, 0, from * M, (to - from) * M, recurrentBias?.subarray(from * M, to * M));
    const room = roomFor(args, P, width, options.precision);
    const project = weights.projection && productsOf(weights.projection).row;
    const { step, round, output = 0 } = fault;
    const inPlace = fault.inPlace === true && project === undefined;
    const often = { step, inPlace, round, output, peepholes: weights.peepholes?.data, ahead: undefined };
    const loop: Loop = { args, fault, options, M, P, width, recurrentBias, inputs, product, project, recurrent, ...room, ...often };
    if (runsOnKernel(loop, products.place)) return loop;
    if (fault.carry?.by === 'step') runSharing(loop);
    else if (N > 1 && products.rows && !fault.carry && !fault.inPlace && options.every === undefined) runTogether(loop, products.rows);
    else runApart(loop);
    return loop;
  });
}

/** Columns [from, to) of the products computed ahead; undefined if those are of another h. */
function productsAhead(ahead: Ahead | undefined, h: FloatArray, from: number, to: number): FloatArray | undefined {
  if (ahead === undefined || ahead.h !== h || to > ahead.K) return undefined;
  ahead.used = true;
  return ahead.products.subarray(ahead.row * ahead.K + from, ahead.row * ahead.K + to);
}

function roomFor({ x, cell, units: M, trace }: RecurrenceArgs, P: number, width: number, precision: Precision) {
  const [N, T] = x.shape;
  const widths = cell.states.map((_, s) => (s === 0 ? P : M));
  return {
    widths,
    gates: allocate(width, precision),
    keptGates: trace ? allocate(N * T * width, precision) : undefined,
    sequence: allocate(N * T * P, precision),
    states: widths.map(w => allocate(N * w, precision)),
    kept: trace ? widths.map(w => allocate(N * T * w, precision)) : undefined,
    spare: widths.map((w, s) => allocate(s === 0 ? M : w, precision)),
  };
}

/** Runs each sample by itself, as is correct. */
function runApart(loop: Loop): void {
  const [from, to] = stepsIn(loop);
  for (let n = 0; n < loop.args.x.shape[0]; n++) {
    let state = startOf(loop, n);
    for (let step = from; step < to; step++) state = runStep(loop, n, step, state);
    keepFinal(loop, state, n);
  }
}

/**
 * Runs all samples step by step, so that Wh is read once for all of them. A GRU that resets before the product needs its third block for
 * another h.
 */
function runTogether(loop: Loop, rows: NonNullable<Products['rows']>): void {
  const { args, M, width, recurrentBias } = loop;
  const [from, to] = stepsIn(loop);
  const states = Array.from({ length: args.x.shape[0] }, (_, n) => startOf(loop, n));
  const K = args.cell.name === 'gru' && !args.options.resetAfter ? 2 * M : width;
  const bias = recurrentBias?.subarray(0, K);
  for (let step = from, used = true; step < to; step++) {
    const list = states.map(state => state[0]);
    const ahead: Ahead | undefined = used ? { products: rows(list, K, bias), K, row: 0, h: list[0], used: false } : undefined;
    loop.ahead = ahead;
    states.forEach((state, n) => {
      if (ahead) [ahead.row, ahead.h] = [n, list[n]];
      states[n] = runStep(loop, n, step, state);
    });
    // a mistake may multiply another vector
    used = ahead?.used === true;
  }
  loop.ahead = undefined;
  for (const [n, state] of states.entries()) keepFinal(loop, state, n);
}

/** One state for all samples, passed on at every step. */
function runSharing(loop: Loop): void {
  const [N, T] = loop.args.x.shape;
  let shared = startOf(loop, 0);
  for (let step = 0; step < T; step++) {
    for (let n = 0; n < N; n++) {
      shared = runStep(loop, n, step, shared);
      if (step === T - 1) keepFinal(loop, shared, n);
    }
  }
}

/** Runs one step of sample n; returns the new states, or the old ones if the step is masked. */
function runStep(loop: Loop, n: number, step: number, state: FloatArray[]): FloatArray[] {
  const { args, round, widths, sequence, kept, P, M } = loop;
  const T = args.x.shape[1];
  const row = n * T + (args.reverse ? T - 1 - step : step);
  const masked = args.mask !== undefined && args.mask[row] === 0;
  let now = state;
  if (!masked) {
    now = loop.spare;
    stepOnce(loop, row, state, now, T - 1 - step);
    if (loop.project) now[0] = loop.project(now[0], 0, 0, P, undefined).slice();
    if (round) for (const s of now) for (let k = 0; k < s.length; k++) s[k] = round(s[k]);
    loop.spare = loop.project ? [allocate(M, loop.options.precision), state[1]] : state;
  }
  if (!masked || !args.zeroOutputForMask) sequence.set(now[loop.output], row * P);
  kept?.forEach((all, s) => {
    all.set(now[s], row * widths[s]);
  });
  return now;
}

/** Computes one row: `gates` becomes its activated gates, `next` the new states. */
function stepOnce(loop: Loop, row: number, state: readonly FloatArray[], next: readonly FloatArray[], left: number): void {
  const { args, M, width, gates, inputs, recurrent, step, peepholes } = loop;
  gates.set(inputs.subarray(row * width, (row + 1) * width));
  if (loop.inPlace) stepInPlace(loop, state, next);
  else {
    const context = stepContext(args, { N: 1, M, gates, state, next, recurrent, peepholes });
    if (step) step(context, args.cell.step, left, args.reverse);
    else args.cell.step(context);
  }
  loop.keptGates?.set(gates, row * width);
}

function keepFinal({ states, widths }: Loop, state: readonly FloatArray[], n: number): void {
  states.forEach((all, s) => {
    all.set(state[s], n * widths[s]);
  });
}

/** Returns the sequence [N, T, P] in the time order of its input, the last h [N, P], and the states. @param way 0 forward, 1 backward */
function resultOf(loop: Loop, fault: LoopFault, way: number): RecurrenceResult {
  const { args, P, width, widths, keptGates, states, kept } = loop;
  const [N, T] = args.x.shape;
  const last = lastOf(loop, fault, way);
  const own = { shape: [N, T, P], data: loop.sequence };
  const repeated = () => takeAlong({ shape: [N, 1, P], data: last }, 1, T, () => 0);
  return {
    sequence: fault.aliased ? repeated() : fault.notFlipped && way === 1 ? flipTime(own) : own,
    last: { shape: [N, P], data: last },
    states: states.map((data, s) => ({ shape: [N, widths[s]], data })),
    trace: kept && {
      gates: { shape: [N, T, width], data: keptGates! },
      states: kept.map((data, s) => ({ shape: [N, T, widths[s]], data })),
    },
  };
}

/** The output of the last processed step, or of the step taken for it by mistake. */
function lastOf({ args, P, sequence, states }: Loop, fault: LoopFault, way: number): FloatArray {
  const [N, T] = args.x.shape;
  const { mask, reverse } = args;
  const data = states[fault.output ?? 0].slice();
  const end = fault.last === undefined ? T - 1 : mistakenLast(fault.last, T, reverse && way === 0);
  if (end < 0) throw new Mismatch();
  for (let n = 0; n < N; n++) {
    if (fault.last !== undefined) data.set(sequence.subarray((n * T + end) * P, (n * T + end + 1) * P), n * P);
    else if (mask && args.zeroOutputForMask && mask[n * T + (reverse ? 0 : T - 1)] === 0) data.fill(0, n * P, (n + 1) * P);
  }
  return data;
}

/** Time index of the step that is taken for the last one. */
function mistakenLast(last: NonNullable<LoopFault['last']>, T: number, reversed: boolean): number {
  if (last === 'first') return reversed ? T - 1 : 0;
  if (last === 'end') return T - 1;
  return reversed ? last : T - 1 - last;
}
