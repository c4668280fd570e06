import { changeWeights, mapData } from '../../src/diagnosis/mistake.js';
import { directionsInEffect, directionsUnderMistakes } from '../../src/diagnosis/mistakes/heads.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { runInMemory } from '../../src/run/inMemory.js';

const [N, M] = [12, 3];
const NEAR = 1e-6;

async function directions(bias: number | undefined) {
  const { network, weights, input } = await runInMemory({ layers: `rnn:${M},dense:1`, N, T: 4, D: 1, init: 'torch', seed: '3' });
  const drawn = scenarioOf(network.model, weights, input);
  const isBias = (name: string) => bias !== undefined && name === 'bh';
  const scenario = changeWeights(drawn, 'rnn_1', (name, t) => (isBias(name) ? mapData(t, (_, k) => (k % 2 ? -bias! : bias!)) : t));
  const right = runScenario(scenario)!;
  return { own: directionsInEffect(scenario, right, NEAR, 0.1), all: directionsUnderMistakes(scenario, right, NEAR, 0.1) };
}

it('the y of several mistakes differ in more directions than h has units', async () => {
  const { own, all } = await directions(undefined);
  expect(own).toBeLessThanOrEqual(M);
  expect(all).toBeGreaterThan(M + 1);
  expect(all).toBeLessThanOrEqual(N - 1);
});

it('where units are saturated, in few: what is fitted to that many numbers proves nothing', async () => {
  const { all } = await directions(7);
  expect(all).toBeLessThan(M);
});
