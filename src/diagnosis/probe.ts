import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Variant } from './hypothesis.js';
import { noiseOf } from './noise.js';
import { runScenario } from './run.js';
import type { Scenario } from './scenario.js';

/** What one input distinguishes: y under every mistake, pairwise. */
export interface Separation {
  /** codes under which y differs from the right one and from y under every other code */
  readonly apart: readonly string[];
  /** codes that leave y as it is */
  readonly hidden: readonly string[];
  /** codes that give no y on this network */
  readonly impossible: readonly string[];
  /** how often the network was run */
  readonly runs: number;
  /** pairs of codes with the same y */
  readonly alike: readonly (readonly [string, string])[];
  /** the goal was reached; else the rest stops where that was certain */
  readonly reached: boolean;
}

/** At least so many codes apart, at most so many hidden. Codes that failed before are tried first: they fail again. */
export interface Goal {
  readonly apart: number;
  readonly hidden: number;
  readonly first: readonly string[];
}

/** y must move by this many times the rounding noise to count as different: what a confident explanation needs. */
const APART = 1000;

/** Every mistake that can happen here, in each layer, against every other one. Gate orders and activations count each for itself. */
export function separationOf(
  scenario: Scenario,
  goal: Goal = { apart: 0, hidden: Number.POSITIVE_INFINITY, first: [] },
): Separation | undefined {
  const right = runScenario(scenario);
  if (!right) return undefined;
  const least = APART * largestMagnitude(noiseOf(scenario, right).data);
  const variants = variantsByCode(scenario);
  const place = new Map([...variants.keys()].map((code, i) => [code, i]));
  const outcomes: { code: string; y: Tensor }[] = [];
  const [seen, hidden, confused] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const alike = new Map<string, readonly [string, string]>();
  let runs = 0;
  const impossible: string[] = [];
  let reached = true;
  for (const code of new Set([...goal.first.filter(code => variants.has(code)), ...variants.keys()])) {
    let unmoved = false;
    const before = outcomes.length;
    for (const variant of variants.get(code)!) {
      const changed = variant.change(scenario);
      const y = changed && runScenario(changed, { like: right })?.y;
      runs++;
      if (!y) continue;
      if (same(y, right.y, least)) unmoved = true;
      else outcomes.push({ code, y });
    }
    // one layer in which it shows is enough for the code; the search names the layer
    if (outcomes.length > before) seen.add(code);
    else if (unmoved) hidden.add(code);
    else impossible.push(code);
    for (const { y } of outcomes.slice(before)) {
      for (const other of outcomes.slice(0, before)) {
        if (!same(y, other.y, least)) continue;
        const pair = [code, other.code].sort((a, b) => place.get(a)! - place.get(b)!) as [string, string];
        alike.set(pair.join(' '), pair);
        for (const one of pair) confused.add(one);
      }
    }
    reached = variants.size - impossible.length - hidden.size - confused.size >= goal.apart && hidden.size <= goal.hidden;
    if (!reached) break;
  }
  const inOrder = (codes: Iterable<string>) => [...codes].sort((a, b) => place.get(a)! - place.get(b)!);
  return {
    apart: inOrder(seen).filter(code => !confused.has(code)),
    hidden: inOrder(hidden),
    impossible,
    runs,
    alike: [...alike.values()].sort(([a, b], [c, d]) => place.get(b)! - place.get(d)! || place.get(a)! - place.get(c)!),
    reached,
  };
}

function variantsByCode(scenario: Scenario): Map<string, Variant[]> {
  const found = new Map<string, Variant[]>();
  for (const hypothesis of HYPOTHESES) {
    for (const variant of hypothesis.variants(scenario)) {
      if (variant.rare || ROUNDING.has(variant.code)) continue;
      const known = found.get(variant.code);
      if (known) known.push(variant);
      else found.set(variant.code, [variant]);
    }
  }
  return found;
}

/** Fewer bits move y by very little, whatever the input. */
const ROUNDING = new Set(['float16', 'bfloat16']);

function same(a: Tensor, b: Tensor, least: number): boolean {
  return sameShape(a.shape, b.shape) && largestDifference(a.data, b.data).abs <= least;
}
