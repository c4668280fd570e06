import { applyTo, clampTo, rowOf } from './apply.js';
import type { Cell, StepContext } from './cell.js';
import type { Line, StepWriter } from './handCalculation.js';
import { biasShapes, kernelShapes } from './weightShapes.js';

/*
 * Long short-term memory:
 *   i = σ(x_t·Wx_i + h_{t−1}·Wh_i + b_i [+ p_i ⊙ c_{t−1}])
 *   f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f [+ p_f ⊙ c_{t−1}])        input_forget: f = 1 − i
 *   g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)                        the candidate: c̃ (Keras), g (PyTorch), c (ONNX)
 *   c_t = f ⊙ c_{t−1} + i ⊙ g
 *   o = σ(x_t·Wx_o + h_{t−1}·Wh_o + b_o [+ p_o ⊙ c_t])             the peephole of o sees the new c
 *   h_t = o ⊙ tanh(c_t)      with a projection (PyTorch proj_size): h_t = (o ⊙ tanh(c_t))·Wp
 * Peepholes, clip and input_forget are ONNX's.
 */
const GATES = ['i', 'f', 'g', 'o'] as const;

export const lstm: Cell = {
  name: 'lstm',
  title: 'LSTM',
  fields: {
    recurrentActivation: { type: 'activation', default: 'sigmoid' },
    projection: { type: 'size', default: null },
    peepholes: { type: 'boolean', default: false },
    inputForget: { type: 'boolean', default: false },
    unitForgetBias: { type: 'boolean', default: true },
  },
  gates: GATES,
  states: ['h', 'c'],
  equations: options => [
    `i = σ(x_t·Wx_i + h_{t−1}·Wh_i + b_i${options.peepholes ? ' + p_i⊙c_{t−1}' : ''})`,
    options.inputForget ? 'f = 1 − i' : `f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f${options.peepholes ? ' + p_f⊙c_{t−1}' : ''})`,
    'g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)',
    `o = σ(x_t·Wx_o + h_{t−1}·Wh_o + b_o${options.peepholes ? ' + p_o⊙c_t' : ''})`,
    'c_t = f⊙c_{t−1} + i⊙g',
    options.projection === null ? 'h_t = o⊙tanh(c_t)' : 'h_t = (o⊙tanh(c_t))·Wp',
  ],
  weightShapes: (D, M, options, symbols = { D: 'D', M: 'M', P: 'P' }) => [
    ...kernelShapes(GATES, D, M, options, symbols),
    ...biasShapes(GATES, M, options, symbols),
    ...(options.projection === null
      ? []
      : [
          {
            name: 'Wp',
            role: 'projection' as const,
            dims: [symbols.M, symbols.P],
            shape: [M, options.projection],
            gates: null,
            formula: `${symbols.M}*${symbols.P}`,
          },
        ]),
    ...(options.peepholes
      ? [{ name: 'p', role: 'peepholes' as const, dims: ['3', symbols.M], shape: [3, M], gates: null, formula: `3*${symbols.M}` }]
      : []),
  ],
  keras: { gates: ['i', 'f', 'g', 'o'], className: 'LSTM' },
  torch: { gates: ['i', 'f', 'g', 'o'], className: 'LSTM' },
  onnx: { gates: ['i', 'o', 'f', 'g'], className: 'LSTM' },
  flax: { gates: ['i', 'f', 'g', 'o'], className: 'LSTMCell', spareBiases: 0 },
  elementwise: (M, options) => ({ multiplyAdds: (3 + (options.peepholes ? 3 : 0)) * M, activations: (options.inputForget ? 4 : 5) * M }),

  step({ N, M, gates, state, next, recurrent, sig, act, actOut, options, peepholes }: StepContext) {
    const [h, c] = state;
    const [hNext, cNext] = next;
    const Uh = recurrent(h, 0, 4);
    const z = rowOf(4 * M);
    for (let n = 0; n < N; n++) {
      const I = n * 4 * M;
      const O = I + 3 * M;
      const k = n * M;
      for (let g = 0; g < 4 * M; g++) z[g] = gates[I + g] + Uh[I + g];
      if (peepholes) {
        for (let m = 0; m < M; m++) z[m] += peepholes[m] * c[k + m];
        for (let m = 0; m < M; m++) z[M + m] += peepholes[2 * M + m] * c[k + m];
      }
      clampTo(options.clip, z, 0, 3 * M);
      applyTo(sig, z, 0, options.inputForget ? M : 2 * M, M);
      applyTo(act, z, 2 * M, 3 * M, M);
      for (let g = 0; g < 3 * M; g++) gates[I + g] = z[g];
      if (options.inputForget) for (let m = 0; m < M; m++) gates[I + M + m] = 1 - gates[I + m];
      for (let m = 0; m < M; m++) cNext[k + m] = gates[I + M + m] * c[k + m] + gates[I + m] * gates[I + 2 * M + m];
      if (peepholes) for (let m = 0; m < M; m++) z[3 * M + m] += peepholes[M + m] * cNext[k + m];
      clampTo(options.clip, z, 3 * M, 4 * M);
      applyTo(sig, z, 3 * M, 4 * M, M);
      for (let m = 0; m < M; m++) gates[O + m] = z[3 * M + m];
      for (let m = 0; m < M; m++) z[m] = cNext[k + m];
      applyTo(actOut, z, 0, M, M);
      for (let m = 0; m < M; m++) hNext[k + m] = gates[O + m] * z[m];
    }
  },

  handCalculation<L extends Line>(w: StepWriter<L>) {
    const before = w.given('c');
    const sum = (gate: string, peep: L[]) =>
      w.sum(`sum_${gate}`, [w.input(gate), w.recurrent(gate), ...w.bias(gate, 0), ...w.bias(gate, 1), ...peep]);
    const i = w.apply('i', w.sig, sum('i', w.peephole('i', 0, before)));
    const f = w.options.inputForget
      ? w.apply('f', { name: '1 − ', f: x => 1 - x }, i)
      : w.apply('f', w.sig, sum('f', w.peephole('f', 2, before)));
    const g = w.apply('g', w.act, sum('g', []));
    const c = w.sum('c_t', [w.times(`f⊙${before.label}`, f, before), w.times('i⊙g', i, g)], 'result');
    const o = w.apply('o', w.sig, sum('o', w.peephole('o', 1, c)));
    const out = w.apply(`${w.actOut.name}(c_t)`, w.actOut, c, 'part');
    if (w.options.projection === null) w.times('h_t', o, out, 'result');
    else w.projected('h_t', w.times(`o⊙${out.label}`, o, out));
  },
};
