import { formatActivation } from '../../activations/index.js';
import { activated } from '../../layers/activation.js';
import { swapBatchAndTime, transpose } from '../../tensor/layout.js';
import { type FloatArray, reshape, type Tensor } from '../../tensor/tensor.js';
import { smallNumber } from '../figures.js';
import type { Candidate, Hypothesis, Variant } from '../hypothesis.js';
import { mapData, type Scenario } from '../scenario.js';
import { headOf } from './heads.js';

/** A function of y as a whole: its exponential, its logarithm, a softmax over another axis, labels instead of numbers. */

function finishing(code: string, finish: (y: Tensor) => Tensor, more: Partial<Variant> = {}): Variant {
  return { code, layer: null, change: s => ({ ...s, finish: [...s.finish, finish] }), ...more };
}

function headActivation(scenario: Scenario): string {
  const head = headOf(scenario);
  return head?.kind === 'dense' ? formatActivation(head.activation) : 'linear';
}

const ELEMENTWISE: readonly { name: string; f: (v: number) => number; numpy: string; back: string }[] = [
  { name: 'exp', f: Math.exp, numpy: 'np.exp(y)', back: 'np.log(y)' },
  { name: 'expm1', f: Math.expm1, numpy: 'np.expm1(y)', back: 'np.log1p(y)' },
  { name: 'log', f: Math.log, numpy: 'np.log(y)', back: 'np.exp(y)' },
  { name: 'log1p', f: Math.log1p, numpy: 'np.log1p(y)', back: 'np.expm1(y)' },
  { name: 'square', f: v => v * v, numpy: 'y ** 2', back: 'np.sqrt(y)' },
  { name: 'abs', f: Math.abs, numpy: 'np.abs(y)', back: 'y' },
  { name: 'one-minus', f: v => 1 - v, numpy: '1 - y', back: '1 - y' },
];

export const outputFunction: Hypothesis = {
  name: 'output-function',
  title: 'a function was applied to the output',
  why: 'Your output is a function of the right one, number by number: its exponential, its logarithm, 1 − y …',
  fix: { numpy: 'y = np.log(y)                 # ← undo it, or compare before it' },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants: () =>
    ELEMENTWISE.map(({ name, f, numpy, back }) =>
      finishing(`output-function:${name}`, y => mapData(y, f), {
        why: `Every number of your output is ${numpy} of the right y.`,
        fix: { numpy: `y = ${back}` },
      }),
    ),
};

export const logSoftmax: Hypothesis = {
  name: 'log-softmax',
  title: 'a log-softmax stands for the softmax',
  why: 'Your output is the logarithm of the softmax (log_softmax, what NLLLoss wants): every row of np.exp(y) adds up to 1.',
  fix: { numpy: 'y = np.exp(y)', torch: 'y = torch.softmax(fc(h), dim=-1)   # ← not log_softmax', keras: "Dense(K, activation='softmax')" },
  example: { layers: 'rnn:3,dense:2@softmax', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const now = headActivation(scenario);
    if (now === 'log_softmax') return [];
    const log = now === 'softmax' ? (y: Tensor) => mapData(y, Math.log) : (y: Tensor) => mapData(activated('softmax', y), Math.log);
    const width = headOf(scenario);
    return width?.kind === 'dense' && width.units > 1 ? [finishing('log-softmax', log)] : [];
  },
};

/** Softmax over the samples, over the steps, over everything: what people get who leave out the axis. */
export const softmaxAxis: Hypothesis = {
  name: 'softmax-axis',
  title: 'the softmax runs over another axis',
  why: 'The softmax runs over another axis than the outputs: it is the columns that add up to 1 (or everything together), not the rows.',
  fix: {
    numpy: 'e = np.exp(z - z.max(-1, keepdims=True)); y = e / e.sum(-1, keepdims=True)   # ← axis −1',
    torch: 'y = torch.softmax(fc(h), dim=-1)   # ← dim=-1, not dim=0',
    keras: 'keras.layers.Softmax(axis=-1)',
  },
  example: { layers: 'rnn:3,dense:2@softmax', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    if (head?.kind !== 'dense' || formatActivation(head.activation) !== 'softmax') return [];
    const linear = (s: Scenario) => ({
      ...s,
      model: {
        ...s.model,
        layers: s.model.layers.map(l => (l.name === head.name ? { ...l, activation: 'linear' as const } : l)),
      } as Scenario['model'],
    });
    const over = (finish: (z: Tensor) => Tensor, words: string): Variant => ({
      code: 'softmax-axis',
      layer: head.name,
      needs: 'all',
      change: s => ({ ...linear(s), finish: [...s.finish, finish] }),
      why: `The softmax of ${head.name} runs over ${words} instead of over its ${head.units} outputs: np.exp(z).sum without axis=-1.`,
    });
    return [
      over(overSamples, 'the samples (axis 0)'),
      over(overAll, 'all numbers together (no axis)'),
      ...(scenario.input.x.shape[1] > 1 ? [over(overSteps, 'the steps (axis 1)')] : []),
    ];
  },
};

function overAll(z: Tensor): Tensor {
  return reshape(activated('softmax', reshape(z, [1, z.data.length])), z.shape);
}

function overSamples(z: Tensor): Tensor {
  const N = z.shape[0];
  const rest = z.data.length / N;
  return reshape(transpose(activated('softmax', transpose(reshape(z, [N, rest])))), z.shape);
}

function overSteps(z: Tensor): Tensor {
  return z.shape.length === 3 ? swapBatchAndTime(overSamples(swapBatchAndTime(z))) : overSamples(z);
}

export const softmaxTemperature: Hypothesis = {
  name: 'softmax-temperature',
  title: 'the scores are divided by a temperature before the softmax',
  why: 'The scores are divided by a constant (a temperature) before the softmax: the order of the classes is right, the probabilities are flatter or sharper.',
  fix: { numpy: 'y = softmax(z)                # ← not softmax(z / temperature)', torch: 'y = torch.softmax(fc(h), dim=-1)' },
  example: { layers: 'rnn:3,dense:3@softmax', N: 2, T: 2, D: 2 },
  variants: scenario =>
    headActivation(scenario) === 'softmax'
      ? [
          finishing(
            'softmax-temperature',
            y =>
              activated(
                'softmax',
                mapData(y, v => Math.log(v) / 2),
              ),
            { unsearched: true },
          ),
        ]
      : [],
  fromOutput(scenario, right, other, noise): Candidate[] {
    if (headActivation(scenario) !== 'softmax' || right.y.data.length !== other.data.length || other.data.some(v => !(v > 0))) return [];
    const K = other.shape[other.shape.length - 1];
    const [a, b] = [centred(right.y.data, K), centred(other.data, K)];
    let [ab, aa] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
    }
    const factor = ab / aa;
    if (!(factor > 1e-6) || !Number.isFinite(factor)) return [];
    return [
      {
        code: 'softmax-temperature',
        layer: headOf(scenario)!.name,
        y: activated(
          'softmax',
          mapData(right.y, v => factor * Math.log(v)),
        ),
        chosen: 1,
        floor: noise * Math.max(1, factor),
        why: `The scores are divided by ${smallNumber(1 / factor)} before the softmax (temperature ${smallNumber(1 / factor)}).`,
      },
    ];
  },
};

/** Logarithms of probabilities [R, K], less the mean of their row: scores up to a constant. */
function centred(y: FloatArray, K: number): Float64Array {
  const out = Float64Array.from(y, Math.log);
  for (let r = 0; r < out.length; r += K) {
    let mean = 0;
    for (let k = 0; k < K; k++) mean += out[r + k] / K;
    for (let k = 0; k < K; k++) out[r + k] -= mean;
  }
  return out;
}

function rowsOf(y: Tensor): [number, number] {
  const K = y.shape[y.shape.length - 1];
  return [y.data.length / K, K];
}

function largestOfRow({ data }: Tensor, r: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (data[r * K + k] > data[r * K + best]) best = k;
  return best;
}

export const outputLabels: Hypothesis = {
  name: 'output-labels',
  title: 'labels instead of numbers',
  why: 'Your output holds the decision, not the numbers: the index of the largest output (argmax), a one-hot row, or 0 and 1 by a threshold.',
  fix: {
    numpy: 'y = h @ Wo + bo               # ← before argmax, round or > 0.5',
    keras: 'y = model.predict(x)           # ← before argmax(-1)',
    torch: 'y = fc(out[:, -1])            # ← before argmax(-1)',
  },
  example: { layers: 'rnn:3,dense:3', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    const K = head?.kind === 'dense' ? head.units : 1;
    const labels = (name: string, finish: (y: Tensor) => Tensor, classes: number, words: string) =>
      finishing(`output-labels:${name}`, finish, { labels: classes, why: words });
    return [
      ...(K > 1
        ? [
            labels('argmax', argmax, K, `Your output is the index of the largest of the ${K} outputs of a row (argmax), not the outputs.`),
            labels(
              'one-hot',
              oneHot,
              K,
              `Your output is 1 at the largest of the ${K} outputs of a row and 0 elsewhere (one-hot), not the outputs.`,
            ),
          ]
        : []),
      labels(
        'threshold',
        y => mapData(y, v => (v > 0.5 ? 1 : 0)),
        2,
        'Your output is 1 where the right one is above 0.5, and 0 elsewhere.',
      ),
      labels('sign', y => mapData(y, v => (v > 0 ? 1 : 0)), 2, 'Your output is 1 where the right one is above 0, and 0 elsewhere.'),
    ];
  },
};

function argmax(y: Tensor): Tensor {
  const [R, K] = rowsOf(y);
  return { shape: [...y.shape.slice(0, -1), 1], data: Float64Array.from({ length: R }, (_, r) => largestOfRow(y, r, K)) };
}

function oneHot(y: Tensor): Tensor {
  const [R, K] = rowsOf(y);
  const data = new Float64Array(R * K);
  for (let r = 0; r < R; r++) data[r * K + largestOfRow(y, r, K)] = 1;
  return { shape: y.shape, data };
}

export const outputZeros: Hypothesis = {
  name: 'output-zeros',
  title: 'the output array was never filled',
  often: true,
  why: 'Every number of your output is 0: the array was made (np.zeros) and never written to, or it holds integers, which cut 0.7 to 0.',
  fix: { numpy: 'Y = np.zeros((N, K))          # ← floats\nfor n in range(N): Y[n] = h @ Wo + bo' },
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: () => [finishing('output-zeros', y => mapData(y, () => 0), { labels: 10 })],
};

export const outputIntegers: Hypothesis = {
  name: 'output-integers',
  title: 'the output was cut to integers',
  why: 'Your output holds whole numbers: the right ones without their fraction. An integer array (np.zeros_like of integers, astype(int)) cuts what is written into it.',
  fix: { numpy: 'Y = np.zeros((N, K))          # ← float64, not dtype=int' },
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: () => [
    finishing('output-integers', y => mapData(y, Math.trunc), { labels: 2 }),
    finishing('output-integers', y => mapData(y, Math.round), {
      labels: 2,
      why: 'Your output holds whole numbers: the right ones rounded to the nearest (np.round, astype(int) after + 0.5).',
    }),
  ],
};
