import { formatActivation } from '../../activations/index.js';
import { activated } from '../../layers/activation.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import type { Scenario } from '../mistake.js';
import { headOf } from './heads.js';

/** What h · Wo + bo must have been for a row of y, if the dense layer's activation can be inverted. */
export interface HeadScores {
  /** [M, W]; for a softmax W is K − 1, because adding a constant to all scores changes nothing: each score is relative to the last one */
  readonly Wo: Tensor;
  /** The scores of row r of y [R, K], less the bias. */
  of(y: FloatArray, r: number, near: number): RowScores;
  /** y of a row [K] from h · Wo. */
  y(products: FloatArray): FloatArray;
}

/** [W]: h · Wo, and its possible error if y is off by `near`; Infinity if y does not determine it. */
export interface RowScores {
  readonly products: Float64Array;
  readonly near: Float64Array;
}

/** Score k of a row of y, and its derivative. */
interface Inverse {
  readonly score: (y: FloatArray, k: number) => number;
  readonly slope: (y: FloatArray, k: number) => number;
}

const INVERSES: Readonly<Record<string, Inverse>> = {
  linear: { score: (y, k) => y[k], slope: () => 1 },
  sigmoid: { score: (y, k) => Math.log(y[k] / (1 - y[k])), slope: (y, k) => 1 / (y[k] * (1 - y[k])) },
  softmax: { score: (y, k) => Math.log(y[k] / y[y.length - 1]), slope: (y, k) => 1 / y[k] + 1 / y[y.length - 1] },
};

/** Returns undefined if there is no dense head, or its activation cannot be inverted. */
export function headScoresOf(scenario: Scenario): HeadScores | undefined {
  const head = headOf(scenario);
  const own = head && scenario.weights.get(head.name);
  const [given, bo] = [own?.get('Wo'), own?.get('bo')?.data];
  const activation = head?.kind === 'dense' ? formatActivation(head.activation) : '';
  const inverse = INVERSES[activation];
  if (!given || !inverse || head?.kind !== 'dense' || (activation === 'softmax' && head.units < 2)) return undefined;
  const [M, K] = given.shape;
  const isSoftmax = activation === 'softmax';
  const W = isSoftmax ? K - 1 : K;
  const beside = (data: FloatArray, from: number, k: number) => data[from + k] - (isSoftmax ? data[from + K - 1] : 0);
  const bias = Float64Array.from({ length: W }, (_, k) => (bo ? beside(bo, 0, k) : 0));
  const Wo = { shape: [M, W], data: Float64Array.from({ length: M * W }, (_, i) => beside(given.data, Math.floor(i / W) * K, i % W)) };
  return {
    Wo,
    of(y, r, near) {
      const row = y.subarray(r * K, (r + 1) * K);
      const scores = Array.from({ length: W }, (_, k) => inverse.score(row, k));
      return {
        products: Float64Array.from(scores, (v, k) => (Number.isFinite(v) ? v - bias[k] : 0)),
        near: Float64Array.from(scores, (v, k) => (Number.isFinite(v) ? near * inverse.slope(row, k) : Infinity)),
      };
    },
    y(products) {
      const z = Float64Array.from({ length: K }, (_, k) => (k < W ? products[k] + bias[k] : 0));
      return activated(head.activation, { shape: [1, K], data: z }).data as FloatArray;
    },
  };
}
