import type { LayerSpec } from '../../model/spec.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { type Hypothesis, inLoops, mapData, mistake, recurrentLayers, type Scenario } from '../mistake.js';
import { bypass, headOf } from './heads.js';

/** Another tensor than the last h of the last layer: c, h of a lower layer, or h of the step before. */

export const headMissing = mistake('head-missing', 'hidden states instead of the dense layer’s output', ['alone'], {
  why: 'These are hidden states: the dense layer (fc, head) was not applied to them.',
  numpy: 'y = h @ Wo + bo               # ← the dense layer on h',
  keras: 'y = Dense(K)(x)',
  torch: 'y = fc(out[:, -1])            # ← not out[:, -1] itself',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    return head ? [{ layer: head.name, change: s => ({ ...s, model: bypass(s.model, head.name) }) }] : [];
  },
});

export const cellStateTaken = mistake('cell-state-taken', 'c is used instead of h', ['insideStep', 'alone'], {
  why: 'The cell state c of the LSTM is returned instead of its hidden state h = o ⊙ tanh(c).',
  numpy: 'y = h @ Wo + bo               # ← h = o * np.tanh(c) goes to the dense layer, not c',
  keras: 'out, h, c = LSTM(M, return_state=True)(x)   # ← h is the second',
  torch: 'out, (h_n, c_n) = rnn(x)      # ← h_n is the first of the pair',
  example: { layers: 'lstm:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => l.kind === 'lstm' && l.projection === null);
    return [
      ...inLoops(layers, { output: 1 }, { why: 'The cell state c of @ is returned instead of its hidden state h = o ⊙ tanh(c).' }),
      ...inLoops(
        layers,
        { output: 1, merged: t => mapData(t, Math.tanh) },
        { rare: true, why: 'tanh(c) of @ is returned instead of its hidden state h = o ⊙ tanh(c); its own steps read h.' },
      ),
    ];
  },
});

export const lowerLayer: Hypothesis = mistake('lower-layer', 'a lower layer’s h is used', ['alone'], {
  why: 'y is made from the h of a lower layer: h_n[0] (the first layer) instead of h_n[-1] (the last), or the layers above are left out.',
  numpy: 'y = hs2[:, -1] @ Wo + bo      # ← the last layer’s h',
  torch: 'out, h_n = rnn(x)\ny = fc(h_n[-1])              # ← not h_n[0]',
  keras: 'y = Dense(K)(x)               # ← x, the output of the last recurrent layer',
  example: { layers: 'rnn:3,rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    if (layers.length < 2) return [];
    const top = layers[layers.length - 1];
    // h_n has a row for each direction of each layer
    const rows = (i: number) => (top.bidirectional === null ? `[${i}]` : `[${2 * i}:${2 * i + 2}]`);
    const last = top.bidirectional === null ? '[-1]' : '[-2:]';
    return layers.slice(0, -1).map((lower, i) => ({
      layer: lower.name,
      why: `y is made from the h of ${lower.name}, not of ${top.name}: ${top.returnSequences ? '' : `h_n${rows(i)} is used instead of h_n${last}, or `}the layers above ${lower.name} are left out.`,
      fix: {
        numpy: `y = hs${layers.length}[:, -1] @ Wo + bo      # ← the last layer’s h`,
        torch:
          top.bidirectional === null
            ? lowerLayer.fix.torch
            : `out, h_n = rnn(x)\ny = fc(torch.cat([h_n[-2], h_n[-1]], -1))   # ← both directions of the last layer, not h_n[0] and h_n[1]`,
        keras: lowerLayer.fix.keras,
      },
      change: s => withoutAbove(s, lower.name, layers),
    }));
  },
});

/** Drops the recurrent layers above `lower`, which then returns what the last of them returned. */
function withoutAbove(scenario: Scenario, lower: string, layers: readonly LayerSpec[]): Scenario | undefined {
  const above = layers.slice(layers.findIndex(l => l.name === lower) + 1);
  const top = above[above.length - 1] as { returnSequences: boolean };
  const model = above.reduce((now, l) => bypass(now, l.name), scenario.model);
  return {
    ...scenario,
    model: {
      ...model,
      layers: model.layers.map(l => (l.name === lower ? ({ ...l, returnSequences: top.returnSequences } as LayerSpec) : l)),
    },
  };
}

export const stepEarly = mistake('step-early', 'h of the step before the last is used', ['alone'], {
  why: 'The output is made from h of the step before the last one: out[:, -2], or the h before the last update.',
  numpy: 'y = hs[:, -1] @ Wo + bo       # ← the last step',
  torch: 'y = fc(out[:, -1])',
  example: { layers: 'birnn:3,dense:1', N: 2, T: 3, D: 2 },
  variants: scenario =>
    scenario.input.x.shape[1] < 2
      ? []
      : // for one direction this is stops-early
        inLoops(
          recurrentLayers(scenario).filter(l => l.bidirectional !== null && !l.returnSequences),
          { last: 1 },
        ),
});

export const hnView = mistake('h-n-view', 'h_n is reshaped instead of concatenated', ['alone'], {
  why: 'h_n of a bidirectional layer [2, N, M] was reshaped to [N, 2·M] (h_n.view(N, -1)): that mixes samples. The two directions must be concatenated.',
  torch: 'h = torch.cat([h_n[-2], h_n[-1]], dim=-1)   # ← or h_n.permute(1, 0, 2).reshape(N, -1)',
  numpy: 'h = np.concatenate([h_forward, h_backward], axis=-1)',
  example: { layers: 'birnn:2,dense:1', N: 3, T: 2, D: 2 },
  variants: scenario =>
    scenario.input.x.shape[0] < 2
      ? []
      : inLoops(
          recurrentLayers(scenario).filter(l => l.bidirectional === 'concat' && !l.returnSequences),
          { merged: viewed },
          { needs: 'all' },
        ),
});

/** [N, 2·M], forward beside backward, becomes what reading the numbers of [2, N, M] as [N, 2·M] gives. */
function viewed(t: Tensor): Tensor {
  const [N, width] = t.shape;
  return t.shape.length === 2 ? reshape(swapBatchAndTime(reshape(t, [N, 2, width / 2])), [N, width]) : t;
}
