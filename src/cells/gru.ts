import { applyTo, clampTo, rowOf } from './apply.js';
import type { Cell, StepContext } from './cell.js';
import { biasShapes, kernelShapes } from './weightShapes.js';

/*
 * Gated recurrent unit:
 *   z = σ(x_t·Wx_z + h_{t−1}·Wh_z + b_z)
 *   r = σ(x_t·Wx_r + h_{t−1}·Wh_r + b_r)
 *   g = tanh(x_t·Wx_g + b_g + r ⊙ (h_{t−1}·Wh_g + b'_g))     reset after the product: Keras 3 default, PyTorch (n), ONNX linear_before_reset=1
 *   g = tanh(x_t·Wx_g + (r ⊙ h_{t−1})·Wh_g + b_g)            reset before: Keras reset_after=False, tfjs, ONNX default
 *   h_t = z ⊙ h_{t−1} + (1 − z) ⊙ g
 * The candidate g is ĥ in Keras, n in PyTorch, h in ONNX. Reset after needs a separate recurrent bias b', inside r⊙(…).
 */
const GATES = ['z', 'r', 'g'] as const;

export const gru: Cell = {
  name: 'gru',
  title: 'GRU',
  fields: { recurrentActivation: { type: 'activation', default: 'sigmoid' }, resetAfter: { type: 'boolean', default: true } },
  gates: GATES,
  states: ['h'],
  equations: options => [
    'z = σ(x_t·Wx_z + h_{t−1}·Wh_z + b_z)',
    'r = σ(x_t·Wx_r + h_{t−1}·Wh_r + b_r)',
    options.resetAfter ? "g = tanh(x_t·Wx_g + b_g + r⊙(h_{t−1}·Wh_g + b'_g))" : 'g = tanh(x_t·Wx_g + (r⊙h_{t−1})·Wh_g + b_g)',
    'h_t = z⊙h_{t−1} + (1 − z)⊙g',
  ],
  weightShapes: (D, M, options, symbols) => [
    ...kernelShapes(GATES, D, M, options, symbols),
    ...biasShapes(GATES, M, { ...options, twoBiases: options.twoBiases || options.resetAfter }, symbols),
  ],
  recurrentBiasApart: options => options.resetAfter,
  keras: { gates: ['z', 'r', 'g'], className: 'GRU' },
  torch: { gates: ['r', 'z', 'g'], className: 'GRU' },
  onnx: { gates: ['z', 'r', 'g'], className: 'GRU' },
  flax: { gates: ['z', 'r', 'g'], className: 'GRUCell', spareBiases: 2 },
  elementwise: M => ({ multiplyAdds: 3 * M, activations: 3 * M }),

  step({ N, M, gates, state, next, recurrent, sig, act, options }: StepContext) {
    const [h] = state;
    const [hNext] = next;
    const blocks = options.resetAfter ? 3 : 2;
    const Uh = recurrent(h, 0, blocks);
    const z = rowOf(2 * M);
    for (let n = 0; n < N; n++) {
      const Z = n * 3 * M;
      const G = Z + 2 * M;
      const u = n * blocks * M;
      for (let g = 0; g < 2 * M; g++) z[g] = gates[Z + g] + Uh[u + g];
      clampTo(options.clip, z, 0, 2 * M);
      applyTo(sig, z, 0, 2 * M, M);
      for (let g = 0; g < 2 * M; g++) gates[Z + g] = z[g];
      if (options.resetAfter) for (let m = 0; m < M; m++) gates[G + m] += gates[Z + M + m] * Uh[u + 2 * M + m];
      else for (let m = 0; m < M; m++) hNext[n * M + m] = gates[Z + M + m] * h[n * M + m];
    }
    const Ug = options.resetAfter ? null : recurrent(hNext, 2, 3);
    for (let n = 0; n < N; n++) {
      const Z = n * 3 * M;
      const G = Z + 2 * M;
      const k = n * M;
      for (let m = 0; m < M; m++) z[m] = Ug ? gates[G + m] + Ug[k + m] : gates[G + m];
      clampTo(options.clip, z, 0, M);
      applyTo(act, z, 0, M, M);
      for (let m = 0; m < M; m++) gates[G + m] = z[m];
      for (let m = 0; m < M; m++) hNext[k + m] = gates[Z + m] * h[k + m] + (1 - gates[Z + m]) * gates[G + m];
    }
  },

  handCalculation(w) {
    const h = w.given('h');
    const gate = (name: string) =>
      w.apply(name, w.sig, w.sum(`sum_${name}`, [w.input(name), w.recurrent(name), ...w.bias(name, 0), ...w.bias(name, 1)]));
    const z = gate('z');
    const r = gate('r');
    const parts = [w.input('g'), ...w.bias('g', 0)];
    if (w.options.resetAfter) {
      const product = w.recurrent('g');
      const bias = w.bias('g', 1);
      const inner = bias.length === 0 ? product : w.sum(`${product.label} + ${bias[0].label}`, [product, ...bias], 'part');
      parts.push(w.times(bias.length === 0 ? `r⊙${product.label}` : `r⊙(${inner.label})`, r, inner));
    } else {
      parts.push(w.recurrent('g', w.times(`r⊙${h.label}`, r, h)), ...w.bias('g', 1));
    }
    const g = w.apply('g', w.act, w.sum('sum_g', parts));
    const kept = w.apply('1 − z', { name: '1 − ', f: x => 1 - x }, z, 'part');
    w.sum('h_t', [w.times(`z⊙${h.label}`, z, h), w.times('(1 − z)⊙g', kept, g)], 'result');
  },
};
