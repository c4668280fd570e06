import { largestDifference } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { affineFitWithin, columnsThatVary } from '../leastSquares.js';
import { changeWeights, type Found, mapData, mistake, NEAR_NOISE, type Noise, type Outcome, type Scenario } from '../mistake.js';
import { digitsWithin } from '../slices.js';
import { directionsUnderMistakes, headOf } from './heads.js';
import { columnDistance } from './outputOrder.js';

/** The rows that the head reads, [R, M], for the rows of y, [R, K]. */
function headRows(scenario: Scenario, right: Outcome): { h: Tensor; R: number; M: number } | undefined {
  const head = headOf(scenario);
  const h = head && right.layers.get(head.name)?.inputs[0].tensor;
  if (!h) return undefined;
  const M = h.shape[h.shape.length - 1];
  return { h, R: h.data.length / M, M };
}

export const staleWeights = mistake('stale-weights', 'some layers have other weights', [], {
  why: 'All layers but one are right: the weights of that one come from another model, or from another moment of the training.',
  keras: 'weights = model.get_weights() # ← read again after every training step and every new model',
  torch: 'model.load_state_dict(torch.load(path))      # ← the weights this output was made with',
  example: { layers: 'rnn:2,dense:1', N: 5, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    if (!head) return [];
    // for --simulate only: the weights in reverse order stand for those of another model
    const change = (s: Scenario) =>
      changeWeights(s, head.name, (_, t) => mapData(t, (v, k) => t.data[t.data.length - 1 - k] + 0.25 * Math.sign(v)));
    return [{ layer: head.name, change, unsearched: true }];
  },
  estimate(scenario, right, other, noise, each): Found[] {
    const head = headOf(scenario);
    const rows = headRows(scenario, right);
    if (head?.kind !== 'dense' || head.activation !== 'linear' || !rows || right.y.data.length !== other.data.length) return [];
    const K = head.units;
    // a column that is equal, or constant, says nothing about the weights
    const told = columnsThatVary(other.data, K).filter(k => columnDistance(right.y, k, other, k) > NEAR_NOISE * noise).length;
    if (told === 0) return [];
    const candidates: Found[] = [];
    const moved = shiftOf(right.y, other, each, K);
    if (head.useBias && rows.R >= 3) {
      candidates.push({
        layer: head.name,
        y: moved,
        chosen: other.data.length - (rows.R - 1) * told,
        told: (rows.R - 1) * told,
        why: `Everything but the bias of ${head.name} is right: each output differs by the same amount in every row.`,
      });
    }
    const fit = affineFitWithin(rows.h.data, other.data, [rows.R, rows.M, K], head.useBias, each.data);
    if (fit && rows.R >= fit.rank + 2) {
      // in a saturated network any y is nearly a function of a few directions of h: the rows only prove what the last direction was needed
      // for
      const off = largestDifference(right.y.data, other.data).abs;
      const proved = digitsWithin(fit.last, NEAR_NOISE * noise, off);
      candidates.push({
        layer: head.name,
        y: { shape: right.y.shape, data: fit.fitted },
        chosen: other.data.length - (rows.R - fit.rank) * told,
        told: (rows.R - fit.rank) * told * proved,
        most: (directionsUnderMistakes(scenario, right, NEAR_NOISE * noise, off) + (head.useBias ? 1 : 0) - fit.rank) * told,
        why: `A dense layer with other weights than those of ${head.name} makes your output of the right hidden states: ${head.name} has other weights there, or sums and multiples are taken before or behind it (a normalisation, units or outputs added to others).`,
      });
    }
    return candidates;
  },
});

/** Adds the mean difference of each column to y, weighting each value by its precision. */
function shiftOf(y: Tensor, other: Tensor, each: Noise, K: number): Tensor {
  const [sums, counts] = [new Float64Array(K), new Float64Array(K)];
  other.data.forEach((v: number, i: number) => {
    const weight = each.data[i] ** -2;
    sums[i % K] += weight * (v - y.data[i]);
    counts[i % K] += weight;
  });
  return mapData(y, (v, i) => v + sums[i % K] / counts[i % K]);
}
