import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { outputUnder } from './known.js';
import type { Look, Slice } from './look.js';
import { type Outcome, roundingOf, runScenario } from './run.js';
import type { Scenario } from './scenario.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';

export const FLOAT32_EPSILON = 2 ** -24;
export interface Trial {
  readonly codes: readonly string[];
  readonly layers: readonly (string | null)[];
  readonly parts: readonly Entry[];
  readonly change?: Variant['change'];
  /** on the samples looked at first: never more than on all */
  residual: number;
  full?: boolean;
  /** how far rounding alone moves y under it */
  floor: number;
  /** how many numbers it explains beyond those it took from the other output */
  readonly values: number;
  readonly why: string;
}

export interface Entry {
  readonly hypothesis: Hypothesis;
  readonly variant: Variant;
}

export function trialOf(look: Look, parts: readonly Entry[], noise: number): Trial | undefined {
  const change: Variant['change'] = s => parts.reduce<Scenario | undefined>((now, p) => now && p.variant.change(now), s);
  const part = sliceFor(look, parts);
  // one mistake may have been computed before; of pairs there are too many to keep them
  const residual = parts.length === 1 ? distanceTo(part.other, outputUnder(parts[0].variant, part)) : residualOf(part, change);
  if (residual === undefined) return undefined;
  return {
    codes: parts.map(p => p.variant.code),
    layers: parts.map(p => p.variant.layer),
    parts,
    change,
    residual,
    full: part === look.whole,
    floor: noise,
    values: look.whole.other.data.length,
    why: parts.map(p => p.variant.why ?? p.hypothesis.why).join('\n'),
  };
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

export function fromOutput(scenario: Scenario, right: Outcome, other: Tensor, noise: number): Trial[] {
  return HYPOTHESES.flatMap(hypothesis =>
    (hypothesis.fromOutput?.(scenario, right, other, noise) ?? []).map(candidate => ({
      codes: [candidate.code],
      layers: [candidate.layer],
      parts: [{ hypothesis, variant: { code: candidate.code, layer: candidate.layer, change: (s: Scenario) => s } }],
      residual: largestDifference(candidate.y.data, other.data).abs,
      full: true,
      floor: Math.max(noise, FLOAT32_EPSILON * largestMagnitude(other.data)),
      values: other.data.length - candidate.chosen,
      why: candidate.why,
    })),
  );
}
