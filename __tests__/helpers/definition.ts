import type { CellFunction } from '../../src/activations/activation.js';
import type { RecurrenceArgs, RecurrenceResult } from '../../src/layers/layer.js';
import { sigmoid32, tanh32 } from '../../src/numerics/float32.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/**
 * A recurrence number by number, as its definition reads: the oracle for bits. Nothing is shared with an engine but the functions sigmoid32 and tanh32,
 * which have tests of their own. `fused` is what the default cells give in float32 (every operation rounded), `general` what a cell's own step gives
 * (what is stored is rounded).
 */
export function defined(args: RecurrenceArgs, arithmetic: 'fused' | 'general'): RecurrenceResult {
  const { x, mask, initial, units: M, cell, reverse } = args;
  const [N, T, D] = x.shape;
  const P = args.weights.projection?.shape[1] ?? M;
  const widths = cell.states.map((_, s) => (s === 0 ? P : M));
  const step = arithmetic === 'fused' ? fusedStep(args) : generalStep(args);
  const sequence: number[][][] = [];
  const gates: number[][][] = [];
  const traces: number[][][][] = widths.map(() => []);
  const last: number[][] = [];
  const states: number[][][] = widths.map(() => []);
  for (let n = 0; n < N; n++) {
    let now = widths.map((w, s) => list(w, m => initial?.[s].data[n * w + m] ?? 0));
    const of: number[][] = [];
    const gatesOf: number[][] = [];
    const statesOf: number[][][] = widths.map(() => []);
    let output: number[] = [];
    for (const t of reverse ? list(T, k => T - 1 - k) : list(T, k => k)) {
      gatesOf[t] = list(cell.gates.length * M, () => 0);
      const real = mask === undefined || mask[n * T + t] !== 0;
      if (real)
        [gatesOf[t], now] = step(
          list(D, d => x.data[(n * T + t) * D + d]),
          now,
        );
      output = real || !args.zeroOutputForMask ? now[0] : list(P, () => 0);
      of[t] = output;
      now.forEach((s, i) => {
        statesOf[i][t] = s;
      });
    }
    sequence.push(of);
    gates.push(gatesOf);
    last.push(output);
    now.forEach((s, i) => {
      states[i].push(s);
      traces[i].push(statesOf[i]);
    });
  }
  const tensor = (shape: number[], nested: readonly unknown[]): Tensor => {
    const flat = nested.flat(Number.POSITIVE_INFINITY as 3) as number[];
    return { shape, data: x.data instanceof Float32Array ? Float32Array.from(flat) : Float64Array.from(flat) };
  };
  return {
    sequence: args.sequence ? tensor([N, T, P], sequence) : undefined,
    last: tensor([N, P], last),
    states: states.map((s, i) => tensor([N, widths[i]], s)),
    trace: args.trace
      ? { gates: tensor([N, T, cell.gates.length * M], gates), states: traces.map((s, i) => tensor([N, T, widths[i]], s)) }
      : undefined,
  };
}

/** x [D] and the states before -> [gates [G·M], states after] */
type Step = (x: readonly number[], states: readonly number[][]) => [number[], number[][]];

function fusedStep({ cell, options, weights, units: M, x }: RecurrenceArgs): Step {
  const f = Math.fround;
  const sum = summing(f, 256);
  const apart = x.shape[2] + M > 256;
  const { bias } = weights;
  const W = cell.gates.length * M;
  const kept = (j: number) => cell.name === 'gru' && options.resetAfter && bias?.shape.length === 2 && j >= 2 * M;
  const start = (j: number) => (!bias ? 0 : bias.shape.length === 1 || kept(j) ? bias.data[j] : f(bias.data[j] + bias.data[W + j]));
  const input = (v: readonly number[], j: number) => sum(start(j), terms(v, weights.kernel!, j));
  const both = (v: readonly number[], h: readonly number[], j: number) => sum(input(v, j), terms(h, weights.recurrentKernel!, j), apart);
  const gate = (v: readonly number[], h: readonly number[], g: number, act: (a: number) => number) =>
    list(M, m => act(both(v, h, g * M + m)));
  if (cell.name === 'rnn')
    return (v, [h]) => {
      const next = gate(v, h, 0, tanh32);
      return [next, [next]];
    };
  if (cell.name === 'lstm')
    return (v, [h, c]) => {
      const [i, forget, g, o] = [sigmoid32, sigmoid32, tanh32, sigmoid32].map((act, k) => gate(v, h, k, act));
      const cNext = list(M, m => f(f(forget[m] * c[m]) + f(i[m] * g[m])));
      return [[i, forget, g, o].flat(), [list(M, m => f(o[m] * tanh32(cNext[m]))), cNext]];
    };
  return (v, [h]) => {
    const z = gate(v, h, 0, sigmoid32);
    const r = gate(v, h, 1, sigmoid32);
    const rh = list(M, m => f(r[m] * h[m]));
    const product = (m: number) => sum(kept(2 * M) ? bias!.data[W + 2 * M + m] : 0, terms(h, weights.recurrentKernel!, 2 * M + m));
    const g = options.resetAfter
      ? list(M, m => tanh32(f(input(v, 2 * M + m) + f(r[m] * product(m)))))
      : list(M, m => tanh32(both(v, rh, 2 * M + m)));
    return [[z, r, g].flat(), [list(M, m => f(f(z[m] * h[m]) + f(f(1 - z[m]) * g[m])))]];
  };
}

function generalStep({ cell, options, weights, units: M, x, act, actOut, sig }: RecurrenceArgs): Step {
  const f = x.data instanceof Float32Array ? Math.fround : (v: number) => v;
  const sum = summing(f, x.data instanceof Float32Array ? 256 : Number.POSITIVE_INFINITY);
  const { bias, projection, peepholes } = weights;
  const W = cell.gates.length * M;
  const [rows, apart] = [bias?.shape.length ?? 0, options.resetAfter];
  const start = (j: number) => (!bias ? 0 : rows === 1 || apart ? bias.data[j] : f(bias.data[j] + bias.data[W + j]));
  const startOfRecurrent = (j: number) => (rows === 2 && apart ? bias!.data[W + j] : 0);
  const clip = (v: number) => (options.clip === null || Number.isNaN(v) ? v : Math.min(Math.max(v, -options.clip), options.clip));
  const input = (v: readonly number[], j: number) => sum(start(j), terms(v, weights.kernel!, j));
  const recurrent = (h: readonly number[], j: number) => sum(startOfRecurrent(j), terms(h, weights.recurrentKernel!, j));
  const peep = (row: number, m: number, c: readonly number[]) => (peepholes ? peepholes.data[row * M + m] * c[m] : 0);
  const all = (fn: CellFunction, z: number[]) => {
    if (typeof fn !== 'function') fn.row(z, 0, z.length, z);
    return typeof fn === 'function' ? z.map(fn) : z;
  };
  const gate = (v: readonly number[], h: readonly number[], g: number, fn: CellFunction, more: (m: number) => number = () => 0) =>
    all(
      fn,
      list(M, m => clip(input(v, g * M + m) + recurrent(h, g * M + m) + more(m))),
    ).map(f);
  const projected = (h: number[]) => (projection ? list(projection.shape[1], p => sum(0, terms(h, projection, p))) : h);
  if (cell.name === 'rnn')
    return (v, [h]) => {
      const next = gate(v, h, 0, act);
      return [next, [next]];
    };
  if (cell.name === 'lstm')
    return (v, [h, c]) => {
      const i = gate(v, h, 0, sig, m => peep(0, m, c));
      const forget = options.inputForget ? i.map(a => f(1 - a)) : gate(v, h, 1, sig, m => peep(2, m, c));
      const g = gate(v, h, 2, act);
      const cNext = list(M, m => f(forget[m] * c[m] + i[m] * g[m]));
      const o = gate(v, h, 3, sig, m => peep(1, m, cNext));
      const out = all(actOut, [...cNext]);
      return [[i, forget, g, o].flat(), [projected(list(M, m => f(o[m] * out[m]))), cNext]];
    };
  return (v, [h]) => {
    const z = gate(v, h, 0, sig);
    const r = gate(v, h, 1, sig);
    const rh = list(M, m => f(r[m] * h[m]));
    const candidate = (m: number) => {
      const j = 2 * M + m;
      return apart ? f(input(v, j) + r[m] * recurrent(h, j)) : input(v, j) + recurrent(rh, j);
    };
    const g = all(
      act,
      list(M, m => clip(candidate(m))),
    ).map(f);
    return [[z, r, g].flat(), [list(M, m => f(z[m] * h[m] + (1 - z[m]) * g[m]))]];
  };
}

/** start + Σ a·b, every operation rounded; more than `chain` terms, or all of those that stand apart, are summed for themselves first */
function summing(f: (v: number) => number, chain: number) {
  return (start: number, pairs: readonly (readonly [number, number])[], apart = false): number => {
    let sum = start;
    for (let from = 0; from < pairs.length; from += chain) {
      const own = apart || from > 0;
      const part = pairs.slice(from, from + chain).reduce((s, [a, b]) => f(s + f(a * b)), own ? 0 : sum);
      sum = own ? f(sum + part) : part;
    }
    return sum;
  };
}

/** the factors of v·W for column j */
function terms(v: readonly number[], W: Tensor, j: number): [number, number][] {
  return v.map((a, k) => [a, W.data[k * W.shape[1] + j]]);
}

function list<T>(length: number, of: (k: number) => T): T[] {
  return Array.from({ length }, (_, k) => of(k));
}
