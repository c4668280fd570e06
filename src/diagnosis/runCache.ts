import type { Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { type Outcome, type Part, runScenario } from './run.js';
import { type Scenario, samplesOf } from './scenario.js';
import { computeTogether, isDeep } from './together.js';

/**
 * Caches what both the search and detectability need: the first samples, the variants of a hypothesis, and y under them. Entries live as
 * long as their scenario.
 */
const parts = new WeakMap<Scenario, Map<string, Part>>();
const variants = new WeakMap<Scenario, Map<Hypothesis, readonly Variant[]>>();
const outputs = new WeakMap<Outcome, Map<Variant, Tensor | undefined>>();

/** Larger outputs are not cached: hundreds of mistakes are tried, and recomputing them only takes time. */
const MOST_KEPT = 4096;

function entryOf<K extends WeakKey, T>(map: WeakMap<K, T>, key: K, make: () => T): T {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}

/** Samples [from, to) with their correct y. */
export function partOf(scenario: Scenario, from: number, to: number): Part {
  const own = entryOf(parts, scenario, () => new Map<string, Part>());
  const key = `${from} ${to}`;
  const known = own.get(key) ?? lazyPart(samplesOf(scenario, from, to));
  own.set(key, known);
  return known;
}

/** A scenario and its right y, computed on demand. */
export function lazyPart(scenario: Scenario, run: () => Outcome = () => runScenario(scenario)!): Part {
  let right: Outcome | undefined;
  return {
    scenario,
    get right() {
      right ??= run();
      return right;
    },
  };
}

export function variantsOf(hypothesis: Hypothesis, scenario: Scenario): readonly Variant[] {
  const own = entryOf(variants, scenario, () => new Map<Hypothesis, readonly Variant[]>());
  const known = own.get(hypothesis) ?? hypothesis.variants(scenario);
  own.set(hypothesis, known);
  return known;
}

/**
 * `outputUnder` for many mistakes in a deep network, running each layer once for all of them. Outputs that are too large to cache, or
 * mistakes in several layers, are left to be computed later.
 */
export function computeOutputs(list: readonly Variant[], part: Part): void {
  if (!isDeep(part) || part.right.y.data.length > MOST_KEPT) return;
  const own = entryOf(outputs, part.right, () => new Map<Variant, Tensor | undefined>());
  computeTogether(
    list.filter(v => !own.has(v)),
    part,
    (variant, y) => own.set(variant, y),
  );
}

export function isComputed(variant: Variant, { right }: Part): boolean {
  return outputs.get(right)?.has(variant) ?? false;
}

/** y of some samples under a mistake; undefined if it cannot happen there. */
export function outputUnder(variant: Variant, { scenario, right }: Part): Tensor | undefined {
  const own = entryOf(outputs, right, () => new Map<Variant, Tensor | undefined>());
  if (own.has(variant)) return own.get(variant);
  const changed = variant.change(scenario);
  const y = changed && runScenario(changed, { like: right })?.y;
  if (!y || y.data.length <= MOST_KEPT) own.set(variant, y);
  return y;
}
