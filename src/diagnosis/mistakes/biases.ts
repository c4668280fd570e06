import type { LayerSpec, RecurrentSpec } from '../../model/spec.js';
import { isRecurrent } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Hypothesis, Variant } from '../hypothesis.js';
import { changeWeights, inLayers, placesOf, recurrentLayers, type Scenario } from '../scenario.js';

/** Mistakes with biases: left out, one of two, added twice, the forget gate's 1 added by hand. */

function biased({ model }: Scenario): LayerSpec[] {
  return model.layers.filter(l => (isRecurrent(l) || l.kind === 'dense') && l.useBias);
}

function twoRows(scenario: Scenario): RecurrentSpec[] {
  return recurrentLayers(scenario).filter(
    l => l.useBias && [...(scenario.weights.get(l.name) ?? [])].some(([name, t]) => isBias(name) && t.shape.length === 2),
  );
}

function isBias(name: string): boolean {
  return /(^|\/)b[ho]$/.test(name);
}

function onBiases(names: readonly string[], change: (t: Tensor, name: string) => Tensor): Variant['change'] {
  return inLayers(names, (s, layer) => changeWeights(s, layer.name, (name, t) => (isBias(name) ? change(t, name) : t)));
}

/** Row r of [2, G·M] times f. */
function scaleRow(t: Tensor, row: number, f: number): Tensor {
  const width = t.shape[1];
  return { shape: t.shape, data: Float64Array.from(t.data, (v, k) => (Math.floor(k / width) === row ? v * f : v)) };
}

function scaled(t: Tensor, f: number): Tensor {
  return { shape: t.shape, data: Float64Array.from(t.data, v => v * f) };
}

export const biasMissing: Hypothesis = {
  name: 'bias-missing',
  often: true,
  title: 'a bias is left out',
  insideStep: true,
  why: 'A bias is not added. With the zero biases Keras starts from this stays hidden until the network is trained.',
  fix: {
    numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← + bh;  y = h @ Wo + bo',
    keras: 'SimpleRNN(M, use_bias=True); Dense(K, use_bias=True)',
    torch: 'nn.RNN(D, M, bias=True); nn.Linear(M, K, bias=True)',
  },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const places = placesOf(biased(scenario));
    const recurrent = placesOf(recurrentLayers(scenario).filter(l => l.useBias)).filter(p => p.layer === null);
    return [...places, ...recurrent].map(({ names, layer }) => ({
      code: 'bias-missing',
      layer,
      why:
        layer === null
          ? undefined
          : `The bias of ${layer} is not added. With the zero biases Keras starts from this stays hidden until the network is trained.`,
      change: onBiases(names, t => scaled(t, 0)),
    }));
  },
};

export const biasOnceOfTwo: Hypothesis = {
  name: 'bias-once-of-two',
  title: 'only one of the two biases is added',
  insideStep: true,
  why: 'Of the two biases (bias_ih and bias_hh of PyTorch, both rows of Keras’ GRU with reset_after) only one is added.',
  fix: {
    numpy: 'h = np.tanh(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)   # ← both',
    keras: 'bh = b_ih + b_hh             # ← Keras has one bias: their sum',
  },
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    [1, 0].flatMap(row =>
      placesOf(twoRows(scenario)).map(({ names, layer }) => ({
        code: 'bias-once-of-two',
        layer,
        why: `Of the two biases only the ${row === 1 ? 'input' : 'recurrent'} one (${row === 1 ? 'bias_ih' : 'bias_hh'} in PyTorch, row ${row === 1 ? 0 : 1} of Keras’ GRU bias) is added.`,
        change: onBiases(names, (t, name) => (name.endsWith('bh') && t.shape.length === 2 ? scaleRow(t, row, 0) : t)),
      })),
    ),
};

export const biasTwice: Hypothesis = {
  name: 'bias-twice',
  title: 'a bias is added twice',
  insideStep: true,
  why: 'A bias is added twice: once with x·Wx and once with h·Wh. It happens when the one bias of Keras is written into both bias_ih and bias_hh of PyTorch.',
  fix: {
    numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← once',
    torch: 'rnn.bias_ih_l0.data = torch.tensor(bh); rnn.bias_hh_l0.data.zero_()',
  },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const two = twoRows(scenario);
    const rows = [0, 1].flatMap(row =>
      placesOf(two).map(({ names, layer }) => ({
        code: 'bias-twice',
        layer,
        why: `The ${row === 0 ? 'input' : 'recurrent'} bias (${row === 0 ? 'bias_ih' : 'bias_hh'}) is added twice.`,
        change: onBiases(names, (t, name) => (name.endsWith('bh') && t.shape.length === 2 ? scaleRow(t, row, 2) : t)),
      })),
    );
    const sumTwice = placesOf(two).flatMap(({ names, layer }) =>
      [0, 1].map(row => ({
        code: 'bias-twice',
        layer,
        why: `The ${row === 0 ? 'input' : 'recurrent'} bias is used for both: it stands in bias_ih and in bias_hh.`,
        change: onBiases(names, (t, name) => (name.endsWith('bh') && t.shape.length === 2 ? sameRows(t, row) : t)),
      })),
    );
    return [
      ...placesOf(biased(scenario)).map(({ names, layer }) => ({ code: 'bias-twice', layer, change: onBiases(names, t => scaled(t, 2)) })),
      ...placesOf(recurrentLayers(scenario).filter(l => l.useBias))
        .filter(p => p.layer === null)
        .map(({ names }) => ({ code: 'bias-twice', layer: null, change: onBiases(names, t => scaled(t, 2)) })),
      ...rows,
      ...sumTwice,
    ];
  },
};

function sameRows(t: Tensor, row: number): Tensor {
  const width = t.shape[1];
  return { shape: t.shape, data: Float64Array.from(t.data, (_, k) => t.data[row * width + (k % width)]) };
}

export const forgetBiasPlusOne: Hypothesis = {
  name: 'forget-bias-plus-1',
  title: '1 is added to the forget gate’s bias',
  insideStep: true,
  why: 'The code adds 1 to the forget gate’s bias (TensorFlow 1: forget_bias=1.0). Keras only starts from 1 there (unit_forget_bias): the saved bias already holds it.',
  fix: { numpy: 'f = sigmoid(x @ Wx_f + h @ Wh_f + b_f)   # ← no + 1' },
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    placesOf(recurrentLayers(scenario).filter(l => l.kind === 'lstm' && l.useBias && !l.inputForget)).map(({ names, layer }) => ({
      code: 'forget-bias-plus-1',
      layer,
      change: inLayers(names, (s, l) => {
        const M = (l as RecurrentSpec).units;
        // gates i f g o: the second block, of the first row where there are two
        return changeWeights(s, l.name, (name, t) =>
          isBias(name) ? { shape: t.shape, data: Float64Array.from(t.data, (v, k) => (k >= M && k < 2 * M ? v + 1 : v)) } : t,
        );
      }),
    })),
};
