import type { Fix, Variant } from './hypothesis.js';
import { fixText } from './hypothesis.js';
import { AHEAD_OF_SECOND, NEAR_NOISE } from './thresholds.js';
import type { Trial } from './trial.js';

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

/** What leaves more than the noise must leave this many times less than anything else. */
const AHEAD_OF_NEXT = 10;

/** Best first, one finding a code. */
export function rank(trials: readonly Trial[], asSpecified: number, noise: number, candidates: number): Finding[] {
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
  const close = near ? undefined : closeTo(sorted, asSpecified);
  if (close) sorted.sort((a, b) => Number(b === close) - Number(a === close));
  return sorted.map((trial, i) => {
    const tied =
      near &&
      trial.residual <= Math.max(NEAR_NOISE * trial.floor, AHEAD_OF_SECOND * first.residual) &&
      trial.residual * AHEAD_OF_SECOND <= asSpecified;
    const verdict = i === 0 && fits ? 'fits' : !fits && (tied || trial === close) ? 'likely' : 'rejected';
    const own = i === 0 ? margin : first.residual / Math.max(trial.residual, noise / NEAR_NOISE);
    return findingOf(trial, verdict, own, trials);
  });
}

/**
 * Far below the difference and whatever else there is, though above the noise: something near it. A mistake alone where one more takes little
 * away, for of many pairs one always does.
 */
function closeTo(sorted: readonly Trial[], asSpecified: number): Trial | undefined {
  const [first] = sorted;
  const part = sorted.find(t => t.codes.length < first.codes.length && first.codes.includes(t.codes[0]));
  const best = part && part.residual <= AHEAD_OF_NEXT * first.residual ? part : first;
  const rival = sorted.find(t => t !== best && !best.codes.every(code => t.codes.includes(code)));
  const isAhead = rival === undefined || best.residual * AHEAD_OF_NEXT <= rival.residual;
  return best.residual * AHEAD_OF_SECOND <= asSpecified && isAhead ? best : undefined;
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

/** Something explains everything down to the noise, alone or tied with others. */
export function settled(ranked: readonly Finding[], noise: number): boolean {
  return (
    ranked.length > 0 && (ranked[0].verdict === 'fits' || (ranked[0].verdict === 'likely' && ranked[0].residual <= NEAR_NOISE * noise))
  );
}
