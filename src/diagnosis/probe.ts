import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Variant } from './hypothesis.js';
import { noiseOf } from './noise.js';
import { runScenario } from './run.js';
import { computeOutputs, lazyPart, outputUnder, variantsOf } from './runCache.js';
import type { Scenario } from './scenario.js';
import { layersWithin } from './together.js';

/** What an input distinguishes: y under each mistake, compared in pairs. */
export interface Separation {
  /** codes whose y differs from the correct y and from that of every other code */
  readonly apart: readonly string[];
  /** codes that do not change y */
  readonly hidden: readonly string[];
  /** codes that give no y on this network */
  readonly impossible: readonly string[];
  /** number of runs of the network */
  readonly runs: number;
  /** pairs of codes with the same y */
  readonly alike: readonly (readonly [string, string])[];
  /** number of layers in which single-layer mistakes were tried; null: all */
  readonly layers: number | null;
  /** whether the goal was reached; if not, the search stopped as soon as that was certain */
  readonly reached: boolean;
}

/**
 * At least so many codes distinguished, and at most so many hidden. Codes that failed before are tried first, because they are likely to
 * fail again.
 */
export interface Goal {
  readonly apart: number;
  readonly hidden: number;
  readonly first: readonly string[];
}

/** y must move by this many times the rounding noise to count as different, which is what a confident explanation needs. */
const APART = 1000;

/**
 * Compares every mistake that can happen here, in each layer, with every other one. Each gate order and activation counts separately.
 * @param work multiply-adds; if a deep network needs more, only some layers are tried
 */
export function separationOf(
  scenario: Scenario,
  goal: Goal = { apart: 0, hidden: Number.POSITIVE_INFINITY, first: [] },
  work = Number.POSITIVE_INFINITY,
): Separation | undefined {
  const right = runScenario(scenario);
  if (!right) return undefined;
  const least = APART * largestMagnitude(noiseOf(scenario, right).data);
  const part = lazyPart(scenario, () => right);
  const everyVariant = HYPOTHESES.flatMap(h => variantsOf(h, scenario));
  const layers = layersWithin(work, everyVariant, part);
  const variants = byCode(everyVariant, layers);
  const place = new Map([...variants.keys()].map((code, i) => [code, i]));
  const outcomes = outputsByFirst(least);
  const [seen, hidden, confused] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const alike = new Map<string, readonly [string, string]>();
  let runs = 0;
  const impossible: string[] = [];
  let reached = true;
  for (const code of new Set([...goal.first.filter(code => variants.has(code)), ...variants.keys()])) {
    const own = variants.get(code)!;
    computeOutputs(own, part);
    const outputs = own.flatMap(variant => outputUnder(variant, part) ?? []);
    runs += own.length;
    const moved = outputs.filter(y => !same(y, right.y, least));
    // it suffices that the mistake shows in one layer; the search names the layer
    if (moved.length > 0) seen.add(code);
    else if (outputs.length > 0) hidden.add(code);
    else impossible.push(code);
    for (const other of moved.flatMap(y => [...outcomes.near(y)])) {
      const pair = [code, other].sort((a, b) => place.get(a)! - place.get(b)!) as [string, string];
      alike.set(pair.join(' '), pair);
      for (const one of pair) confused.add(one);
    }
    for (const y of moved) outcomes.add(code, y);
    reached = variants.size - impossible.length - hidden.size - confused.size >= goal.apart && hidden.size <= goal.hidden;
    if (!reached) break;
  }
  const inOrder = (codes: Iterable<string>) => [...codes].sort((a, b) => place.get(a)! - place.get(b)!);
  return {
    apart: inOrder(seen).filter(code => !confused.has(code)),
    hidden: inOrder(hidden),
    impossible,
    layers: layers?.size ?? null,
    runs,
    alike: [...alike.values()].sort(([a, b], [c, d]) => place.get(b)! - place.get(d)! || place.get(a)! - place.get(c)!),
    reached,
  };
}

/** Outputs of codes, indexed by their first number: only outputs with close first numbers can be equal. */
function outputsByFirst(least: number) {
  const byFirst = new Map<number, { code: string; y: Tensor }[]>();
  const keyOf = (y: Tensor) => Math.floor(y.data[0] / least);
  return {
    add(code: string, y: Tensor): void {
      const known = byFirst.get(keyOf(y));
      if (known) known.push({ code, y });
      else byFirst.set(keyOf(y), [{ code, y }]);
    },
    /** The codes with the same y. */
    near(y: Tensor): Set<string> {
      const key = keyOf(y);
      const close = [...new Set([key - 1, key, key + 1])].flatMap(k => byFirst.get(k) ?? []);
      return new Set(close.filter(other => same(y, other.y, least)).map(other => other.code));
    },
  };
}

/** The usual variants. @param layers those in which mistakes are tried; undefined: all */
function byCode(variants: readonly Variant[], layers?: ReadonlySet<string>): Map<string, Variant[]> {
  const found = new Map<string, Variant[]>();
  for (const variant of variants) {
    if (variant.rare || ROUNDING.has(variant.code) || (variant.layer !== null && layers?.has(variant.layer) === false)) continue;
    const known = found.get(variant.code);
    if (known) known.push(variant);
    else found.set(variant.code, [variant]);
  }
  return found;
}

/** Reduced precision moves y very little, whatever the input. */
const ROUNDING = new Set(['float16', 'bfloat16']);

function same(a: Tensor, b: Tensor, least: number): boolean {
  return sameShape(a.shape, b.shape) && largestDifference(a.data, b.data).abs <= least;
}
