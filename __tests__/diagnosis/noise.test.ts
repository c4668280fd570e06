import { noiseOf } from '../../src/diagnosis/noise.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { prepare } from '../../src/run/prepare.js';

/** y of a sequence [N, T, K] whose first sample has numbers a million times as large as the second one's. */
async function noise() {
  const { network, weights, input } = await prepare({ layers: 'rnn:3@linear+seq,dense:2', N: 2, T: 5, D: 2, init: 'torch' });
  const { shape, data } = input.x;
  const x = { shape, data: Float64Array.from(data, (v, k) => (k < data.length / 2 ? v * 1e6 : v)) };
  const scenario = scenarioOf(network.model, weights, { ...input, x });
  const right = runScenario(scenario)!;
  return { y: right.y, rows: Array.from({ length: 10 }, (_, r) => Array.from(noiseOf(scenario, right).data.slice(2 * r, 2 * r + 2))) };
}

it('rounding adds up over the steps of a sample, and not from one sample to the next', async () => {
  const { y, rows } = await noise();
  expect(y.shape).toEqual([2, 5, 2]);
  for (const n of [0, 1])
    for (let t = 1; t < 5; t++) for (const k of [0, 1]) expect(rows[5 * n + t][k]).toBeGreaterThanOrEqual(rows[5 * n + t - 1][k]);
  for (const k of [0, 1]) expect(rows[5][k]).toBeLessThan(rows[4][k] / 1e4);
});
