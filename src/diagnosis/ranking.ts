import { fixIn } from './fixes.js';
import type { Fix, Variant } from './hypothesis.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';
import type { Trial } from './trial.js';

/** fits: one explanation · tie: several, with the same y on this input · likely: close, or fitting too few numbers to be certain */
export type Verdict = 'fits' | 'tie' | 'likely' | 'unexplained';

/** A mistake that may turn the correct output into the other one. */
export interface Finding {
  /** 'state-carry'; 'bias-missing+wh-transposed' for two together */
  readonly code: string;
  /** its mistakes: one code, or two */
  readonly codes: readonly string[];
  /** for each mistake, the layer it is in, if it is in a single one */
  readonly layers: readonly (string | null)[];
  /** largest difference that remains if y is computed with this mistake */
  readonly residual: number;
  readonly verdict: 'fits' | 'tie' | 'likely' | 'rejected';
  /** ratio of the next best residual to this one */
  readonly margin: number | null;
  readonly why: string;
  /** the fix in NumPy, Keras, PyTorch; for two mistakes, both fixes */
  readonly fixes: Fix;
  /** recomputes y; undefined if the numbers came from the other output */
  readonly change?: Variant['change'];
  /** whether the change must see all samples */
  readonly needsAll: boolean;
  /** applies the same mistake to another input of this network */
  readonly again?: Variant['change'];
}

export interface Ranking {
  readonly verdict: Verdict;
  /** accepted ones first, the most common mistakes first; then by residual; one per code */
  readonly findings: readonly Finding[];
  /** whether something explains the output down to the noise */
  readonly settled: boolean;
}

/** Most findings shown, unless more are accepted. */
const SHOWN = 24;

/** An explanation that leaves more than the noise, or is judged by many numbers together, must leave this many times less than any other. */
const AHEAD_OF_NEXT = 10;

/**
 * An explanation must reduce the difference, as a number, at least by this factor: in a network that amplifies rounding, a large rest may
 * still be within the noise.
 */
const LEAST_SHARE = 2;

/**
 * Digits of evidence that must remain after each tested explanation has had its chance: for a certain one, for a likely one, in addition for
 * a pair, and in addition for a certain one that explains a single number, which another mistake hits most easily.
 */
const RESERVE = { sure: 2, likely: 1, pair: 2, single: 1 };

/** The difference of the network as specified. */
export interface Difference {
  /** in multiples of the noise, as for the trials */
  readonly asSpecified: number;
  /** as a number */
  readonly asNumber?: number;
  /** Number of values further than `far` from the mean of their output. */
  readonly beside?: (far: number) => number;
  /** number of values that carry information of their own */
  readonly inEffect?: number;
}

export function rank(trials: readonly Trial[], difference: Difference, candidates: number): Ranking {
  const { asSpecified, asNumber = Infinity } = difference;
  const byCode = trialsByCode(trials);
  const sorted = [...byCode.values()].map(bestOf).sort((a, b) => a.residual - b.residual || a.codes.length - b.codes.length);
  // an explanation that took as many numbers from the output as there are fits anything
  const near = undominated(sorted.filter(t => t.full !== false && t.values > 0 && t.residual <= NEAR_NOISE * t.floor));
  const [best] = near;
  const tied = best ? sorted.filter(t => near.includes(t) || isTied(t, best)) : [];
  const outside = sorted.find(t => !tied.includes(t) && !(best && dominates(best, t)));
  const next = Math.min(asSpecified, outside?.residual ?? Infinity);
  const margin = best ? next / Math.max(best.residual, best.floor / NEAR_NOISE) : 0;
  const believed = tied.filter(
    t => t.left * LEAST_SHARE <= asNumber && isEnough(t, t.floor * NEAR_NOISE, asSpecified, candidates, 'likely'),
  );
  const isSure = (t: Trial) =>
    isEnough(t, t.floor * NEAR_NOISE, asSpecified, candidates, 'sure') &&
    (margin >= AHEAD_OF_SECOND || (margin >= AHEAD_OF_NEXT && excludes(t, next, difference, candidates)));
  const sure = believed.some(isSure);
  const close = best ? undefined : likelyTrial(sorted, difference, candidates);
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

/** Whether these are uncertain pairs without a common mistake: among so many pairs, some fit by accident. */
function areUnrelatedPairs(trials: readonly Trial[]): boolean {
  const [first, ...rest] = trials;
  return rest.length > 0 && first.codes.length > 1 && !first.codes.some(code => rest.every(t => t.codes.includes(code)));
}

/** Whether these are three or more uncertain explanations that were all fitted to the output: anything fits so few numbers. */
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

/** The best trial of one code: the closest; among those that fit, the one that takes least from the other output. */
function bestOf(trials: readonly Trial[]): Trial {
  const fitting = trials.filter(t => t.full !== false && t.residual <= NEAR_NOISE * t.floor);
  const isBetter = (t: Trial, best: Trial) => dominates(t, best) || (!dominates(best, t) && t.residual < best.residual);
  if (fitting.length > 0) return fitting.reduce((best, t) => (isBetter(t, best) ? t : best));
  return trials.reduce((best, t) => (t.residual < best.residual ? t : best));
}

/** A key that does not depend on the order of two mistakes. */
function keyOf({ codes }: Trial): string {
  return [...codes].sort().join('+');
}

/** Whether `a` goes before `b`: it takes fewer numbers from the other output, or is a single mistake while `b` is two. */
function dominates(a: Trial, b: Trial): boolean {
  return a.chosen < b.chosen || (a.chosen === b.chosen && a.codes.length < b.codes.length);
}

function undominated(trials: readonly Trial[]): Trial[] {
  return trials.filter(t => !trials.some(other => dominates(other, t)));
}

/** Whether the residual is within ten times the noise of the best one: the same y as far as this input shows. */
function isTied(trial: Trial, best: Trial): boolean {
  return (
    trial.full !== false && !dominates(best, trial) && trial.residual <= best.residual + NEAR_NOISE * Math.max(best.floor, trial.floor)
  );
}

/**
 * An explanation far below the difference and all others, although above the noise: close to the truth. A single mistake is preferred if a
 * second one improves it little, because among many pairs one always does. Explanations estimated from the other output do not qualify.
 */
function likelyTrial(trials: readonly Trial[], difference: Difference, candidates: number): Trial | undefined {
  const { asSpecified, asNumber = Infinity, beside = () => Infinity } = difference;
  // a label is right or wrong, never close
  const exact = trials.filter(t => t.chosen === 0 && t.digits === undefined);
  const sorted = exact.filter(t => t.full !== false);
  const [first] = sorted;
  if (!first || !Number.isFinite(first.residual)) return undefined;
  const part = sorted.find(t => t.codes.length < first.codes.length && first.codes.includes(t.codes[0]));
  const best = part && part.residual <= AHEAD_OF_NEXT * first.residual ? part : first;
  const rivals = exact.filter(t => t !== best && !best.codes.every(code => t.codes.includes(code)));
  // with different noise for each value, an explanation may be ahead in multiples of noise and behind as a number; residuals on some
  // samples are at most those on all
  const isAhead = rivals.every(t => best.residual * AHEAD_OF_NEXT <= t.residual && best.left <= t.left);
  // a 0 written as float16 is exact, so many times its noise may still be a small number
  const isFar = best.residual * AHEAD_OF_SECOND <= asSpecified && best.left * AHEAD_OF_NEXT <= asNumber;
  // in a saturated network all rows are alike, so being close to their mean proves nothing
  const told = { ...best, values: Math.min(best.values, beside(AHEAD_OF_NEXT * best.left)) };
  return isFar && isAhead && isEnough(told, best.residual, asSpecified, candidates, 'sure') ? best : undefined;
}

/**
 * Whether a trial explains enough numbers that none of the many candidates (thousands, for pairs) would do so by accident. Each number that
 * is equal down to `left` is worth log10(asSpecified / left) digits; together these must exceed the digits of the number of candidates,
 * plus a reserve.
 */
function isEnough(trial: Trial, left: number, asSpecified: number, candidates: number, how: 'sure' | 'likely'): boolean {
  // only a mistake that makes labels gives integers
  if (trial.digits !== undefined) return trial.digits >= RESERVE[how];
  // a fitted number reduces any difference a little
  if (trial.chosen > 0 && asSpecified < AHEAD_OF_NEXT * left) return false;
  const digits = Math.log10(Math.max(1, asSpecified / left)) * trial.values;
  const single = how === 'sure' && trial.values === 1 ? RESERVE.single : 0;
  return digits >= Math.log10(candidates) + RESERVE[how] + (trial.codes.length > 1 ? RESERVE.pair : 0) + single;
}

/**
 * Whether a mistake without fitted numbers is certain although the closest other explanation leaves less than AHEAD_OF_SECOND times as
 * much, as with outputs of four decimals: many values may prove together what a single one does not. Nothing is credited for what the
 * other explanation leaves out as well, so chance is measured from there.
 */
function excludes(trial: Trial, next: number, { inEffect = Infinity }: Difference, candidates: number): boolean {
  if (trial.chosen > 0 || trial.codes.length > 1) return false;
  return isEnough({ ...trial, values: Math.min(trial.values, inEffect) }, trial.floor * NEAR_NOISE, next, candidates, 'sure');
}

/** Whether this many different numbers can prove two mistakes, however well a pair fits them. */
export function showPairs(different: number, asSpecified: number, candidates: number): boolean {
  return different * Math.log10(Math.max(1, asSpecified / NEAR_NOISE)) >= Math.log10(candidates) + RESERVE.likely + RESERVE.pair;
}

/** The fixes of several mistakes, one below the other; in PyTorch only if each has one. */
function together(fixes: readonly Fix[]): Fix {
  const lines = (language: 'numpy' | 'torch') => fixes.map(fix => fixIn(fix, language)).join('\n');
  return { numpy: lines('numpy'), ...(fixes.every(fix => fix.torch) && { torch: lines('torch') }) };
}

/** @param alike trials of the same code in other layers */
function findingOf(trial: Trial, verdict: Finding['verdict'], margin: number, alike: readonly Trial[]): Finding {
  const fixes = trial.parts.map(p => p.variant.fix ?? p.hypothesis.fix);
  // if the mistake explains it as well in another layer, the layer is not known
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
