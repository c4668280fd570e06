import { largestDifference } from '../tensor/difference.js';
import { sameShape } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { type Outcome, runScenario } from './run.js';
import { type Scenario, samplesOf } from './scenario.js';

/** What an input can show, computed: y under each mistake, against y as it should be. */
export interface Power {
  /** mistakes under which y stays within `tolerance`, in any layer they may sit in; 'code@layer' where only that layer hides it */
  readonly cannotDetect: readonly string[];
  /** mistakes that move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** the time was up before these were computed */
  readonly unchecked: readonly string[];
}

export interface PowerOptions {
  readonly tolerance: number;
  /** y must move by more than this for a mistake to be named: 100 times what is left over */
  readonly nameable: number;
  readonly budget: number;
  readonly now: () => number;
}

export function powerOf(scenario: Scenario, right: Outcome, options: PowerOptions): Power {
  const deadline = options.now() + options.budget * 1000;
  const cannotDetect: string[] = [];
  const cannotName: string[] = [];
  const unchecked: string[] = [];
  const few = firstSamples(scenario, right);
  for (const hypothesis of HYPOTHESES) {
    const moves: { variant: Variant; by: number }[] = [];
    for (const variant of shownBy(hypothesis, scenario)) {
      if (options.now() > deadline) {
        unchecked.push(hypothesis.name);
        break;
      }
      const by = moveOf(variant, few, scenario, right, options.nameable);
      if (by !== undefined) moves.push({ variant, by });
    }
    if (moves.length === 0) continue;
    if (moves.every(m => m.by <= options.tolerance)) cannotDetect.push(hypothesis.name);
    else {
      for (const layer of new Set(moves.map(m => m.variant.layer))) {
        const own = moves.filter(m => m.variant.layer === layer);
        if (layer !== null && own.every(m => m.by <= options.tolerance)) cannotDetect.push(`${hypothesis.name}@${layer}`);
      }
      if (moves.every(m => m.by <= options.nameable)) cannotName.push(hypothesis.name);
    }
  }
  return { cannotDetect, cannotName, unchecked: [...new Set(unchecked)] };
}

/** One variant of a family a layer is enough: the others of it differ in a parameter or in how far they go. */
function shownBy(hypothesis: Hypothesis, scenario: Scenario): Variant[] {
  const variants = hypothesis.variants(scenario);
  const limit = new Map<string, number>();
  return variants.filter(v => {
    const key = v.layer ?? '';
    const seen = limit.get(key) ?? 0;
    limit.set(key, seen + 1);
    return seen < 3;
  });
}

interface Part {
  readonly scenario: Scenario;
  readonly right: Outcome;
}

/** Two samples show nearly every mistake; those they do not show are computed on all. */
function firstSamples(scenario: Scenario, right: Outcome): Part {
  const N = scenario.input.x.shape[0];
  const stateful = scenario.model.layers.some(l => 'stateful' in l && l.stateful);
  if (N <= 2 || stateful) return { scenario, right };
  const part = samplesOf(scenario, 0, 2);
  const outcome = runScenario(part);
  return outcome ? { scenario: part, right: outcome } : { scenario, right };
}

function moveOf(variant: Variant, few: Part, scenario: Scenario, right: Outcome, enough: number): number | undefined {
  const on = (part: Part): number | undefined => {
    const changed = variant.change(part.scenario);
    const outcome = changed && runScenario(changed, { like: part.right });
    if (!outcome) return undefined;
    return sameShape(outcome.y.shape, part.right.y.shape) ? largestDifference(outcome.y.data, part.right.y.data).abs : Infinity;
  };
  const first = variant.needs === 'all' ? undefined : on(few);
  if (first !== undefined && first > enough) return first;
  if (few.scenario === scenario && variant.needs !== 'all') return first;
  return on({ scenario, right });
}
