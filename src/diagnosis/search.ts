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
  /** noise of each value of the correct y, as measured here and by the caller */
  readonly noise: Noise;
  /** multiply-adds for pairs of mistakes; work is counted, so that the report does not depend on the speed of the machine */
  readonly work: number;
  /** called with the number of explanations tried, and the total: single ones, then with the pairs */
  readonly onProgress?: (tried: number, of: number) => void;
}

export interface SearchResult {
  readonly verdict: Verdict;
  /** best first, one per code */
  readonly findings: readonly Finding[];
  readonly tried: number;
  /** whether not all pairs were tried */
  readonly stopped: boolean;
  /** for a deep network: number of layers in which single-layer mistakes were tried; null: all */
  readonly layers: number | null;
}

/** Work for single-layer mistakes, as a multiple of that for pairs: each layer is run for many mistakes at once. */
const SINGLES_WORK = 50;

/** Whether this is a rival of a mistake that explains the output. */
function isRival({ variant: { rivalOf = [] } }: Entry, findings: readonly Finding[]): boolean {
  return findings.some(f => f.verdict !== 'rejected' && f.codes.some(code => rivalOf.includes(code)));
}

/**
 * Tries first what the numbers themselves show, then every single mistake: on the sample that differs most and, if promising, on all
 * samples; then mistakes with numbers estimated from the other output, and finally pairs.
 * @param other the other output, in the shape of the scenario's y
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
  const rare = searched.filter(e => e.variant.rare);
  const also = ranking.settled ? rare.filter(e => isRival(e, ranking.findings)) : rare;
  if (also.length > 0) ranking = tryAll(also, singles.length + also.length);
  if (!ranking.settled) {
    const again = reconsidered(slices, trials);
    finishTrials(slices, again);
    trials.push(...again);
    ranking = rank(trials, slices, tried);
  }
  if (!ranking.settled) {
    // only now: an explanation that takes numbers from the other output does not compete with one that takes none
    trials.push(...candidateTrials(slices, h => h.estimate, noise));
    ranking = rank(trials, slices, tried);
  }
  let stopped = false;
  // other weights in the head may also be two mistakes before it, which would explain more
  if ((!ranking.settled || ranking.findings[0]?.code === 'stale-weights') && showPairs(slices.different, slices.asSpecified, tried)) {
    const onProgress = (done: number, of: number) => options.onProgress?.(searched.length + done, searched.length + of);
    const pairs = searchPairs(slices, singles, { work: options.work, onProgress });
    stopped = pairs.stopped;
    trials.push(...pairs.trials);
    // chosen among all pairs: what is believed must not depend on how many of them were computed
    ranking = rank(trials, slices, tried + pairs.all);
    tried += pairs.tried;
  }
  return { verdict: ranking.verdict, findings: ranking.findings, tried, stopped, layers: layers?.size ?? null };
}
