import { workOf } from './run.js';
import type { Slices } from './slices.js';
import { type Entry, finishTrials, sliceFor, type Trial, trialOf } from './trial.js';

interface PairOptions {
  /** multiply-adds */
  readonly work: number;
  readonly onProgress: (done: number, of: number) => void;
}

/** Tries pairs of mistakes, the likelier ones first, until the work is used up. `all`: number of pairs, `tried`: how many were computed. */
export function searchPairs(
  slices: Slices,
  entries: readonly Entry[],
  { work, onProgress }: PairOptions,
): { trials: Trial[]; stopped: boolean; tried: number; all: number } {
  const ordered = [...entries]
    .filter(e => e.variant.needs !== 'all' && e.variant.needs !== 'input' && !e.hypothesis.alone)
    .sort((a, b) => rarity(a) - rarity(b));
  const keep: Trial[] = [];
  const all = (ordered.length * (ordered.length - 1)) / 2;
  let done = 0;
  let tried = 0;
  let stopped = false;
  let left = work;
  // (0,1), (0,2), (1,2), (0,3) …: pairs of two common mistakes before any pair with a rare one
  outer: for (let j = 1; j < ordered.length; j++) {
    for (let i = 0; i < j; i++) {
      done++;
      if (ordered[i].variant.code === ordered[j].variant.code) continue;
      if ((done & 15) === 0) onProgress(done, all);
      if (left <= 0) {
        stopped = true;
        break outer;
      }
      const pair = [ordered[i], ordered[j]];
      left -= workOf(sliceFor(slices, pair).scenario);
      const trial = trialOf(slices, pair);
      tried++;
      if (trial && trial.residual * 10 <= slices.asSpecified) keep.push(trial);
    }
  }
  keep.sort((a, b) => a.residual - b.residual);
  const best = keep.slice(0, KEPT);
  finishTrials(slices, best);
  return { trials: best, stopped, tried, all };
}

/** Most pairs that are also tried on all samples. */
const KEPT = 64;

const COMMON = new Set(['linear', 'relu', 'sigmoid', 'tanh', 'softmax']);

/** Sort key of a pair's mistakes: common ones that affect all layers first. */
function rarity({ hypothesis, variant }: Entry): number {
  const one = variant.layer === null || variant.code === 'bias-missing' ? 0 : 1;
  if (hypothesis.name === 'activation') return (COMMON.has(variant.code.slice(11)) ? 2 : 4) + one;
  if (hypothesis.name === 'gate-order') return (variant.why?.includes('This is what') ? 0 : 2) + one;
  if (hypothesis.name === 'float16' || hypothesis.name === 'bfloat16') return 5;
  return one;
}
