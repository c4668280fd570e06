import { largestMagnitude } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { inLoops, mistake, recurrentLayers, smallNumber } from '../mistake.js';
import { sumOfMagnitudes, sumOfSquares } from '../norms.js';
import { betweenLayers } from './structure.js';

/** Keeps zeros zero, and is too small to matter otherwise. */
const LEAST = 1e-12;

/** h divided by a norm of its units. A LayerNormalization has a code of its own. */

/** A norm of a row of h; includes an ε if the layer of that name has one. */
type Norm = readonly [words: string, norm: (row: Float64Array) => number];

const NORMS: readonly Norm[] = [
  ['its length (L2)', row => Math.sqrt(sumOfSquares(row)) + LEAST],
  ...[1e-6, 1e-5, 2 ** -23].map(
    (e): Norm => [`its root mean square (RMSNorm with epsilon = ${smallNumber(e)})`, row => Math.sqrt(sumOfSquares(row) / row.length + e)],
  ),
  ['the sum of its magnitudes (L1)', row => sumOfMagnitudes(row) + LEAST],
  ['its largest magnitude', row => largestMagnitude(row) + LEAST],
];

/** Divides each row [M] of t by its norm. */
function overNorm(t: Tensor, norm: (row: Float64Array) => number): Tensor {
  const M = t.shape[t.shape.length - 1];
  const data = Float64Array.from(t.data);
  for (let r = 0; r < data.length; r += M) {
    const row = data.subarray(r, r + M);
    const size = norm(row);
    for (let m = 0; m < M; m++) row[m] /= size;
  }
  return { shape: t.shape, data };
}

export const hiddenNormalised = mistake('hidden-normalised', 'h is divided by its length', ['insideStep', 'alone'], {
  why: 'The h of a recurrent layer is divided by its length before the next layer reads it; the network does not do that.',
  numpy: 'y = h @ Wo + bo               # ← h as it is, not h / np.linalg.norm(h)',
  keras: 'x = LSTM(M)(i)                # ← no UnitNormalization after it',
  torch: 'y = fc(out[:, -1])            # ← not fc(F.normalize(out[:, -1], dim=-1))',
  variants: scenario =>
    NORMS.flatMap(([words, norm]) => {
      const layers = recurrentLayers(scenario).filter(l => l.units > 1);
      const fault = { merged: (t: Tensor) => overNorm(t, norm) };
      const said = (what: string) => ({
        // of a single row, h/|h| is a multiple of h, which is the simpler explanation
        rare: scenario.input.x.shape[0] > 1,
        why: `The h of ${what} is divided by ${words} before the next layer reads it; the network does not do that.`,
      });
      return [...inLoops(layers, fault, said('@')), ...betweenLayers(layers, fault, said('@ but the last'))];
    }),
});
