import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { lazyPart } from '../../src/diagnosis/runCache.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { computeTogether, isDeep } from '../../src/diagnosis/together.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { prepare } from '../../src/run/prepare.js';
import { largestDifference } from '../../src/tensor/difference.js';

describe.each([
  'rnn:5+seq,gru:4+seq,dropout,lstm:3+seq,rnn:4+seq,birnn:3,dense:2',
  'lstm:3+seq,dense:4@tanh,rnn:5+seq,rnn:5+seq,gru:2+seq,dense:3',
])('mistakes of %s computed together', line => {
  test('give y as each alone does', async () => {
    const { network, weights, input } = await prepare({ layers: line, N: 2, T: 4, D: 3, init: 'torch' });
    const part = lazyPart(scenarioOf(network.model, weights, input));
    const variants = HYPOTHESES.flatMap(h => h.variants(part.scenario));
    let found = 0;
    expect(isDeep(part)).toBe(true);
    computeTogether(variants, part, (variant, y) => {
      const changed = variant.change(part.scenario);
      const alone = changed && runScenario(changed)?.y;
      found++;
      expect([variant.code, variant.layer, y?.shape]).toEqual([variant.code, variant.layer, alone?.shape]);
      if (y) expect([variant.code, largestDifference(y.data, alone!.data).abs]).toEqual([variant.code, expect.closeTo(0, 11)]);
    });
    expect(found).toBeGreaterThan(variants.length / 2);
  });
});

test('a layer that reads two values is no part of a chain', async () => {
  const layers = ['a', 'b', 'c', 'd', 'e'].map((name, i) => ({
    kind: 'rnn',
    name,
    units: 3,
    returnSequences: true,
    inputs: [i === 0 ? 'input' : i === 3 ? 'sum' : 'abcd'[i - 1]],
  }));
  const sum = { kind: 'op', op: 'Add', name: 'sum', inputs: ['c', 'a'] };
  const wired = [...layers.slice(0, 3), sum, ...layers.slice(3)];
  const spec = { functional: true, input: { timesteps: 4, features: 2 }, layers: wired };
  const { network, weights, input } = await runInMemory({ spec });
  expect(isDeep(lazyPart(scenarioOf(network.model, weights, input)))).toBe(false);
});
