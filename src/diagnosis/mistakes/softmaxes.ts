import { formatActivation } from '../../activations/index.js';
import { activated } from '../../layers/activation.js';
import { swapBatchAndTime, transpose } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { changeLayer, type Found, finishing, mapData, mistake, type Scenario, smallNumber, type Way } from '../mistake.js';
import { headOf } from './heads.js';
import { centredRows } from './outputScaled.js';

/** Another softmax: over another axis, of scores divided by a temperature, or its logarithm. */

function headActivation(scenario: Scenario): string {
  const head = headOf(scenario);
  return head?.kind === 'dense' ? formatActivation(head.activation) : 'linear';
}

export const logSoftmax = mistake('log-softmax', 'a log-softmax is used instead of the softmax', ['alone'], {
  why: 'Your output is the logarithm of the softmax (log_softmax, what NLLLoss expects): every row of np.exp(y) adds up to 1.',
  numpy: 'y = np.exp(y)',
  torch: 'y = torch.softmax(fc(h), dim=-1)   # ← not log_softmax',
  keras: "Dense(K, activation='softmax')",
  example: { layers: 'rnn:3,dense:2@softmax', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const now = headActivation(scenario);
    if (now === 'log_softmax') return [];
    const log = now === 'softmax' ? (y: Tensor) => mapData(y, Math.log) : (y: Tensor) => mapData(activated('softmax', y), Math.log);
    const width = headOf(scenario);
    return width?.kind === 'dense' && width.units > 1 ? [finishing(log)] : [];
  },
});

/** Softmax over the samples, the steps or everything: the result of omitting the axis. */
export const softmaxAxis = mistake('softmax-axis', 'the softmax runs over another axis', ['alone'], {
  why: 'The softmax runs over another axis than the outputs: it is the columns that add up to 1 (or everything together), not the rows.',
  numpy: 'e = np.exp(z - z.max(-1, keepdims=True)); y = e / e.sum(-1, keepdims=True)   # ← axis −1',
  torch: 'y = torch.softmax(fc(h), dim=-1)   # ← dim=-1, not dim=0',
  keras: 'keras.layers.Softmax(axis=-1)',
  example: { layers: 'rnn:3,dense:2@softmax', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    if (head?.kind !== 'dense' || formatActivation(head.activation) !== 'softmax') return [];
    const linear = (s: Scenario) => changeLayer(s, head.name, { activation: 'linear' });
    const over = (finish: (z: Tensor) => Tensor, words: string): Way => ({
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
});

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

export const softmaxTemperature = mistake('softmax-temperature', 'the scores are divided by a temperature before the softmax', ['alone'], {
  why: 'The scores are divided by a constant (a temperature) before the softmax: the order of the classes is right, the probabilities are flatter or sharper.',
  numpy: 'y = softmax(z)                # ← not softmax(z / temperature)',
  torch: 'y = torch.softmax(fc(h), dim=-1)',
  example: { layers: 'rnn:3,dense:3@softmax', N: 2, T: 2, D: 2 },
  variants: scenario =>
    headActivation(scenario) === 'softmax'
      ? [
          finishing(
            y =>
              activated(
                'softmax',
                mapData(y, v => Math.log(v) / 2),
              ),
            { unsearched: true },
          ),
        ]
      : [],
  fromOutput(scenario, right, other, noise): Found[] {
    if (headActivation(scenario) !== 'softmax' || right.y.data.length !== other.data.length || other.data.some(v => !(v > 0))) return [];
    const K = other.shape[other.shape.length - 1];
    const [a, b] = [centredRows(right.y.data, K), centredRows(other.data, K)];
    let [ab, aa] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
    }
    const factor = ab / aa;
    if (!(factor > 1e-6) || !Number.isFinite(factor)) return [];
    return [
      {
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
});
