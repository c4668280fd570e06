import { sameShape, type Tensor } from '../tensor/tensor.js';
import { excerptsOf } from './excerpt.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Candidate, Hypothesis, Variant } from './hypothesis.js';
import { type Excess, excessOf, type Noise, noiseOf, timesNoise, ulpsOf, uniformNoise } from './noise.js';
import { withoutUnitAxes } from './outputReadings.js';
import { type Outcome, runScenario } from './run.js';
import { isComputed, outputUnder, variantsOf } from './runCache.js';
import { type Scenario, samplesOf } from './scenario.js';
import { keepsSizes } from './sizesUnder.js';
import { differentNumbers, distinctValuesOf, type Slice, type Slices } from './slices.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';

/** An explanation, and what it leaves of the difference. */
export interface Trial {
  readonly codes: readonly string[];
  readonly layers: readonly (string | null)[];
  readonly parts: readonly Entry[];
  readonly change?: Variant['change'];
  /** the same mistake on another input */
  readonly again?: Variant['change'];
  /** what it leaves, in multiples of the noise; measured on some samples, it is at most that of all samples */
  residual: number;
  /** the residual as a number */
  left: number;
  /** whether it was computed on all samples; otherwise it is never accepted */
  full?: boolean;
  /** whether it is a mistake inside the step that was judged by a few steps only */
  readonly byExcerpt?: boolean;
  /** how far rounding moves y under it, in multiples of the noise of the correct y */
  floor: number;
  /** number of values it took from the other output */
  readonly chosen: number;
  /** number of distinct values it explains beyond those */
  values: number;
  /** decimal digits of evidence, if equal values are no evidence: for labels and masks */
  readonly digits?: number;
  /** position in the list of mistakes: common ones first */
  readonly order: number;
  readonly why: string;
}

export interface Entry {
  readonly hypothesis: Hypothesis;
  readonly variant: Variant;
}

export function isInsideStep({ hypothesis, variant }: Entry): boolean {
  return variant.insideStep ?? hypothesis.insideStep ?? false;
}

/** What the explanation leaves on the first samples to be tried; undefined if it is impossible. */
export function trialOf(slices: Slices, parts: readonly Entry[]): Trial | undefined {
  if (!mayBeLabels(parts, slices.whole.other)) return undefined;
  // a sample differs that the mistake cannot have changed
  if (slices.first >= 0 && parts.every(p => (p.variant.from ?? 0) > slices.first)) return undefined;
  const trial = newTrial(parts, slices.whole.scenario, slices.whole.other, slices.different);
  const part = sliceFor(slices, parts);
  const short = parts.length === 1 && !isComputed(parts[0].variant, part) ? rejectedBySteps(slices, part, parts[0]) : undefined;
  if (short) return { ...trial, ...remaining(short), byExcerpt: isInsideStep(parts[0]) };
  const found = firstLook(slices, part, parts, trial.change!);
  const full = part === slices.whole && parts[0].variant.needs !== 'input';
  return found && { ...trial, ...remaining(found), full };
}

/** Tries the best of the trials that were judged by a few steps again, with all steps of their sample. */
export function reconsidered(slices: Slices, trials: readonly Trial[]): Trial[] {
  const best = trials.filter(t => t.byExcerpt).sort((a, b) => a.residual - b.residual);
  return best.slice(0, FINALISTS).flatMap(trial => {
    const found = firstLook(slices, sliceFor(slices, trial.parts), trial.parts, trial.change!);
    return found ? [{ ...trial, ...remaining(found), byExcerpt: false }] : [];
  });
}

function firstLook(slices: Slices, part: Slice, parts: readonly Entry[], change: Variant['change']): Excess | undefined {
  // there are too many pairs to cache their outputs
  if (parts.length > 1) return residualOf(part, change);
  const [{ variant }] = parts;
  if (variant.needs !== 'input' || slices.worst === slices.whole) return distanceTo(part, outputUnder(variant, part));
  const changed = variant.change(slices.whole.scenario);
  return distanceTo(slices.worst, changed && runScenario(samplesOf(changed, slices.worstAt, slices.worstAt + 1))?.y);
}

/** A mistake under which y has the shape of the other output, although the correct y has not; axes of size 1 are ignored. */
export function shapeTrial(entry: Entry, scenario: Scenario, right: Outcome, other: Tensor, noise: number): Trial | undefined {
  const changed = mayBeLabels([entry], other) ? entry.variant.change(scenario) : undefined;
  const isOwn = sameShape(withoutUnitAxes(right.y.shape), withoutUnitAxes(other.shape));
  const y = changed && (isOwn || !keepsSizes(scenario, changed)) ? runScenario(changed, { like: right })?.y : undefined;
  if (!y || !sameShape(withoutUnitAxes(y.shape), withoutUnitAxes(other.shape))) return undefined;
  return {
    ...newTrial([entry], scenario, other, differentNumbers(other.data)),
    ...remaining(excessOf(y.data, other.data, uniformNoise(other, noise).data)),
    full: true,
  };
}

function newTrial(parts: readonly Entry[], scenario: Scenario, other: Tensor, different: number): Trial {
  return {
    codes: parts.map(p => p.variant.code),
    layers: parts.map(p => p.variant.layer),
    parts,
    change: s => parts.reduce<Scenario | undefined>((now, p) => now && p.variant.change(now), s),
    again: parts.length === 1 ? other => again(parts[0], scenario)(other) : undefined,
    residual: Infinity,
    left: Infinity,
    full: false,
    floor: 1,
    chosen: 0,
    values: different,
    digits: labelDigits(parts, other),
    order: orderOf(parts[0].hypothesis),
    why: parts.map(p => p.variant.why ?? p.hypothesis.why).join('\n'),
  };
}

/** Applies the corresponding variant to another input: a change may contain sizes of the input for which it was made. */
function again({ hypothesis, variant }: Entry, scenario: Scenario): Variant['change'] {
  const alike = (list: readonly Variant[]) => list.filter(v => v.code === variant.code && v.layer === variant.layer);
  const place = alike(variantsOf(hypothesis, scenario)).indexOf(variant);
  return other => alike(hypothesis.variants(other))[place]?.change(other);
}

/** Labels are integers, however rounding affects the scores from which they are made. */
function mayBeLabels(parts: readonly Entry[], other: Tensor): boolean {
  return parts.every(p => p.variant.labels === undefined) || other.data.every((v: number) => Math.abs(v - Math.round(v)) < 1e-3);
}

/** Each correct label is worth the logarithm of the number of labels. */
function labelDigits(parts: readonly Entry[], other: Tensor): number | undefined {
  const labels = parts.length === 1 ? parts[0].variant.labels : undefined;
  return labels === undefined ? undefined : other.data.length * Math.log10(labels);
}

function orderOf(hypothesis: Hypothesis): number {
  return HYPOTHESES.indexOf(hypothesis) + (hypothesis.often ? 0 : HYPOTHESES.length);
}

/** A mistake that leaves more than 1/EXCERPT_ENOUGH of the difference on a few steps will not explain it on all of them. */
const EXCERPT_ENOUGH = 50;

/** What the mistake leaves on a few steps, if that is too much for it to be correct on all of them. */
function rejectedBySteps({ asSpecified }: Slices, part: Slice, { hypothesis, variant }: Entry): Excess | undefined {
  const inside = isInsideStep({ hypothesis, variant });
  if (!inside && variant.needs !== undefined && variant.needs !== 'sample') return undefined;
  for (const excerpt of excerptsOf(part)) {
    const found = inside ? excerpt.under(variant) : excerpt.beside(variant);
    const off = found && distanceTo({ other: excerpt.of(part.other), noise: excerpt.of(part.noise) }, found.y);
    if (off && off.left > found.spread && off.times > Math.max(asSpecified / EXCERPT_ENOUGH, NEAR_NOISE)) return off;
  }
  return undefined;
}

export function sliceFor(slices: Slices, parts: readonly Entry[]): Slice {
  if (parts.some(p => p.variant.needs === 'all' || p.variant.needs === 'input')) return slices.whole;
  return parts.some(p => p.variant.needs === 'before') ? slices.before : slices.worst;
}

function residualOf(part: Slice, change: Variant['change']): Excess | undefined {
  const changed = change(part.scenario);
  return distanceTo(part, changed && runScenario(changed, { like: part.right })?.y);
}

function distanceTo({ other, noise }: Pick<Slice, 'other' | 'noise'>, y: Tensor | undefined): Excess | undefined {
  return y && sameShape(y.shape, other.shape) ? excessOf(y.data, other.data, noise.data) : undefined;
}

function remaining({ times, left }: Excess): Pick<Trial, 'residual' | 'left'> {
  return { residual: times, left };
}

/** Most trials that are computed on all samples, in addition to those that reach the noise. */
const FINALISTS = 12;

/** Computes the best trials on all samples, and measures their own rounding. */
export function finishTrials(slices: Slices, trials: Trial[]): void {
  const { asSpecified } = slices;
  trials.sort((a, b) => a.residual - b.residual);
  const chance = trials.filter(t => t.residual <= Math.max(asSpecified / AHEAD_OF_SECOND, NEAR_NOISE));
  let finalists = 0;
  for (const trial of chance) {
    if (trial.residual > NEAR_NOISE && ++finalists > FINALISTS) break;
    if (!trial.full) {
      const whole = residualOf(slices.whole, trial.change!) ?? { times: Infinity, left: Infinity };
      Object.assign(trial, remaining(whole), { full: true });
    }
    if (trial.residual > asSpecified / 10) continue;
    // the first samples suffice to measure how far rounding moves it
    const part = sliceFor(slices, trial.parts);
    const changed = trial.change!(part.scenario)!;
    const exact = runScenario(changed, { like: part.right })!;
    trial.floor = limitedFloor(timesNoise(noiseOf(changed, exact).data, part.noise.data), asSpecified);
    // units that a relu keeps at zero may be active under the mistake
    trial.values = Math.max(trial.values, distinctValuesOf(exact, changed, part.other));
    if (trial.codes.length > 1) trial.values = Math.min(trial.values, numbersForPairs(slices));
  }
}

/**
 * Number of values that count for a pair of mistakes: with several rows, only what they differ by. If units are saturated, all rows are
 * alike and each h is −1 or 1; among thousands of pairs, one gives the same signs.
 */
function numbersForPairs({ inEffect, whole: { other } }: Slices): number {
  const K = other.shape[other.shape.length - 1] ?? 1;
  return other.data.length > K ? inEffect - K : inEffect;
}

/**
 * Limits the noise floor: a mistake under which the network is so chaotic that rounding alone could explain the difference explains
 * nothing.
 */
function limitedFloor(floor: number, asSpecified: number): number {
  return Math.min(floor, Math.max(1, asSpecified / NEAR_NOISE / AHEAD_OF_SECOND));
}

/** Trials whose y was computed from the other output. @param find 'fromOutput' or 'estimate' of a hypothesis */
export function candidateTrials(
  { whole: { scenario, right, other, noise: noises }, different, off, asSpecified, inEffect }: Slices,
  find: (h: Hypothesis) => Hypothesis['fromOutput'],
  noise: number,
) {
  return HYPOTHESES.flatMap(hypothesis =>
    (find(hypothesis)?.(scenario, right, other, noise, noises) ?? []).map(candidate =>
      trialOfCandidate(hypothesis, candidate, other, { different: Math.min(different, off), inEffect }, noises, noise),
    ),
  ).map(trial => ({ ...trial, floor: limitedFloor(trial.floor, asSpecified) }));
}

function trialOfCandidate(
  hypothesis: Hypothesis,
  candidate: Candidate,
  other: Tensor,
  { different, inEffect }: { readonly different: number; readonly inEffect: number },
  noises: Noise,
  noise: number,
): Trial {
  const { code, layer, y, why, fix, chosen, told, most = Infinity, digits, floor = noise } = candidate;
  return {
    codes: [code],
    layers: [layer],
    parts: [{ hypothesis, variant: { code, layer, fix, change: (s: Scenario) => s } }],
    ...remaining(excessOf(y.data, other.data, noises.data)),
    full: true,
    // an estimate from rounded numbers has an error of its own of the same size
    floor: (chosen > 0 ? 2 : 1) * Math.max(floor / noise, timesNoise(ulpsOf(other), noises.data)),
    chosen,
    digits,
    values: Math.min(most, told ?? Math.max(0, different - chosen), chosen > 0 ? Math.max(0, inEffect - chosen) : Infinity),
    order: orderOf(hypothesis),
    why,
  };
}
