import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { withoutUnitAxes } from '../../src/diagnosis/outputReadings.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { variantsOf } from '../../src/diagnosis/runCache.js';
import { scenarioOf } from '../../src/diagnosis/scenario.js';
import { keepsSizes, maySize } from '../../src/diagnosis/sizesUnder.js';
import { prepare } from '../../src/run/prepare.js';
import { sameShape } from '../../src/tensor/tensor.js';

it.each(['conv:6x3,gru:4+seq,dense:2', 'gru:3+seq,flatten'])(
  'a mistake under which y of %s has a shape is never passed over',
  async line => {
    const { network, weights, input } = await prepare({ layers: line, D: 8, N: 9, T: 30 });
    const scenario = scenarioOf(network.model, weights, input);
    const right = runScenario(scenario)!.y;
    const shapes = new Map<string, readonly number[]>();
    const all = HYPOTHESES.flatMap(hypothesis => variantsOf(hypothesis, scenario).map(variant => ({ hypothesis, variant })));
    for (const { hypothesis, variant } of all) {
      const changed = variant.change(scenario);
      const y = changed && runScenario(changed)?.y;
      if (y && keepsSizes(scenario, changed)) expect([variant.code, y.shape]).toEqual([variant.code, right.shape]);
      if (y) shapes.set(withoutUnitAxes(y.shape).join(), withoutUnitAxes(y.shape));
      if (y) expect([variant.code, maySize(scenario, y.shape, 0)(hypothesis, variant)]).toEqual([variant.code, true]);
    }
    // and most are passed over for a shape that none of them gives
    const odd = [13, 17];
    expect([...shapes.values()].some(shape => sameShape(shape, odd))).toBe(false);
    const kept = all.filter(({ variant }) => {
      const changed = variant.change(scenario);
      return changed && keepsSizes(scenario, changed);
    });
    expect(kept.length).toBeGreaterThan(all.length / 4);
    const fits = maySize(scenario, odd, 0);
    expect(all.filter(({ hypothesis, variant }) => fits(hypothesis, variant)).length).toBeLessThan(all.length / 2);
  },
);
