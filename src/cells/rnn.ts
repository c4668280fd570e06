import { applyTo, clampTo, rowOf } from './apply.js';
import type { Cell, StepContext } from './cell.js';
import { biasShapes, kernelShapes } from './weightShapes.js';

/*
 * The simple (Elman) recurrence:
 *   h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh)
 * Keras SimpleRNN, PyTorch RNN, ONNX RNN. PyTorch and ONNX have two biases, which add up to bh.
 */
export const rnn: Cell = {
  name: 'rnn',
  title: 'SimpleRNN',
  fields: {},
  gates: ['h'],
  states: ['h'],
  equations: () => ['h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh)'],
  weightShapes: (D, M, options, symbols) => [...kernelShapes(['h'], D, M, options, symbols), ...biasShapes(['h'], M, options, symbols)],
  keras: { gates: ['h'], className: 'SimpleRNN' },
  torch: { gates: ['h'], className: 'RNN' },
  onnx: { gates: ['h'], className: 'RNN' },
  flax: { gates: ['h'], className: 'SimpleCell', spareBiases: 0 },
  elementwise: M => ({ multiplyAdds: 0, activations: M }),

  step({ N, M, gates, state, next, recurrent, act, options }: StepContext) {
    const [h] = state;
    const [hNext] = next;
    const Uh = recurrent(h, 0, 1);
    const z = rowOf(N * M);
    for (let k = 0; k < N * M; k++) z[k] = gates[k] + Uh[k];
    clampTo(options.clip, z, 0, N * M);
    applyTo(act, z, 0, N * M, M);
    for (let k = 0; k < N * M; k++) hNext[k] = gates[k] = z[k];
  },

  handCalculation(w) {
    w.apply('h_t', w.act, w.sum('sum', [w.input('h'), w.recurrent('h'), ...w.bias('h', 0), ...w.bias('h', 1)]));
  },
};
