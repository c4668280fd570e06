import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, sizeOf, type Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import { type Fix, fixText, type Hypothesis, type Variant } from './hypothesis.js';
import { type Outcome, roundingOf, runScenario } from './run.js';
import { type Scenario, samplesOf } from './scenario.js';

/** Which mistake turns the right output into the other one. */
export interface Finding {
  /** 'state-carry'; 'bias-missing+wh-transposed' for two together */
  readonly code: string;
  /** its parts: one code, or two */
  readonly codes: readonly string[];
  /** the one layer it sits in, where it sits in one; by part */
  readonly layers: readonly (string | null)[];
  /** largest difference left when y is computed this way */
  readonly residual: number;
  readonly verdict: 'fits' | 'likely' | 'rejected';
  /** how many times smaller than the next best */
  readonly margin: number | null;
  readonly why: string;
  readonly fix: string;
  /** the same mend in NumPy, Keras, PyTorch, where they differ */
  readonly fixes: Fix;
  /** to compute it again; undefined where its numbers came from the other output */
  readonly change?: Variant['change'];
}

export interface SearchOptions {
  /** rounding noise of the network as the caller measured it */
  readonly noise: number;
  /** seconds for all of it; single mistakes are always tried to the end of their first pass */
  readonly budget: number;
  /** milliseconds on a clock that does not go back */
  readonly now: () => number;
  readonly onProgress?: (tried: number, of: number) => void;
}

export interface SearchResult {
  readonly verdict: 'fits' | 'likely' | 'unexplained';
  /** best first, one a code */
  readonly findings: readonly Finding[];
  readonly tried: number;
  /** whether the pairs were cut short by the budget */
  readonly stopped: boolean;
  readonly asSpecified: number;
  readonly noise: number;
}

/** Accept only within this many times the noise floor, and this many times below the second best: crying wolf is worse than silence. */
export const NEAR_NOISE = 10;
export const AHEAD_OF_SECOND = 100;
const FLOAT32_EPSILON = 2 ** -24;
const SHOWN = 24;

interface Trial {
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

interface Entry {
  readonly hypothesis: Hypothesis;
  readonly variant: Variant;
}

/**
 * Cheap looks first (the sample that is off most), then every single hypothesis on all samples where the look left a chance, then pairs.
 * @param other the other output, of the same shape as the scenario's y
 */
export function search(scenario: Scenario, right: Outcome, other: Tensor, options: SearchOptions): SearchResult {
  const start = options.now();
  const deadline = start + options.budget * 1000;
  const asSpecified = largestDifference(right.y.data, other.data).abs;
  const noise = Math.max(options.noise, roundingOf(scenario, right), FLOAT32_EPSILON * largestMagnitude(right.y.data), Number.MIN_VALUE);
  const look = lookAt(scenario, right, other, noise);
  const entries = HYPOTHESES.flatMap(hypothesis => hypothesis.variants(scenario).map(variant => ({ hypothesis, variant })));
  const singles = entries.filter(e => !e.variant.unsearched && !e.variant.rare);
  let tried = 0;
  const tryAll = (list: readonly Entry[]) => {
    const found = list.flatMap(entry => {
      tried++;
      options.onProgress?.(tried, list.length);
      return trialOf(look, [entry], noise) ?? [];
    });
    finishTrials(look, found, asSpecified, noise);
    return found;
  };
  const trials = tryAll(singles);
  let ranked = rank(trials, asSpecified, noise, tried);
  if (!settled(ranked, noise)) {
    trials.push(...tryAll(entries.filter(e => e.variant.rare && !e.variant.unsearched)));
    trials.push(...fromOutput(scenario, right, other, noise));
    ranked = rank(trials, asSpecified, noise, tried);
  }
  let stopped = false;
  if (!settled(ranked, noise)) {
    const pairs = searchPairs(look, singles, asSpecified, noise, deadline, options, () => tried++);
    stopped = pairs.stopped;
    trials.push(...pairs.trials);
    ranked = rank(trials, asSpecified, noise, tried);
  }
  const verdict = ranked[0]?.verdict === 'fits' ? 'fits' : ranked.some(f => f.verdict === 'likely') ? 'likely' : 'unexplained';
  return { verdict, findings: ranked.slice(0, SHOWN), tried, stopped, asSpecified, noise };
}

/** Something explains everything down to the noise, alone or tied with others. */
function settled(ranked: readonly Finding[], noise: number): boolean {
  return (
    ranked.length > 0 && (ranked[0].verdict === 'fits' || (ranked[0].verdict === 'likely' && ranked[0].residual <= NEAR_NOISE * noise))
  );
}

/** The parts of the problem that are looked at before the whole. */
interface Look {
  readonly whole: Slice;
  /** the sample that is off most */
  readonly worst: Slice;
  /** samples up to the first that is off, and one more */
  readonly before: Slice;
}

interface Slice {
  readonly scenario: Scenario;
  readonly right: Outcome;
  readonly other: Tensor;
}

function lookAt(scenario: Scenario, right: Outcome, other: Tensor, noise: number): Look {
  const whole = { scenario, right, other };
  const N = scenario.input.x.shape[0];
  const stateful = scenario.model.layers.some(l => 'stateful' in l && l.stateful);
  if (N === 1 || stateful || other.shape[0] !== N) return { whole, worst: whole, before: whole };
  const size = sizeOf(other.shape.slice(1));
  let worst = 0;
  let most = -1;
  let first = -1;
  for (let n = 0; n < N; n++) {
    const { abs } = largestDifference(right.y.data, other.data, n * size, (n + 1) * size);
    if (abs > most) [worst, most] = [n, abs];
    if (first < 0 && abs > NEAR_NOISE * noise) first = n;
  }
  return { whole, worst: slice(whole, worst, worst + 1), before: slice(whole, 0, Math.min(N, Math.max(first, 0) + 2)) };
}

function slice({ scenario, other }: Slice, from: number, to: number): Slice {
  const part = samplesOf(scenario, from, to);
  const size = sizeOf(other.shape.slice(1));
  return {
    scenario: part,
    right: runScenario(part)!,
    other: { shape: [to - from, ...other.shape.slice(1)], data: other.data.subarray(from * size, to * size) },
  };
}

function sliceFor(look: Look, parts: readonly Entry[]): Slice {
  if (parts.some(p => p.variant.needs === 'all')) return look.whole;
  return parts.some(p => p.variant.needs === 'before') ? look.before : look.worst;
}

function trialOf(look: Look, parts: readonly Entry[], noise: number): Trial | undefined {
  const change: Variant['change'] = s => parts.reduce<Scenario | undefined>((now, p) => now && p.variant.change(now), s);
  const part = sliceFor(look, parts);
  const residual = residualOf(part, change);
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

function residualOf({ scenario, right, other }: Slice, change: Variant['change']): number | undefined {
  const changed = change(scenario);
  const outcome = changed && runScenario(changed, { like: right });
  if (!outcome || !sameShape(outcome.y.shape, other.shape)) return undefined;
  return largestDifference(outcome.y.data, other.data).abs;
}

/** How many trials are computed on all samples at most, beyond those that reach the noise. */
const FINALISTS = 12;

/** The best of the first look are computed on all samples, and their own rounding is measured. */
function finishTrials(look: Look, trials: Trial[], asSpecified: number, noise: number): void {
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

function fromOutput(scenario: Scenario, right: Outcome, other: Tensor, noise: number): Trial[] {
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

/** Best first, one finding a code. */
function rank(trials: readonly Trial[], asSpecified: number, noise: number, candidates: number): Finding[] {
  const best = new Map<string, Trial>();
  for (const trial of trials) {
    const key = keyOf(trial);
    const known = best.get(key);
    if (!known || trial.residual < known.residual) best.set(key, trial);
  }
  const sorted = [...best.values()].sort((a, b) => a.residual - b.residual || a.codes.length - b.codes.length);
  const [first, second] = sorted;
  if (!first) return [];
  const next = Math.min(asSpecified, second?.residual ?? Infinity);
  const margin = next / Math.max(first.residual, first.floor / NEAR_NOISE);
  const near = first.residual <= NEAR_NOISE * first.floor;
  const fits = near && margin >= AHEAD_OF_SECOND && enoughNumbers(first, candidates, asSpecified);
  return sorted.map((trial, i) => {
    const tied =
      near &&
      trial.residual <= Math.max(NEAR_NOISE * trial.floor, AHEAD_OF_SECOND * first.residual) &&
      trial.residual * AHEAD_OF_SECOND <= asSpecified;
    const close = i === 0 && first.residual * AHEAD_OF_SECOND <= asSpecified;
    const verdict = i === 0 && fits ? 'fits' : !fits && (tied || close) ? 'likely' : 'rejected';
    const own = i === 0 ? margin : first.residual / Math.max(trial.residual, noise / NEAR_NOISE);
    return findingOf(trial, verdict, own, trials);
  });
}

/** Two mistakes in either order are one explanation. */
function keyOf({ codes }: Trial): string {
  return [...codes].sort().join('+');
}

/**
 * An explanation is picked out of many, a pair out of thousands: the numbers it explains must be enough that none of them would do so by
 * accident. Each number that agrees down to the noise is worth log10(asSpecified / noise) digits; that must be more than the candidates'
 * own digits and a reserve of two (four for pairs).
 */
function enoughNumbers(trial: Trial, candidates: number, asSpecified: number): boolean {
  const reserve = trial.codes.length < 2 ? 2 : 4;
  const digits = Math.log10(Math.max(1, asSpecified / (NEAR_NOISE * trial.floor)));
  return digits * trial.values >= Math.log10(candidates) + reserve;
}

function findingOf(trial: Trial, verdict: Finding['verdict'], margin: number, trials: readonly Trial[]): Finding {
  const fixes = trial.parts.map(p => p.variant.fix ?? p.hypothesis.fix);
  // another layer that explains it as well: then it is not known which one it is
  const rivals = trials.filter(
    t => t !== trial && keyOf(t) === keyOf(trial) && t.residual <= Math.max(NEAR_NOISE * t.floor, AHEAD_OF_SECOND * trial.residual),
  );
  const layers = trial.layers.map((layer, i) => (rivals.some(r => r.layers[i] !== layer) ? null : layer));
  return {
    code: trial.codes.join('+'),
    codes: trial.codes,
    layers,
    residual: trial.residual,
    verdict,
    margin: Number.isFinite(margin) ? margin : null,
    why: trial.why,
    fix: fixes.map(fixText).join('\n'),
    fixes: fixes.length === 1 ? fixes[0] : {},
    change: trial.change,
  };
}

/** Pairs, the likelier ones first, until the time is up. */
function searchPairs(
  look: Look,
  entries: readonly Entry[],
  asSpecified: number,
  noise: number,
  deadline: number,
  { now, onProgress }: SearchOptions,
  count: () => void,
): { trials: Trial[]; stopped: boolean } {
  const ordered = [...entries].filter(e => e.variant.needs !== 'all').sort((a, b) => rarity(a) - rarity(b));
  const keep: Trial[] = [];
  const all = (ordered.length * (ordered.length - 1)) / 2;
  let done = 0;
  let stopped = false;
  // (0,1), (0,2), (1,2), (0,3) …: pairs of two common mistakes before any pair with a rare one
  outer: for (let j = 1; j < ordered.length; j++) {
    for (let i = 0; i < j; i++) {
      done++;
      if (ordered[i].variant.code === ordered[j].variant.code) continue;
      if ((done & 15) === 0) {
        onProgress?.(done, all);
        if (now() > deadline) {
          stopped = true;
          break outer;
        }
      }
      const trial = trialOf(look, [ordered[i], ordered[j]], noise);
      count();
      if (trial && trial.residual * 10 <= asSpecified) keep.push(trial);
    }
  }
  keep.sort((a, b) => a.residual - b.residual);
  const best = keep.slice(0, 64);
  finishTrials(look, best, asSpecified, noise);
  return { trials: best, stopped };
}

const COMMON = new Set(['linear', 'relu', 'sigmoid', 'tanh', 'softmax']);

/** Order of pairs: what happens often and everywhere first. */
function rarity({ hypothesis, variant }: Entry): number {
  const one = variant.layer === null || variant.code === 'bias-missing' ? 0 : 1;
  if (hypothesis.name === 'activation') return (COMMON.has(variant.code.slice(11)) ? 2 : 4) + one;
  if (hypothesis.name === 'gate-order') return (variant.why?.includes('This is what') ? 0 : 2) + one;
  if (hypothesis.name === 'float16' || hypothesis.name === 'bfloat16') return 5;
  return one;
}
