import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import type { Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import { variantsOf } from './known.js';
import { lookAt } from './look.js';
import { searchPairs } from './pairs.js';
import { type Finding, rank, settled } from './ranking.js';
import { type Outcome, roundingOf } from './run.js';
import type { Scenario } from './scenario.js';
import { NEAR_NOISE } from './thresholds.js';
import { type Entry, FLOAT32_EPSILON, finishTrials, fromOutput, trialOf } from './trial.js';

export interface SearchOptions {
  /** rounding noise of the network as the caller measured it */
  readonly noise: number;
  /** seconds for all of it; single mistakes are always tried to the end of their first pass */
  readonly budget: number;
  /** milliseconds on a clock that does not go back */
  readonly now: () => number;
  /** explanations tried, of how many: single ones, then with the pairs once those are looked for */
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

const SHOWN = 24;

/**
 * Cheap looks first (the sample that is off most), then every single hypothesis on all samples where the look left a chance, then pairs.
 * @param other the other output, of the same shape as the scenario's y
 */
export function search(scenario: Scenario, right: Outcome, other: Tensor, options: SearchOptions): SearchResult {
  const deadline = options.now() + options.budget * 1000;
  const asSpecified = largestDifference(right.y.data, other.data).abs;
  const noise = Math.max(options.noise, roundingOf(scenario, right), FLOAT32_EPSILON * largestMagnitude(right.y.data), Number.MIN_VALUE);
  const look = lookAt(scenario, right, other, NEAR_NOISE * noise);
  const entries = HYPOTHESES.flatMap(hypothesis => variantsOf(hypothesis, scenario).map((variant): Entry => ({ hypothesis, variant })));
  const searched = entries.filter(e => !e.variant.unsearched);
  const singles = searched.filter(e => !e.variant.rare);
  let tried = 0;
  const tryAll = (list: readonly Entry[], of: number) => {
    const found = list.flatMap(entry => {
      tried++;
      options.onProgress?.(tried, of);
      return trialOf(look, [entry], noise) ?? [];
    });
    finishTrials(look, found, asSpecified, noise);
    return found;
  };
  const trials = tryAll(singles, singles.length);
  let ranked = rank(trials, asSpecified, noise, tried);
  if (!settled(ranked, noise)) {
    const rare = searched.filter(e => e.variant.rare);
    trials.push(...tryAll(rare, searched.length));
    ranked = rank(trials, asSpecified, noise, tried);
  }
  if (!settled(ranked, noise)) {
    // what takes numbers from the other output is no rival to what explains it without
    trials.push(...fromOutput(scenario, right, other, noise));
    ranked = rank(trials, asSpecified, noise, tried);
  }
  let stopped = false;
  if (!settled(ranked, noise)) {
    const onProgress = (done: number, of: number) => options.onProgress?.(searched.length + done, searched.length + of);
    const pairs = searchPairs(look, singles, asSpecified, noise, { deadline, now: options.now, onProgress });
    stopped = pairs.stopped;
    trials.push(...pairs.trials);
    // picked out of all pairs there are: what is believed must not depend on how many the time was enough for
    ranked = rank(trials, asSpecified, noise, tried + pairs.all);
    tried += pairs.tried;
  }
  const verdict = ranked[0]?.verdict === 'fits' ? 'fits' : ranked.some(f => f.verdict === 'likely') ? 'likely' : 'unexplained';
  return { verdict, findings: ranked.slice(0, SHOWN), tried, stopped, asSpecified, noise };
}
