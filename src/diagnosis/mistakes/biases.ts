import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../../model/spec.js';
import { permuteBlocks } from '../../tensor/layout.js';
import type { Tensor } from '../../tensor/tensor.js';
import { inEach, mapData, mistake, onNamed, recurrentLayers, type Scenario, smallNumber, type Way } from '../mistake.js';
import { placesOf } from '../scenario.js';
import { estimating } from './estimated.js';

/** Mistakes with biases: left out, one of two, added twice, the forget gate's 1 added by hand. */

const BIASES = ['bh', 'bo'];

function biased({ model }: Scenario): LayerSpec[] {
  return model.layers.filter(l => (isRecurrent(l) || l.kind === 'dense') && l.useBias);
}

/** Multiplies all biases by a number: in all layers, in each, and in the recurrent ones together. */
function scaledBiases(scenario: Scenario, by: number, more?: (layer: string | null) => Partial<Way>): Way[] {
  const change = (s: Scenario, l: LayerSpec) => onNamed(s, l.name, BIASES, t => mapData(t, v => v * by));
  const recurrent = recurrentLayers(scenario).filter(l => l.useBias);
  return [...inEach(biased(scenario), change, more), ...inEach(recurrent, change).slice(0, recurrent.length > 1 ? 1 : 0)];
}

/** Changes biases [2, G·M] row by row. */
function onRows(scenario: Scenario, change: (t: Tensor) => Tensor, why: string): Way[] {
  const isTwoRows = (t: Tensor, name: string) => /(^|\/)b[ho]$/.test(name) && t.shape.length === 2;
  const layers = recurrentLayers(scenario).filter(
    l => l.useBias && [...scenario.weights.get(l.name)!].some(([name, t]) => isTwoRows(t, name)),
  );
  return inEach(layers, (s, l) => onNamed(s, l.name, ['bh'], t => (t.shape.length === 2 ? change(t) : t)), { why });
}

/** Multiplies row r of [2, G·M] by f. */
function scaleRow(t: Tensor, row: number, f: number): Tensor {
  return mapData(t, (v, k) => (Math.floor(k / t.shape[1]) === row ? v * f : v));
}

const NOT_ADDED = 'is not added. Where all its numbers are zero, as in most layers before training, this stays hidden.';

const DENSE_BIAS = {
  numpy: 'y = h @ Wo + bo               # ← + bo',
  keras: 'Dense(K, use_bias=True)',
  torch: 'nn.Linear(M, K, bias=True)',
};

export const biasMissing = mistake('bias-missing', 'a bias is left out', ['often', 'insideStep'], {
  why: `A bias ${NOT_ADDED}`,
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← + bh;  y = h @ Wo + bo',
  keras: 'SimpleRNN(M, use_bias=True); Dense(K, use_bias=True)',
  torch: 'nn.RNN(D, M, bias=True); nn.Linear(M, K, bias=True)',
  variants: scenario =>
    scaledBiases(scenario, 0, where => {
      const isDense = scenario.model.layers.some(l => l.name === where && l.kind === 'dense');
      return where === null ? {} : { why: `The bias of @ ${NOT_ADDED}`, ...(isDense && { fix: DENSE_BIAS }) };
    }),
});

export const biasOnceOfTwo = mistake('bias-once-of-two', 'only one of the two biases is added', ['insideStep'], {
  why: 'Of the two biases (bias_ih and bias_hh of PyTorch, both rows of Keras’ GRU with reset_after) only one is added.',
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← both: bh = b_ih + b_hh; of a GRU b and b2, for b2 of its g is inside r * (…)',
  keras: 'bh = b_ih + b_hh             # ← Keras has one bias: their sum',
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    [1, 0].flatMap(row =>
      onRows(
        scenario,
        t => scaleRow(t, row, 0),
        `Of the two biases only the ${row === 1 ? 'input one (bias_ih in PyTorch, row 0' : 'recurrent one (bias_hh in PyTorch, row 1'} of Keras’ GRU bias) is added.`,
      ),
    ),
});

const TWICE =
  'is added twice: once with x·Wx and once with h·Wh. It happens when the one bias of Keras is written into both bias_ih and bias_hh of PyTorch.';

export const biasTwice = mistake('bias-twice', 'a bias is added twice', ['insideStep'], {
  why: `A bias ${TWICE}`,
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← once',
  torch: 'rnn.bias_ih_l0.data = torch.tensor(bh); rnn.bias_hh_l0.data.zero_()',
  variants(scenario) {
    const rows = (change: (t: Tensor, row: number) => Tensor, why: (which: string, name: string) => string) =>
      ['input', 'recurrent'].flatMap((which, row) => onRows(scenario, t => change(t, row), why(which, row === 0 ? 'bias_ih' : 'bias_hh')));
    return [
      ...scaledBiases(scenario, 2, where => (where === null ? {} : { why: `The bias of @ ${TWICE}` })),
      ...rows(
        (t, row) => scaleRow(t, row, 2),
        (which, name) => `The ${which} bias (${name}) is added twice.`,
      ),
      ...rows(
        (t, row) => mapData(t, (_, k) => t.data[row * t.shape[1] + (k % t.shape[1])]),
        which => `The ${which} bias is used for both: it stands in bias_ih and in bias_hh.`,
      ),
    ];
  },
});

export const forgetBiasPlusOne = mistake('forget-bias-plus-1', '1 is added to the forget gate’s bias', ['insideStep'], {
  why: 'The code adds 1 to the forget gate’s bias (TensorFlow 1: forget_bias=1.0). Keras only starts from 1 there (unit_forget_bias): the saved bias already holds it.',
  numpy: 'f = sigmoid(x @ Wx_f + h @ Wh_f + b_f)   # ← no + 1',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = withForgetBias(scenario);
    const toBias = (by: readonly number[], why?: string): Way[] =>
      inEach(layers, (s, { name, units }: RecurrentSpec) => onNamed(s, name, BIASES, t => added(t, units, by)), {
        ...(why && { why, rare: true }),
      });
    const reordered = (by: readonly number[], why: string): Way[] =>
      inEach(
        layers,
        (s, { name, units }: RecurrentSpec) => {
          const moved = onNamed(s, name, ['Wx', 'Wh', 'bh'], t => permuteBlocks(t, TENSORFLOW_1));
          return onNamed(moved, name, BIASES, t => added(t, units, by));
        },
        {
          parameter: 'ifgo-for-ijfo',
          rare: true,
          why,
          fix: { numpy: 'i, j, f, o = np.split(z, 4, axis=-1)   # ← j (the candidate) before f; 1 is added to f' },
        },
      );
    return [
      ...toBias([0, 1]),
      ...toBias(
        [0, 0, 1],
        'In @ 1 is added to the candidate g, the third block of its bias, as if it were the forget gate (TensorFlow 1 has the gates in the order i j f o).',
      ),
      ...toBias([1], 'In @ 1 is added to the input gate i instead of the forget gate.'),
      ...toBias([0, 0, 0, 1], 'In @ 1 is added to the output gate o instead of the forget gate.'),
      ...reordered([0, 1], `${READ_IFGO}, and 1 is added to what is taken for f.`),
      ...reordered([0, 1, -1], `${READ_IFGO}, and the forget_bias of 1 is added to what is taken for f.`),
    ];
  },
  estimate: estimating(scenario =>
    placesOf(withForgetBias(scenario)).map(({ names, where }) => ({
      start: [[1]],
      patience: 3,
      change: (s, [by]) => names.reduce((now, name) => onNamed(now, name, BIASES, t => added(t, unitsOf(scenario, name), [0, by])), s),
      why: ([by]) =>
        `In ${where ?? 'every LSTM'} ${smallNumber(Math.abs(by))} is ${by < 0 ? 'taken off' : 'added to'} every number of the forget gate’s bias (estimated from your output).`,
      fix: ([by]) => ({ numpy: `f = sigmoid(x @ Wx_f + h @ Wh_f + b_f)   # ← no ${by < 0 ? '−' : '+'} ${smallNumber(Math.abs(by))}` }),
    })),
  ),
});

const unitsOf = (scenario: Scenario, name: string) => recurrentLayers(scenario).find(l => l.name === name)!.units;

/** LSTMs whose forget gate has a bias of its own. */
function withForgetBias(scenario: Scenario): RecurrentSpec[] {
  return recurrentLayers(scenario).filter(l => l.kind === 'lstm' && l.useBias && !l.inputForget);
}

/** Adds a number to the bias of each gate i f g o, in its first row if it has two. */
function added(t: Tensor, M: number, by: readonly number[]): Tensor {
  return mapData(t, (v, k) => v + (by[Math.floor(k / M)] ?? 0));
}

/** The gate order i j f o of TensorFlow 1, read as i f g o. */
const TENSORFLOW_1 = [0, 2, 1, 3];
const READ_IFGO = 'The gates of @ are in the order i j f o (TensorFlow 1) and are read as i f g o: candidate and forget gate are exchanged';
