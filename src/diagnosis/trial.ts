import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Candidate, Hypothesis, Variant } from './hypothesis.js';
import { outputUnder, variantsOf } from './known.js';
import { differentNumbers, type Look, type Slice } from './look.js';
import { type Outcome, roundingOf, runScenario } from './run.js';
import type { Scenario } from './scenario.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';
import { core } from './views.js';

export const FLOAT32_EPSILON = 2 ** -24;

/** One explanation, and what it leaves of the difference. */
export interface Trial {
  readonly codes: readonly string[];
  readonly layers: readonly (string | null)[];
  readonly parts: readonly Entry[];
  readonly change?: Variant['change'];
  /** the same on another input */
  readonly again?: Variant['change'];
  /** on the samples looked at first: never more than on all */
  residual: number;
  full?: boolean;
  /** how far rounding alone moves y under it */
  floor: number;
  /** how many numbers it took from the other output */
  readonly chosen: number;
  /** how many different numbers it explains beyond those */
  readonly values: number;
  /** of labels: decimal digits of evidence beyond their being labels */
  readonly digits?: number;
  /** place in the list of mistakes: the more usual first */
  readonly order: number;
  readonly why: string;
}

export interface Entry {
  readonly hypothesis: Hypothesis;
  readonly variant: Variant;
}

export function trialOf(look: Look, parts: readonly Entry[], noise: number): Trial | undefined {
  const part = sliceFor(look, parts);
  const trial = blank(parts, look.whole.scenario, look.whole.other, look.different, noise);
  // one mistake may have been computed before; of pairs there are too many to keep them
  const residual = parts.length === 1 ? distanceTo(part.other, outputUnder(parts[0].variant, part)) : residualOf(part, trial.change!);
  return residual === undefined ? undefined : { ...trial, residual, full: part === look.whole };
}

/** A mistake under which y has the shape of the other output, which the right y has not; axes of size 1 do not count. */
export function shapeTrial(entry: Entry, scenario: Scenario, right: Outcome, other: Tensor, noise: number): Trial | undefined {
  const changed = entry.variant.change(scenario);
  const y = changed && runScenario(changed, { like: right })?.y;
  if (!y || !sameShape(core(y.shape), core(other.shape))) return undefined;
  return {
    ...blank([entry], scenario, other, differentNumbers(other.data), noise),
    residual: largestDifference(y.data, other.data).abs,
    full: true,
  };
}

function blank(parts: readonly Entry[], scenario: Scenario, other: Tensor, different: number, noise: number): Trial {
  return {
    codes: parts.map(p => p.variant.code),
    layers: parts.map(p => p.variant.layer),
    parts,
    change: s => parts.reduce<Scenario | undefined>((now, p) => now && p.variant.change(now), s),
    again: parts.length === 1 ? again(parts[0], scenario) : undefined,
    residual: Infinity,
    full: false,
    floor: noise,
    chosen: 0,
    values: different,
    digits: labelDigits(parts, other),
    order: orderOf(parts[0].hypothesis),
    why: parts.map(p => p.variant.why ?? p.hypothesis.why).join('\n'),
  };
}

/** A change may hold sizes of the input it was made for: the variant that stands in its place on another input makes its own. */
function again({ hypothesis, variant }: Entry, scenario: Scenario): Variant['change'] {
  const alike = (list: readonly Variant[]) => list.filter(v => v.code === variant.code && v.layer === variant.layer);
  const place = alike(variantsOf(hypothesis, scenario)).indexOf(variant);
  return other => alike(hypothesis.variants(other))[place]?.change(other);
}

/** Every label that is right is worth the logarithm of how many there are. */
function labelDigits(parts: readonly Entry[], other: Tensor): number | undefined {
  const labels = parts.length === 1 ? parts[0].variant.labels : undefined;
  return labels === undefined ? undefined : other.data.length * Math.log10(labels);
}

function orderOf(hypothesis: Hypothesis): number {
  return HYPOTHESES.indexOf(hypothesis) + (hypothesis.often ? 0 : HYPOTHESES.length);
}

function sliceFor(look: Look, parts: readonly Entry[]): Slice {
  if (parts.some(p => p.variant.needs === 'all')) return look.whole;
  return parts.some(p => p.variant.needs === 'before') ? look.before : look.worst;
}

function residualOf({ scenario, right, other }: Slice, change: Variant['change']): number | undefined {
  const changed = change(scenario);
  return distanceTo(other, changed && runScenario(changed, { like: right })?.y);
}

function distanceTo(other: Tensor, y: Tensor | undefined): number | undefined {
  return y && sameShape(y.shape, other.shape) ? largestDifference(y.data, other.data).abs : undefined;
}

/** How many trials are computed on all samples at most, beyond those that reach the noise. */
const FINALISTS = 12;

/** The best of the first look are computed on all samples, and their own rounding is measured. */
export function finishTrials(look: Look, trials: Trial[], asSpecified: number, noise: number): void {
  trials.sort((a, b) => a.residual - b.residual);
  const chance = trials.filter((t, i) => t.residual <= Math.max(asSpecified / AHEAD_OF_SECOND, NEAR_NOISE * noise) || i < 2);
  for (const trial of chance.slice(0, FINALISTS)) {
    if (!trial.full) {
      trial.residual = residualOf(look.whole, trial.change!) ?? Infinity;
      trial.full = true;
    }
    if (trial.residual > asSpecified / 10) continue;
    // how far rounding moves it shows on the samples of the first look
    const part = sliceFor(look, trial.parts);
    const changed = trial.change!(part.scenario)!;
    const exact = runScenario(changed, { like: part.right })!;
    trial.floor = Math.max(noise, roundingOf(changed, exact), FLOAT32_EPSILON * largestMagnitude(exact.y.data));
  }
}

/** Explanations whose y was made from the other output. @param find 'fromOutput' or 'estimate' of a hypothesis */
export function candidateTrials(
  { whole: { scenario, right, other }, different }: Look,
  find: (h: Hypothesis) => Hypothesis['fromOutput'],
  noise: number,
) {
  return HYPOTHESES.flatMap(hypothesis =>
    (find(hypothesis)?.(scenario, right, other, noise) ?? []).map(candidate =>
      trialOfCandidate(hypothesis, candidate, other, different, noise),
    ),
  );
}

function trialOfCandidate(hypothesis: Hypothesis, candidate: Candidate, other: Tensor, different: number, noise: number): Trial {
  const { code, layer, y, why, fix, chosen, floor = noise } = candidate;
  return {
    codes: [code],
    layers: [layer],
    parts: [{ hypothesis, variant: { code, layer, fix, change: (s: Scenario) => s } }],
    residual: largestDifference(y.data, other.data).abs,
    full: true,
    floor: Math.max(floor, FLOAT32_EPSILON * largestMagnitude(other.data)),
    chosen,
    values: Math.max(0, Math.min(different, other.data.length) - chosen),
    order: orderOf(hypothesis),
    why,
  };
}
