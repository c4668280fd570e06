import { hasMask } from '../../model/masks.js';
import type { MergeMode, RecurrentSpec } from '../../model/spec.js';
import { takeAlong } from '../../tensor/axes.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import {
  changeLayer,
  changeLoop,
  changeWeights,
  inEach,
  inLoops,
  mapData,
  mistake,
  recurrentLayers,
  runScenario,
  type Scenario,
} from '../mistake.js';
import { insertPool } from './pooling.js';

/** Mistakes of bidirectional networks. */

const bothWays = (scenario: Scenario, is: (l: RecurrentSpec) => boolean = () => true) =>
  recurrentLayers(scenario).filter(l => l.bidirectional !== null && is(l));

const isConcat = (l: RecurrentSpec) => l.bidirectional === 'concat';
const EXCHANGED = 'The halves of the bidirectional output are exchanged: [backward, forward] instead of [forward, backward].';
const INTERLEAVED =
  'The halves of the bidirectional output are interleaved, unit by unit (np.stack(…, -1) and reshape) instead of side by side.';

export const bidirectionalOrder = mistake('bidirectional-order', 'forward and backward are exchanged', [], {
  why: 'The two halves of a bidirectional layer are in the wrong order: the output is [backward, forward] instead of [forward, backward], or each direction runs with the other one’s weights.',
  numpy: 'h = np.concatenate([h_forward, h_backward], axis=-1)',
  torch: 'h = torch.cat([h_n[-2], h_n[-1]], dim=-1)   # h_n: layer 0 forward, layer 0 backward, layer 1 forward …',
  example: { layers: 'birnn:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario => [
    ...inLoops(bothWays(scenario, isConcat), { swapped: true }, { why: EXCHANGED }),
    ...inLoops(bothWays(scenario, isConcat), { merged: interleaved }, { rare: true, why: INTERLEAVED }),
    ...inEach(bothWays(scenario), (s, l) => exchangeWeights(s, l.name), {
      why: 'Each direction runs with the weights of the other one. Keras lists all forward weights, then all backward ones.',
      fix: {
        keras: 'forward, backward = weights[:3], weights[3:]   # kernel, recurrent_kernel, bias; then the same of the backward layer',
      },
    }),
  ],
});

function exchangeWeights(scenario: Scenario, name: string): Scenario {
  const own = scenario.weights.get(name)!;
  const other = (weight: string) =>
    weight.startsWith('forward/') ? weight.replace('forward/', 'backward/') : weight.replace('backward/', 'forward/');
  return changeWeights(scenario, name, weight => own.get(other(weight))!);
}

/** Interleaves the units of [forward, backward]: forward 1, backward 1, forward 2 … */
function interleaved(t: Tensor): Tensor {
  const axis = t.shape.length - 1;
  const width = t.shape[axis];
  return takeAlong(t, axis, width, k => (k % 2) * (width / 2) + Math.floor(k / 2));
}

export const bidirectionalLastStep = mistake('bidirectional-last-step', 'out[:, -1] is used instead of h_n', [], {
  why: 'out[:, -1] was used as the last state of a bidirectional layer. The backward direction starts at the end, so its half of out[:, -1] has seen x[T−1] alone; its last state is in out[:, 0].',
  torch: 'h = torch.cat([h_n[-2], h_n[-1]], dim=-1)   # ← not out[:, -1]',
  numpy: 'h = np.concatenate([out[:, -1, :M], out[:, 0, M:]], axis=-1)',
  keras: 'Bidirectional(LSTM(M))        # return_sequences=False does this',
  example: { layers: 'birnn:2,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const layers = bothWays(scenario, l => !l.returnSequences);
    // out[:, -1] is what padding left there, while the layer `last` takes the last real step
    return hasMask(scenario) ? inLoops(layers, { last: 'end' }) : inEach(layers, (s, { name }) => insertPool(s, name, 'last'));
  },
});

export const bidirectionalMerge = mistake('bidirectional-merge', 'the two directions are merged differently', [], {
  why: 'The two directions are merged differently than in the network (concat, sum, ave, mul).',
  numpy: 'h = np.concatenate([h_forward, h_backward], axis=-1)   # ← concat; sum: h_forward + h_backward',
  keras: "Bidirectional(LSTM(M), merge_mode='concat')   # ← the network’s; PyTorch has concat only",
  example: { layers: 'birnn:2+sum,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    (['concat', 'sum', 'ave', 'mul'] as const).flatMap(mode =>
      inEach(
        bothWays(scenario, l => l.bidirectional !== mode),
        (s, l) => changeLayer(s, l.name, { bidirectional: mode }),
        () => ({
          parameter: mode,
          why: `The two directions are merged by ${WORDS[mode]}; the network has ${bothWays(scenario)[0].bidirectional}.`,
          fix: { keras: `Bidirectional(LSTM(M), merge_mode='${bothWays(scenario)[0].bidirectional}')` },
        }),
      ),
    ),
});

const WORDS: Record<MergeMode, string> = {
  concat: 'putting them side by side (concat)',
  sum: 'their sum',
  ave: 'their mean (ave)',
  mul: 'their product (mul)',
};

export const backwardNotFlipped = mistake('backward-not-flipped', 'the backward sequence is not reversed back to time order', [], {
  why: 'The backward h are in the order in which they were computed, the last step first: the forward h of step t stands beside the backward h of step T−1−t.',
  numpy: 'h = np.concatenate([hs_forward, hs_backward[:, ::-1]], axis=-1)   # ← turned back to time order',
  torch: 'h = torch.cat([hs_forward, hs_backward.flip(1)], dim=-1)',
  example: { layers: 'birnn:2+seq,dense:1', N: 1, T: 3, D: 2 },
  variants: scenario => [
    ...inLoops(
      bothWays(scenario, l => l.returnSequences),
      { notFlipped: true },
    ),
    ...inEach(bothWays(scenario, isConcat), (s, l) => bothForward(s, l.name), {
      rare: true,
      why: 'The backward direction of @ runs over x from the first step to the last, as the forward one does: x is not reversed for it.',
      fix: {
        numpy: 'hs_backward = run(x[:, ::-1], backward_weights)[:, ::-1]   # ← x reversed, and its h turned back to time order',
        torch: 'hs_backward = rnn(x.flip(1))[0].flip(1)   # ← x reversed, and its h turned back to time order',
      },
    }),
  ],
});

/** Puts beside the forward half another forward half, computed with the weights of the backward direction. */
function bothForward(scenario: Scenario, name: string): Scenario | undefined {
  const other = runScenario(exchangeWeights(scenario, name))?.layers.get(name)?.result.tensor;
  if (!other) return undefined;
  const half = (k: number, width: number) => k % width < width / 2;
  const merged = (t: Tensor): Tensor => {
    const width = t.shape[t.shape.length - 1];
    if (!sameShape(t.shape, other.shape)) throw new Mismatch();
    return mapData(t, (v, k) => (half(k, width) ? v : other.data[k - width / 2]));
  };
  return changeLoop(scenario, name, { merged });
}
