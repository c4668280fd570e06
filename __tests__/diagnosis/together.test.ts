import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { lazyPart } from '../../src/diagnosis/runCache.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { computeTogether, isDeep } from '../../src/diagnosis/together.js';
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
