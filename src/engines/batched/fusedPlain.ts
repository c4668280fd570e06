import type { RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import { sigmoid32, tanh32 } from '../../numerics/float32.js';
import { startRecording } from '../recording.js';
import { startValues } from './fused.js';
import type { FusedCell } from './kernel.js';
import { addRow32, CHAIN } from './matmul.js';

/**
 * The fast path in plain TypeScript: the reference for the WASM kernel, which has the same bits, and the code that runs without WASM or when
 * gates are traced. Every sum starts at the bias and adds x_t·Wx, then h·Wh, term by term, rounding each product and each sum; sums longer
 * than CHAIN are split into chains, which are then added up.
 */
const f = Math.fround;

/** Computes one step of one sample from x [D], which starts at `at`, and h [M]: fills `gates` [G·M] (activated), updates h and, for an LSTM, c [M]. */
type Step = (at: number, gates: Float32Array, h: Float32Array, c: Float32Array) => void;

/** The same recurrence in TypeScript, with the kernel's bits. x [N, T, D] -> [N, T, M] */
export function fusedPlain(args: RecurrenceArgs, kind: FusedCell): RecurrenceResult {
  const { cell, x, mask, reverse, units: M } = args;
  const [N, T, D] = x.shape;
  const record = startRecording(args, length => new Float32Array(length), M);
  const step = STEPS[kind](args);
  const gates = new Float32Array(cell.gates.length * M);
  for (let n = 0; n < N; n++) {
    const states = record.initial(n).map(s => Float32Array.from(s));
    const [h, c] = states;
    for (let s = 0; s < T; s++) {
      const t = reverse ? T - 1 - s : s;
      if (mask && mask[n * T + t] === 0) {
        record.masked(n, t, states);
        continue;
      }
      step((n * T + t) * D, gates, h, c);
      record.step(n, t, gates, states);
    }
    record.finish(n, states);
  }
  return record.result();
}

const STEPS: Record<FusedCell, (args: RecurrenceArgs) => Step> = {
  rnn(args) {
    const { M, startWithInput, addRecurrent } = parts(args);
    return (at, gates, h) => {
      startWithInput(gates, at);
      addRecurrent(gates, h, 0, M);
      for (let m = 0; m < M; m++) h[m] = gates[m] = tanh32(gates[m]);
    };
  },

  lstm(args) {
    const { M, startWithInput, addRecurrent } = parts(args);
    return (at, gates, h, c) => {
      startWithInput(gates, at);
      addRecurrent(gates, h, 0, 4 * M);
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
    const { M, startWithInput, addRecurrent, recurrentBias, recurrent } = parts(args);
    const candidate = { w: recurrent, W: 3 * M, column: 2 * M, K: M };
    const start = recurrentBias?.subarray(2 * M) ?? new Float32Array(M);
    const gh = new Float32Array(M);
    return (at, gates, h) => {
      startWithInput(gates, at);
      addRecurrent(gates, h, 0, 2 * M);
      gh.set(start);
      addRow32(gh, 0, h, 0, M, candidate);
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
    const { M, startWithInput, addRecurrent } = parts(args);
    const rh = new Float32Array(M);
    return (at, gates, h) => {
      startWithInput(gates, at);
      addRecurrent(gates, h, 0, 2 * M);
      for (let m = 0; m < M; m++) {
        gates[m] = sigmoid32(gates[m]);
        gates[M + m] = sigmoid32(gates[M + m]);
        rh[m] = f(gates[M + m] * h[m]);
      }
      addRecurrent(gates, rh, 2 * M, M);
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
  const { units: M, x, weights } = args;
  const D = x.shape[2];
  const start = startValues(args);
  const W = args.cell.gates.length * M;
  const bias = start.input ?? new Float32Array(W);
  const input = { w: weights.kernel!.data, W, column: 0, K: W };
  const recurrent = weights.recurrentKernel!.data;
  // if one chain would be too long, x and h have separate chains
  const fresh = D + M > CHAIN;
  return {
    M,
    recurrent,
    recurrentBias: start.recurrent,
    /** gates = bias + x_t·Wx */
    startWithInput(gates: Float32Array, at: number): void {
      gates.set(bias);
      addRow32(gates, 0, x.data, at, D, input);
    },
    /** gates += h·Wh for columns [column, column + K) */
    addRecurrent(gates: Float32Array, h: Float32Array, column: number, K: number): void {
      addRow32(gates, column, h, 0, M, { w: recurrent, W, column, K }, fresh);
    },
  };
}
