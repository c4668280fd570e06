import type { RecurrenceArgs, RecurrenceResult } from '../layers/layer.js';
import type { FloatArray } from '../tensor/tensor.js';

/** Collects the outputs of a recurrence step by step, in time order. */
export interface Recording {
  /** states of sample n before its first step: h [P], c [M] */
  initial(n: number): readonly FloatArray[];
  step(n: number, t: number, gates: FloatArray, state: readonly FloatArray[]): void;
  /** a masked step: the state is kept; the output repeats the last h, or is zero */
  masked(n: number, t: number, state: readonly FloatArray[]): void;
  /** after the last processed step of sample n */
  finish(n: number, state: readonly FloatArray[]): void;
  result(): RecurrenceResult;
}

/** @param P width of h (M without projection) */
export function startRecording(args: RecurrenceArgs, allocate: (length: number) => FloatArray, P: number): Recording {
  const { x, cell, mask, reverse, zeroOutputForMask, initial, trace, units: M } = args;
  const [N, T] = x.shape;
  const widths = cell.states.map((_, s) => (s === 0 ? P : M));
  const G = cell.gates.length;
  const sequence = args.sequence ? allocate(N * T * P) : undefined;
  const last = allocate(N * P);
  const states = widths.map(w => allocate(N * w));
  const gateTrace = trace ? allocate(N * T * G * M) : undefined;
  const stateTrace = trace ? widths.map(w => allocate(N * T * w)) : undefined;
  const keepStates = (n: number, t: number, state: readonly FloatArray[]) => {
    stateTrace?.forEach((all, s) => {
      all.set(state[s], (n * T + t) * widths[s]);
    });
  };
  return {
    initial: n => widths.map((w, s) => (initial ? initial[s].data.slice(n * w, (n + 1) * w) : allocate(w))),
    step(n, t, gates, state) {
      sequence?.set(state[0], (n * T + t) * P);
      gateTrace?.set(gates, (n * T + t) * G * M);
      keepStates(n, t, state);
    },
    masked(n, t, state) {
      if (!zeroOutputForMask) sequence?.set(state[0], (n * T + t) * P);
      keepStates(n, t, state);
    },
    finish(n, state) {
      const lastStep = reverse ? 0 : T - 1;
      if (!(mask && zeroOutputForMask && mask[n * T + lastStep] === 0)) last.set(state[0], n * P);
      states.forEach((all, s) => {
        all.set(state[s], n * widths[s]);
      });
    },
    result: () => ({
      sequence: sequence && { shape: [N, T, P], data: sequence },
      last: { shape: [N, P], data: last },
      states: states.map((data, s) => ({ shape: [N, widths[s]], data })),
      trace: gateTrace && {
        gates: { shape: [N, T, G * M], data: gateTrace },
        states: stateTrace!.map((data, s) => ({ shape: [N, T, widths[s]], data })),
      },
    }),
  };
}
