import type { Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import type { Scenario, Way } from '../mistake.js';
import { finished, mapData, mistake } from '../mistake.js';

export const inputAdded = mistake('input-added', 'x is added to the output', ['alone'], {
  why: 'x is added to the output, or was not subtracted: one side predicts the value, the other its change since the last step.',
  numpy: 'y = h @ Wo + bo               # ← not x[:, -1] + h @ Wo + bo',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const [, T, D] = scenario.input.x.shape;
    const K = scenario.weights.get(scenario.model.output)?.get('Wo')?.shape[1] ?? Infinity;
    const added = (by: 1 | -1): Way => ({
      change: s => finished(s, y => mapData(y, (v, i) => v + by * xBeside(s, y, i))),
      why: `x is ${by > 0 ? 'added to' : 'subtracted from'} the output (x of the same step, or of the last one where y has no steps${K < D ? `; its first ${K} of ${D} features` : ''}): one side predicts the value, the other its change.`,
    });
    return scenario.input.x.shape.length === 3 && T > 0 && K <= D ? [added(1), added(-1)] : [];
  },
});

/** The number of x that corresponds to number i of y [N, K] or [N, T, K]. */
function xBeside({ input: { x } }: Scenario, { shape }: Tensor, i: number): number {
  const [, T, D] = x.shape;
  const K = shape[shape.length - 1];
  const row = Math.floor(i / K);
  if (shape.length === 3 && shape[1] !== T) throw new Mismatch();
  return x.data[(shape.length === 3 ? row : row * T + T - 1) * D + (i % K)];
}
