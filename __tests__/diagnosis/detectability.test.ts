import { type DetectabilityOptions, detectabilityOf, mistakesIn } from '../../src/diagnosis/detectability.js';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { lazyPart } from '../../src/diagnosis/runCache.js';
import type { Scenario } from '../../src/diagnosis/scenario.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn } from '../helpers/scenarios.js';

const TWO = { layers: 'rnn:3+seq,rnn:4,dense:2', N: 3, T: 4, D: 2 };
const told = (scenario: Scenario, options: Partial<DetectabilityOptions> = {}) =>
  detectabilityOf(scenario, lazyPart(scenario), { tolerance: 1e-7, nameable: 1e-5, sample: 0, work: 1, most: 1e9, ...options });
/** The biases of some layers replaced. */
const biases = (layers: string[], value: number) => ({
  weights: (name: string, t: Tensor) =>
    layers.some(l => name === `${l}/bh` || name === `${l}/bo`) ? { shape: t.shape, data: Float64Array.from(t.data, () => value) } : t,
});

describe('what an input cannot show', () => {
  it('is a mistake of one layer where that layer alone hides it', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_2'], 0));
    const { cannotDetect } = told(scenario);
    expect(cannotDetect).toContain('bias-missing@rnn_2');
    expect(cannotDetect).not.toContain('bias-missing');
    expect(cannotDetect).not.toContain('bias-missing@rnn_1');
  });

  it('is the mistake itself where every layer hides it', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_1', 'rnn_2', 'dense_1'], 0));
    const { cannotDetect } = told(scenario);
    expect(cannotDetect).toContain('bias-missing');
    expect(cannotDetect.filter(code => code.startsWith('bias-missing@'))).toEqual([]);
  });

  it('is what moves y by no more than the tolerance, and not by a little more', async () => {
    // bo alone is not zero: without it y moves by 0.25 exactly
    const { scenario } = await scenarioIn(
      { layers: 'rnn:3,dense:2', N: 3, T: 4, D: 2 },
      {
        weights: (name, t) => {
          const value = name === 'dense_1/bo' ? 0.25 : name === 'rnn_1/bh' || name === 'dense_1/Wo' ? 0 : undefined;
          return value === undefined ? t : { shape: t.shape, data: Float64Array.from(t.data, () => value) };
        },
      },
    );
    expect(told(scenario, { tolerance: 0.25, nameable: 1 }).cannotDetect).toContain('bias-missing');
    const { cannotDetect, cannotName } = told(scenario, { tolerance: 0.2499, nameable: 0.25 });
    expect(cannotDetect).not.toContain('bias-missing');
    expect(cannotName).toContain('bias-missing');
    expect(told(scenario, { tolerance: 0.2499, nameable: 0.2499 }).cannotName).not.toContain('bias-missing');
  });

  it('is a state kept between samples where there is one sample', async () => {
    for (const [N, hidden] of [
      [1, true],
      [2, false],
      [3, false],
    ] as const) {
      const { scenario } = await scenarioIn({ layers: 'rnn:3,dense:2', N, T: 4, D: 2 });
      const { cannotDetect, unchecked } = told(scenario);
      expect([N, cannotDetect.includes('state-carry'), unchecked]).toEqual([N, hidden, []]);
    }
  });

  it('is not looked for beyond the work allowed: the mistakes left out are said, and nothing of them', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_1', 'rnn_2', 'dense_1'], 0));
    const none = told(scenario, { most: 0 });
    expect([none.cannotDetect, none.cannotName]).toEqual([[], []]);
    expect(none.unchecked.length).toBeGreaterThan(20);
    const all = told(scenario);
    const some = told(scenario, { most: 20 });
    expect(all.unchecked).toEqual([]);
    expect(some.unchecked.length).toBeGreaterThan(0);
    expect(some.unchecked.length).toBeLessThan(none.unchecked.length);
    expect(
      [...some.cannotDetect, ...some.cannotName].map(code => code.replace(/@.*/, '')).filter(code => some.unchecked.includes(code)),
    ).toEqual([]);
  });

  it('is looked for in the layers that are given', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_1', 'rnn_2', 'dense_1'], 0));
    const { cannotDetect } = told(scenario, { layers: new Set(['rnn_1']) });
    expect(cannotDetect).toContain('bias-missing');
    expect(cannotDetect.filter(code => code.endsWith('@rnn_2'))).toEqual([]);
  });

  it('is the same whichever sample is looked at first', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_2'], 0));
    expect(told(scenario, { sample: 2 })).toEqual(told(scenario));
  });

  it('is never what happens to x before, or to y behind', async () => {
    const { scenario } = await scenarioIn(TWO, biases(['rnn_1', 'rnn_2', 'dense_1'], 0));
    const { cannotDetect, cannotName } = told(scenario, { tolerance: 1e9, nameable: 1e9 });
    const alone = HYPOTHESES.filter(h => h.alone && h.name !== 'samples-permuted').map(h => h.name);
    expect(cannotName).toEqual([]);
    expect(cannotDetect.filter(code => alone.includes(code.replace(/[:@].*/, '')))).toEqual([]);
    expect(cannotDetect.join(' ')).toBe(
      'activation bfloat16 bias-missing bias-twice first-step float16 in-place-update pool-max pool-mean pool-sum samples-permuted stale-weights starts-late state-carry state-reset stops-early time-reversed wh-transposed wx-reshaped',
    );
  });
});

it('as many mistakes are looked at as there are ways, three of a kind in a layer at most', async () => {
  const { scenario } = await scenarioIn({ layers: 'rnn:3,dense:2', N: 3, T: 4, D: 2 });
  const ways = HYPOTHESES.filter(h => !h.alone || h.name === 'samples-permuted').map(h => {
    const byLayer = new Map<string | null, string[]>();
    for (const { layer, code } of h.variants(scenario)) byLayer.set(layer, [...(byLayer.get(layer) ?? []), code]);
    // up to the first that is the usual one, with no parameter
    return [...byLayer.values()].reduce((sum, codes) => {
      const usual = codes.indexOf(h.name);
      return sum + Math.min(3, usual < 0 ? codes.length : usual + 1);
    }, 0);
  });
  expect(mistakesIn(scenario)).toBe(ways.reduce((a, b) => a + b, 0));
});
