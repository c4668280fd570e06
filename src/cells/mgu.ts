import { applyTo, clampTo, rowOf } from './apply.js';
import type { Cell, StepContext } from './cell.js';
import { biasShapes, kernelShapes } from './weightShapes.js';

/*
 * Minimal gated unit (Zhou et al. 2016), as Flax has it (linen.MGUCell with its reset gate):
 *   f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)
 *   g = tanh(x_t·Wx_g + b_g + f ⊙ (h_{t−1}·Wh_g + b'_g))
 *   h_t = f ⊙ h_{t−1} + (1 − f) ⊙ g
 * One gate both resets and updates. The candidate g is n in Flax; its recurrent bias b' is inside f⊙(…). Keras, PyTorch and ONNX have no such cell.
 */
const GATES = ['f', 'g'] as const;

export const mgu: Cell = {
  name: 'mgu',
  title: 'MGU',
  gates: GATES,
  states: ['h'],
  fields: { recurrentActivation: { type: 'activation', default: 'sigmoid' } },
  equations: () => [
    'f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)',
    "g = tanh(x_t·Wx_g + b_g + f⊙(h_{t−1}·Wh_g + b'_g))",
    'h_t = f⊙h_{t−1} + (1 − f)⊙g',
  ],
  weightShapes: (D, M, options, symbols) => [
    ...kernelShapes(GATES, D, M, options, symbols),
    ...biasShapes(GATES, M, { ...options, twoBiases: true }, symbols),
  ],
  recurrentBiasApart: () => true,
  flax: { gates: ['f', 'g'], className: 'MGUCell', spareBiases: 1 },
  elementwise: M => ({ multiplyAdds: 3 * M, activations: 2 * M }),

  step({ N, M, gates, state, next, recurrent, sig, act, options }: StepContext) {
    const [h] = state;
    const [hNext] = next;
    const Uh = recurrent(h, 0, 2);
    const z = rowOf(2 * M);
    for (let n = 0; n < N; n++) {
      const F = n * 2 * M;
      const G = F + M;
      const k = n * M;
      for (let m = 0; m < M; m++) z[m] = gates[F + m] + Uh[F + m];
      clampTo(options.clip, z, 0, M);
      applyTo(sig, z, 0, M, M);
      for (let m = 0; m < M; m++) gates[F + m] = z[m];
      for (let m = 0; m < M; m++) z[M + m] = gates[G + m] + gates[F + m] * Uh[G + m];
      clampTo(options.clip, z, M, 2 * M);
      applyTo(act, z, M, 2 * M, M);
      for (let m = 0; m < M; m++) gates[G + m] = z[M + m];
      for (let m = 0; m < M; m++) hNext[k + m] = gates[F + m] * h[k + m] + (1 - gates[F + m]) * gates[G + m];
    }
  },

  handCalculation(w) {
    const h = w.given('h');
    const f = w.apply('f', w.sig, w.sum('sum_f', [w.input('f'), w.recurrent('f'), ...w.bias('f', 0), ...w.bias('f', 1)]));
    const product = w.recurrent('g');
    const bias = w.bias('g', 1);
    const inner = bias.length === 0 ? product : w.sum(`${product.label} + ${bias[0].label}`, [product, ...bias], 'part');
    const reset = w.times(bias.length === 0 ? `f⊙${product.label}` : `f⊙(${inner.label})`, f, inner);
    const g = w.apply('g', w.act, w.sum('sum_g', [w.input('g'), ...w.bias('g', 0), reset]));
    const fresh = w.apply('1 − f', { name: '1 − ', f: x => 1 - x }, f, 'part');
    w.sum('h_t', [w.times(`f⊙${h.label}`, f, h), w.times('(1 − f)⊙g', fresh, g)], 'result');
  },
};
