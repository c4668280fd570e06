import type { Tensor } from '../tensor/tensor.js';
import { HYPOTHESES } from './hypotheses.js';
import { largestNoise, type Noise } from './noise.js';
import { searchPairs } from './pairs.js';
import { type Finding, rank, showPairs, type Verdict } from './ranking.js';
import type { Outcome } from './run.js';
import { computeOutputs, variantsOf } from './runCache.js';
import type { Scenario } from './scenario.js';
import { slicesOf } from './slices.js';
import { layersWithin } from './together.js';
import { candidateTrials, type Entry, finishTrials, reconsidered, sliceFor, type Trial, trialOf } from './trial.js';

export interface SearchOptions {
  /** of each value of the right y, as it was measured here and by the caller */
  readonly noise: Noise;
  /** multiply-adds for pairs of mistakes, counted: the report must not depend on how fast the machine is */
  readonly work: number;
  /** explanations tried, of how many: single ones, then with the pairs once those are looked for */
  readonly onProgress?: (tried: number, of: number) => void;
}

export interface SearchResult {
  readonly verdict: Verdict;
  /** best first, one a code */
  readonly findings: readonly Finding[];
  readonly tried: number;
  /** whether the pairs were cut short */
  readonly stopped: boolean;
  /** of a deep network: how many layers mistakes of one layer were tried in; null: in all */
  readonly layers: number | null;
}

/** Work for mistakes of one layer, times that for pairs: layers run for many mistakes at once. */
const SINGLES_WORK = 50;

/**
 * What the numbers themselves tell first, then every single hypothesis: on the sample that is off most, and on all samples where that left a
 * chance; then what has to be estimated from the other output, then pairs.
 * @param other the other output, of the same shape as the scenario's y
 */
export function search(scenario: Scenario, right: Outcome, other: Tensor, options: SearchOptions): SearchResult {
  const noise = largestNoise(options.noise, right.y);
  const slices = slicesOf(scenario, right, other, options.noise);
  const entries = HYPOTHESES.flatMap(hypothesis => variantsOf(hypothesis, scenario).map((variant): Entry => ({ hypothesis, variant })));
  const all = entries.filter(e => !e.variant.unsearched);
  const variants = all.map(e => e.variant);
  const layers = layersWithin(SINGLES_WORK * options.work, variants, slices.worst);
  const searched = all.filter(({ variant: { layer } }) => layer === null || layers?.has(layer) !== false);
  const singles = searched.filter(e => !e.variant.rare);
  let tried = 0;
  const trials: Trial[] = [];
  for (const trial of candidateTrials(slices, h => h.fromOutput, noise)) {
    tried++;
    options.onProgress?.(tried, singles.length);
    trials.push(trial);
  }
  const tryAll = (list: readonly Entry[], of: number) => {
    for (const part of [slices.worst, slices.before])
      computeOutputs(
        list.filter(e => sliceFor(slices, [e]) === part).map(e => e.variant),
        part,
      );
    const found = list.flatMap(entry => {
      tried++;
      options.onProgress?.(tried, of);
      return trialOf(slices, [entry]) ?? [];
    });
    finishTrials(slices, found);
    trials.push(...found);
    return rank(trials, slices, tried);
  };
  let ranking = tryAll(singles, singles.length);
  if (!ranking.settled)
    ranking = tryAll(
      searched.filter(e => e.variant.rare),
      searched.length,
    );
  if (!ranking.settled) {
    const again = reconsidered(slices, trials);
    finishTrials(slices, again);
    trials.push(...again);
    ranking = rank(trials, slices, tried);
  }
  if (!ranking.settled) {
    // what takes numbers from the other output is no rival to what explains it without
    trials.push(...candidateTrials(slices, h => h.estimate, noise));
    ranking = rank(trials, slices, tried);
  }
  let stopped = false;
  // other weights in the head would explain two mistakes behind h, too: those say more
  if ((!ranking.settled || ranking.findings[0]?.code === 'stale-weights') && showPairs(slices.different, slices.asSpecified, tried)) {
    const onProgress = (done: number, of: number) => options.onProgress?.(searched.length + done, searched.length + of);
    const pairs = searchPairs(slices, singles, { work: options.work, onProgress });
    stopped = pairs.stopped;
    trials.push(...pairs.trials);
    // picked out of all pairs there are: what is believed must not depend on how many were computed
    ranking = rank(trials, slices, tried + pairs.all);
    tried += pairs.tried;
  }
  return { verdict: ranking.verdict, findings: ranking.findings, tried, stopped, layers: layers?.size ?? null };
}
