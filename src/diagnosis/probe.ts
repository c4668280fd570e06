import { largestDifference } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import { roundingOf, runScenario } from './run.js';
import type { Scenario } from './scenario.js';

/** What one input distinguishes: y under every mistake, pairwise. */
export interface Separation {
  /** codes under which y differs from the right one and from y under every other code */
  readonly apart: readonly string[];
  /** codes that leave y as it is */
  readonly hidden: readonly string[];
  /** how often the network was run */
  readonly runs: number;
  /** pairs of codes with the same y */
  readonly alike: readonly (readonly [string, string])[];
}

/** y must move by this many times the rounding noise to count as different: what a confident explanation needs. */
const APART = 1000;

/** Every mistake that can happen here, in each layer, against every other one. Gate orders and activations count each for itself. */
export function separationOf(scenario: Scenario): Separation | undefined {
  const right = runScenario(scenario);
  if (!right) return undefined;
  const least = APART * roundingOf(scenario, right);
  const outcomes: { code: string; y: Tensor }[] = [];
  const hidden = new Set<string>();
  let runs = 0;
  for (const hypothesis of HYPOTHESES) {
    for (const variant of hypothesis.variants(scenario)) {
      if (variant.rare || ROUNDING.has(variant.code)) continue;
      const changed = variant.change(scenario);
      const y = changed && runScenario(changed, { like: right })?.y;
      runs++;
      if (!y) continue;
      if (same(y, right.y, least)) hidden.add(variant.code);
      else outcomes.push({ code: variant.code, y });
    }
  }
  const seen = new Set(outcomes.map(o => o.code));
  const alike = new Map<string, readonly [string, string]>();
  for (let i = 0; i < outcomes.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [outcomes[j], outcomes[i]];
      if (a.code !== b.code && same(a.y, b.y, least)) alike.set(`${a.code} ${b.code}`, [a.code, b.code]);
    }
  }
  const confused = new Set([...alike.values()].flat());
  return {
    apart: [...seen].filter(code => !confused.has(code)),
    // one layer in which it shows is enough for the code; the search names the layer
    hidden: [...hidden].filter(code => !seen.has(code)),
    runs,
    alike: [...alike.values()],
  };
}

/** Fewer bits move y by very little, whatever the input. */
const ROUNDING = new Set(['float16', 'bfloat16']);

function same(a: Tensor, b: Tensor, least: number): boolean {
  return sameShape(a.shape, b.shape) && largestDifference(a.data, b.data).abs <= least;
}
