import { applyTo, clampTo, rowOf } from '../../src/cells/apply.js';
import type { Cell, StepContext } from '../../src/cells/cell.js';
import { biasShapes, kernelShapes } from '../../src/cells/weightShapes.js';

/*
 * JANET, "just another network" (van der Westhuizen and Lasenby 2018), a cell that neither Keras nor PyTorch nor ONNX has:
 *   f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)
 *   g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)
 *   h_t = f ⊙ h_{t−1} + (1 − f) ⊙ g
 */
const GATES = ['f', 'g'] as const;

export const janet: Cell = {
  name: 'janet',
  title: 'JANET',
  gates: GATES,
  states: ['h'],
  fields: { recurrentActivation: { type: 'activation', default: 'sigmoid' } },
  equations: () => ['f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)', 'g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)', 'h_t = f⊙h_{t−1} + (1 − f)⊙g'],
  weightShapes: (D, M, options, symbols) => [...kernelShapes(GATES, D, M, options, symbols), ...biasShapes(GATES, M, options, symbols)],
  elementwise: M => ({ multiplyAdds: 2 * M, activations: 2 * M }),

  step({ N, M, gates, state, next, recurrent, sig, act, options }: StepContext) {
    const U = recurrent(state[0], 0, 2);
    const z = rowOf(2 * M);
    for (let n = 0; n < N; n++) {
      const F = n * 2 * M;
      for (let g = 0; g < 2 * M; g++) z[g] = gates[F + g] + U[F + g];
      clampTo(options.clip, z, 0, 2 * M);
      applyTo(sig, z, 0, M, M);
      applyTo(act, z, M, 2 * M, M);
      for (let g = 0; g < 2 * M; g++) gates[F + g] = z[g];
      for (let m = 0; m < M; m++) next[0][n * M + m] = gates[F + m] * state[0][n * M + m] + (1 - gates[F + m]) * gates[F + M + m];
    }
  },

  handCalculation(w) {
    const h = w.given('h');
    const gate = (name: string, f: typeof w.sig) =>
      w.apply(name, f, w.sum(`sum_${name}`, [w.input(name), w.recurrent(name), ...w.bias(name, 0), ...w.bias(name, 1)]));
    const f = gate('f', w.sig);
    const g = gate('g', w.act);
    const fresh = w.apply('1 − f', { name: '1 − ', f: x => 1 - x }, f, 'part');
    w.sum('h_t', [w.times(`f⊙${h.label}`, f, h), w.times('(1 − f)⊙g', fresh, g)], 'result');
  },
};
