import { excerptsOf } from '../../src/diagnosis/excerpt.js';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { lazyPart } from '../../src/diagnosis/runCache.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { isInsideStep } from '../../src/diagnosis/trial.js';
import { prepare } from '../../src/run/prepare.js';
import { largestDifference } from '../../src/tensor/difference.js';

/** Beyond what the steps left out may do, rounding alone. */
const ROUNDING = 1e-12;

describe.each(['lstm:4,dense:3', 'gru:5+seq,rnn:3,dense:2', 'rnn:4+seq,dense:2'])('a few steps of %s', line => {
  const part = async () => {
    const { network, weights, input } = await prepare({ layers: line, N: 1, T: 210, D: 3, init: 'torch' });
    return lazyPart(scenarioOf(network.model, weights, input));
  };

  test('are eight, and then a twelfth of them, made once', async () => {
    const made = await part();
    const lengths = excerptsOf(made).map(e => e.of(made.right.y).shape[1]);
    expect(lengths).toEqual(line.startsWith('rnn') ? [8, 18] : [made.right.y.shape[1], made.right.y.shape[1]]);
    expect(excerptsOf(made)).toBe(excerptsOf(made));
  });

  test('show what all of them do under another x and other first states, as far as they say', async () => {
    const made = await part();
    const found = new Set<string>();
    for (const [k, excerpt] of excerptsOf(made).entries())
      for (const hypothesis of HYPOTHESES)
        for (const variant of hypothesis.variants(made.scenario)) {
          if (isInsideStep({ hypothesis, variant })) continue;
          const short = excerpt.beside(variant);
          if (!short) continue;
          found.add(variant.code);
          const y = excerpt.of(runScenario(variant.change(made.scenario)!)!.y);
          const off = largestDifference(short.y.data, y.data).abs;
          expect([k, variant.code, variant.why, short.y.shape, off <= short.spread + ROUNDING]).toEqual([
            k,
            variant.code,
            variant.why,
            y.shape,
            true,
          ]);
        }
    expect([...found]).toEqual(expect.arrayContaining(['time-reversed', 'state-ones', 'state-previous-call', 'input-lagged']));
    expect(found).not.toContain('bias-missing');
    expect(found).not.toContain('output-scaled');
  });
});
