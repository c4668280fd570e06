import type { RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import { sigmoid32, tanh32 } from '../../numerics/float32.js';
import { startRecording } from '../recording.js';
import { startValues } from './fused.js';
import type { FusedCell } from './kernel.js';
import { CHAIN } from './matmul.js';

/**
 * The fast path in plain TypeScript: the reference for the WASM kernel, which gives the same bits, and what runs where there is no WASM or
 * where the gates are to be traced. Every sum starts at the bias and takes x_t·Wx, then h·Wh, term by term, each product and each sum rounded; what is
 * longer than CHAIN is summed in chains, which are added up.
 */
const f = Math.fround;

/** one step of one sample: x [D] and h [M] in, `gates` [G·M] activated, h and c [M] updated */
type Step = (x: Float32Array, gates: Float32Array, h: Float32Array, c: Float32Array) => void;

export function fusedPlain(args: RecurrenceArgs, kind: FusedCell): RecurrenceResult {
  const { cell, x, mask, reverse, units: M } = args;
  const [N, T, D] = x.shape;
  const record = startRecording(args, length => new Float32Array(length), M);
  const step = STEPS[kind](args);
  const gates = new Float32Array(cell.gates.length * M);
  const data = x.data as Float32Array;
  for (let n = 0; n < N; n++) {
    const [h, c = new Float32Array(M)] = record.initial(n).map(s => Float32Array.from(s));
    const states = cell.states.length === 2 ? [h, c] : [h];
    for (let s = 0; s < T; s++) {
      const t = reverse ? T - 1 - s : s;
      if (mask && mask[n * T + t] === 0) {
        record.masked(n, t, states);
        continue;
      }
      step(data.subarray((n * T + t) * D, (n * T + t + 1) * D), gates, h, c);
      record.step(n, t, gates, states);
    }
    record.finish(n, states);
  }
  return record.result();
}

const STEPS: Record<FusedCell, (args: RecurrenceArgs) => Step> = {
  rnn(args) {
    const { M, kernel, recurrent, start, fresh } = parts(args);
    return (x, gates, h) => {
      start(gates);
      add(gates, 0, M, x, kernel, M, 0);
      add(gates, 0, M, h, recurrent, M, 0, fresh);
      for (let m = 0; m < M; m++) h[m] = gates[m] = tanh32(gates[m]);
    };
  },

  lstm(args) {
    const { M, kernel, recurrent, start, fresh } = parts(args);
    const W = 4 * M;
    return (x, gates, h, c) => {
      start(gates);
      add(gates, 0, W, x, kernel, W, 0);
      add(gates, 0, W, h, recurrent, W, 0, fresh);
      for (let m = 0; m < M; m++) {
        const i = sigmoid32(gates[m]);
        const fg = sigmoid32(gates[M + m]);
        const g = tanh32(gates[2 * M + m]);
        const o = sigmoid32(gates[3 * M + m]);
        c[m] = f(f(fg * c[m]) + f(i * g));
        h[m] = f(o * tanh32(c[m]));
        [gates[m], gates[M + m], gates[2 * M + m], gates[3 * M + m]] = [i, fg, g, o];
      }
    };
  },

  gru(args) {
    const { M, kernel, recurrent, start, fresh, recurrentBias } = parts(args);
    const W = 3 * M;
    const gh = new Float32Array(M);
    return (x, gates, h) => {
      start(gates);
      if (recurrentBias) gh.set(recurrentBias.subarray(2 * M));
      else gh.fill(0);
      add(gates, 0, W, x, kernel, W, 0);
      add(gates, 0, 2 * M, h, recurrent, W, 0, fresh);
      add(gh, 0, M, h, recurrent, W, 2 * M);
      for (let m = 0; m < M; m++) {
        const z = sigmoid32(gates[m]);
        const r = sigmoid32(gates[M + m]);
        const g = tanh32(f(gates[2 * M + m] + f(r * gh[m])));
        h[m] = between(z, h[m], g);
        [gates[m], gates[M + m], gates[2 * M + m]] = [z, r, g];
      }
    };
  },

  gruBefore(args) {
    const { M, kernel, recurrent, start, fresh } = parts(args);
    const W = 3 * M;
    const rh = new Float32Array(M);
    return (x, gates, h) => {
      start(gates);
      add(gates, 0, W, x, kernel, W, 0);
      add(gates, 0, 2 * M, h, recurrent, W, 0, fresh);
      for (let m = 0; m < M; m++) {
        gates[m] = sigmoid32(gates[m]);
        gates[M + m] = sigmoid32(gates[M + m]);
        rh[m] = f(gates[M + m] * h[m]);
      }
      add(gates, 2 * M, M, rh, recurrent, W, 2 * M, fresh);
      for (let m = 0; m < M; m++) {
        const g = tanh32(gates[2 * M + m]);
        h[m] = between(gates[m], h[m], g);
        gates[2 * M + m] = g;
      }
    };
  },
};

/** z·h + (1 − z)·g */
function between(z: number, h: number, g: number): number {
  return f(f(z * h) + f(f(1 - z) * g));
}

function parts(args: RecurrenceArgs) {
  const { input, recurrent } = startValues(args);
  return {
    M: args.units,
    /** x and h have chains of their own, where one would be too long */
    fresh: args.x.shape[2] + args.units > CHAIN,
    kernel: args.weights.kernel!.data as Float32Array,
    recurrent: args.weights.recurrentKernel!.data as Float32Array,
    recurrentBias: recurrent as Float32Array | undefined,
    start(gates: Float32Array): void {
      if (input) gates.set(input);
      else gates.fill(0);
    },
  };
}

/** out[to, to + count) += v [K] · w[:, column, column + count), w [K, W], in chains of CHAIN terms. `fresh`: the first one starts at zero, too. */
function add(
  out: Float32Array,
  to: number,
  count: number,
  v: Float32Array,
  w: Float32Array,
  W: number,
  column: number,
  fresh = false,
): void {
  for (let from = 0; from < v.length; from += CHAIN) {
    const end = Math.min(v.length, from + CHAIN);
    if (from === 0 && !fresh) {
      addChain(out, to, count, v, from, end, w, W, column);
      continue;
    }
    const sum = new Float32Array(count);
    addChain(sum, 0, count, v, from, end, w, W, column);
    for (let j = 0; j < count; j++) out[to + j] = f(out[to + j] + sum[j]);
  }
}

/** terms k to `end`, one after the other */
function addChain(
  out: Float32Array,
  to: number,
  count: number,
  v: Float32Array,
  from: number,
  end: number,
  w: Float32Array,
  W: number,
  column: number,
): void {
  for (let k = from; k < end; k++) {
    const vk = v[k];
    const row = k * W + column;
    for (let j = 0; j < count; j++) out[to + j] = f(out[to + j] + f(vk * w[row + j]));
  }
}
