import { fixIn } from './fixes.js';
import type { Fix, Variant } from './hypothesis.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';
import type { Trial } from './trial.js';

/** fits: one explanation · tie: several, with the same y on this input · likely: near, or fitting too few numbers to be sure */
export type Verdict = 'fits' | 'tie' | 'likely' | 'unexplained';

/** Which mistake turns the right output into the other one. */
export interface Finding {
  /** 'state-carry'; 'bias-missing+wh-transposed' for two together */
  readonly code: string;
  /** its parts: one code, or two */
  readonly codes: readonly string[];
  /** the one layer it sits in, where it sits in one; by part */
  readonly layers: readonly (string | null)[];
  /** largest difference that remains when y is computed this way, as a number */
  readonly residual: number;
  readonly verdict: 'fits' | 'tie' | 'likely' | 'rejected';
  /** how many times smaller than the next best */
  readonly margin: number | null;
  readonly why: string;
  /** the repair in NumPy, Keras, PyTorch; of two mistakes those of both */
  readonly fixes: Fix;
  /** to compute it again; undefined where its numbers came from the other output */
  readonly change?: Variant['change'];
  /** whether the change must see all samples */
  readonly needsAll: boolean;
  /** the same mistake on another input of this network */
  readonly again?: Variant['change'];
}

export interface Ranking {
  readonly verdict: Verdict;
  /** what is accepted first, in the order in which it happens to people; then the smallest residuals; one a code */
  readonly findings: readonly Finding[];
  /** something explains the output down to the noise */
  readonly settled: boolean;
}

/** Findings at most, unless more are accepted. */
const SHOWN = 24;

/** What leaves more than the noise must leave this many times less than anything else. */
const AHEAD_OF_NEXT = 10;

/** It takes so much of the difference away, as a number: where a network amplifies its rounding, what is left may be within the noise and large. */
const LEAST_SHARE = 2;

/** Digits that must be left when as many explanations as were tested have each had their chance: of a sure one, and of a likely one. */
const RESERVE = { sure: 2, likely: 1, pair: 2 };

/** The difference as the network is specified. */
export interface Difference {
  /** in multiples of the noise, like those of the trials */
  readonly asSpecified: number;
  /** as a number */
  readonly asNumber?: number;
  /** how many numbers lie further than so much from the mean of their output */
  readonly beside?: (far: number) => number;
}

export function rank(trials: readonly Trial[], difference: Difference, candidates: number): Ranking {
  const { asSpecified, asNumber = Infinity } = difference;
  const byCode = trialsByCode(trials);
  const sorted = [...byCode.values()].map(bestOf).sort((a, b) => a.residual - b.residual || a.codes.length - b.codes.length);
  // what took as many numbers from the output as there are fits any
  const near = undominated(sorted.filter(t => t.full !== false && t.values > 0 && t.residual <= NEAR_NOISE * t.floor));
  const [best] = near;
  const tied = best ? sorted.filter(t => near.includes(t) || isBeside(t, best)) : [];
  const outside = sorted.find(t => !tied.includes(t) && !(best && dominates(best, t)));
  const next = Math.min(asSpecified, outside?.residual ?? Infinity);
  const margin = best ? next / Math.max(best.residual, best.floor / NEAR_NOISE) : 0;
  const believed = tied.filter(
    t => t.left * LEAST_SHARE <= asNumber && isEnough(t, t.floor * NEAR_NOISE, asSpecified, candidates, 'likely'),
  );
  const sure = margin >= AHEAD_OF_SECOND && believed.some(t => isEnough(t, t.floor * NEAR_NOISE, asSpecified, candidates, 'sure'));
  const close = best ? undefined : closeTo(sorted, difference, candidates);
  const fitting = (best ? believed : close ? [close] : []).sort((a, b) => a.order - b.order);
  const accepted = !sure && (areUnrelatedPairs(fitting) || areFreeFits(fitting)) ? [] : fitting;
  const verdict = accepted.length === 0 ? 'unexplained' : !sure ? 'likely' : accepted.length > 1 ? 'tie' : 'fits';
  const mark = verdict === 'unexplained' ? 'rejected' : verdict;
  const others = sorted.filter(t => !accepted.includes(t)).slice(0, Math.max(0, SHOWN - accepted.length));
  const rivals = (t: Trial) => byCode.get(keyOf(t))!;
  const smallest = Math.max(sorted[0]?.residual ?? 0, 1 / NEAR_NOISE);
  const marginOf = (t: Trial) => (accepted.includes(t) && best ? margin : smallest / Math.max(t.residual, 1 / NEAR_NOISE));
  return {
    verdict,
    findings: [
      ...accepted.map(t => findingOf(t, mark, marginOf(t), rivals(t))),
      ...others.map(t => findingOf(t, 'rejected', marginOf(t), rivals(t))),
    ],
    settled: best !== undefined,
  };
}

/** Several pairs that have no mistake in common, and are not sure: of so many pairs some fit by accident. */
function areUnrelatedPairs(trials: readonly Trial[]): boolean {
  const [first, ...rest] = trials;
  return rest.length > 0 && first.codes.length > 1 && !first.codes.some(code => rest.every(t => t.codes.includes(code)));
}

/** Three and more that were each fitted to the output, and are not sure: so few numbers anything fits. */
function areFreeFits(trials: readonly Trial[]): boolean {
  return trials.length > 2 && trials.every(t => t.chosen > 0);
}

function trialsByCode(trials: readonly Trial[]): Map<string, Trial[]> {
  const all = new Map<string, Trial[]>();
  for (const trial of trials) {
    const key = keyOf(trial);
    const known = all.get(key);
    if (known) known.push(trial);
    else all.set(key, [trial]);
  }
  return all;
}

/** Of the same mistake: the nearest; of those that all fit, the one that takes least from the other output. */
function bestOf(trials: readonly Trial[]): Trial {
  const fitting = trials.filter(t => t.full !== false && t.residual <= NEAR_NOISE * t.floor);
  const isBetter = (t: Trial, best: Trial) => dominates(t, best) || (!dominates(best, t) && t.residual < best.residual);
  if (fitting.length > 0) return fitting.reduce((best, t) => (isBetter(t, best) ? t : best));
  return trials.reduce((best, t) => (t.residual < best.residual ? t : best));
}

/** Two mistakes in either order are one explanation. */
function keyOf({ codes }: Trial): string {
  return [...codes].sort().join('+');
}

/** An explanation that takes fewer numbers from the other output, or is one mistake where the other is two, goes before it. */
function dominates(a: Trial, b: Trial): boolean {
  return a.chosen < b.chosen || (a.chosen === b.chosen && a.codes.length < b.codes.length);
}

function undominated(trials: readonly Trial[]): Trial[] {
  return trials.filter(t => !trials.some(other => dominates(other, t)));
}

/** Within ten times the noise of the best: the same y as far as this input shows. */
function isBeside(trial: Trial, best: Trial): boolean {
  return (
    trial.full !== false && !dominates(best, trial) && trial.residual <= best.residual + NEAR_NOISE * Math.max(best.floor, trial.floor)
  );
}

/**
 * Far below the difference and whatever else there is, though above the noise: something near it. A mistake alone where one more takes little
 * away, for of many pairs one always does. What was estimated from the other output is never near for nothing.
 */
function closeTo(trials: readonly Trial[], difference: Difference, candidates: number): Trial | undefined {
  const { asSpecified, asNumber = Infinity, beside = () => Infinity } = difference;
  // a label is right or wrong, never near
  const exact = trials.filter(t => t.chosen === 0 && t.digits === undefined);
  const sorted = exact.filter(t => t.full !== false);
  const [first] = sorted;
  if (!first || !Number.isFinite(first.residual)) return undefined;
  const part = sorted.find(t => t.codes.length < first.codes.length && first.codes.includes(t.codes[0]));
  const best = part && part.residual <= AHEAD_OF_NEXT * first.residual ? part : first;
  const rivals = exact.filter(t => t !== best && !best.codes.every(code => t.codes.includes(code)));
  // where values have noises of their own, one may be ahead in multiples of them and behind as a number; on some samples nothing leaves more than on all
  const isAhead = rivals.every(t => best.residual * AHEAD_OF_NEXT <= t.residual && best.left <= t.left);
  // a 0 written as float16 is exact: many times its noise may be little as a number
  const isFar = best.residual * AHEAD_OF_SECOND <= asSpecified && best.left * AHEAD_OF_NEXT <= asNumber;
  // in a saturated network all rows are alike: what is near their mean alone is near no number
  const told = { ...best, values: Math.min(best.values, beside(AHEAD_OF_NEXT * best.left)) };
  return isFar && isAhead && isEnough(told, best.residual, asSpecified, candidates, 'sure') ? best : undefined;
}

/**
 * An explanation is picked out of many, a pair out of thousands: the numbers it explains must be enough that none of them would do so by
 * accident. Each number that is equal down to `left` is worth log10(asSpecified / left) digits; together they must be more than the
 * candidates' own digits and a reserve.
 */
function isEnough(trial: Trial, left: number, asSpecified: number, candidates: number, how: 'sure' | 'likely'): boolean {
  // nothing but a mistake that makes labels gives whole numbers
  if (trial.digits !== undefined) return trial.digits >= RESERVE[how];
  // a number that was fitted takes some of any difference away
  if (trial.chosen > 0 && asSpecified < AHEAD_OF_NEXT * left) return false;
  const digits = Math.log10(Math.max(1, asSpecified / left)) * trial.values;
  return digits >= Math.log10(candidates) + RESERVE[how] + (trial.codes.length > 1 ? RESERVE.pair : 0);
}

/** Whether so many different numbers can show that it is two mistakes, however well a pair fits them. */
export function showPairs(different: number, asSpecified: number, candidates: number): boolean {
  return different * Math.log10(Math.max(1, asSpecified / NEAR_NOISE)) >= Math.log10(candidates) + RESERVE.likely + RESERVE.pair;
}

/** The repairs of several mistakes below each other: in PyTorch if each has one there. */
function together(fixes: readonly Fix[]): Fix {
  const lines = (language: 'numpy' | 'torch') => fixes.map(fix => fixIn(fix, language)).join('\n');
  return { numpy: lines('numpy'), ...(fixes.every(fix => fix.torch) && { torch: lines('torch') }) };
}

/** @param alike those of the same code, in other layers */
function findingOf(trial: Trial, verdict: Finding['verdict'], margin: number, alike: readonly Trial[]): Finding {
  const fixes = trial.parts.map(p => p.variant.fix ?? p.hypothesis.fix);
  // another layer that explains it as well: then it is not known which one it is
  const rivals = alike.filter(t => t !== trial && t.residual <= trial.residual + NEAR_NOISE * t.floor);
  const layers = trial.layers.map((layer, i) => (rivals.some(r => r.layers[i] !== layer) ? null : layer));
  return {
    code: trial.codes.join('+'),
    codes: trial.codes,
    layers,
    residual: trial.left,
    verdict,
    margin: Number.isFinite(margin) ? margin : null,
    why: trial.why,
    fixes: fixes.length === 1 ? fixes[0] : together(fixes),
    change: trial.change,
    needsAll: trial.parts.some(p => p.variant.needs === 'all' || p.variant.needs === 'input'),
    again: trial.again,
  };
}
