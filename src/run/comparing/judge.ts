import { distance, scaleOf } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { CompareRequest } from '../request.js';
import type { CompareResult } from '../result.js';
import type { Noise } from './noise.js';

/**
 * Decides SAME, DIFFERENT or UNDECIDED, value by value. Each value has its own tolerance, derived from its own float noise. A value whose
 * tolerance is not small relative to y decides nothing. NaN and infinities must be in the same places.
 */
export type Status = CompareResult['status'];
type Tolerance = CompareResult['tolerance'];

/** How much each value may differ, and which values can be decided; `noise` is the largest noise of a decidable value. */
export interface Allowance extends Tolerance {
  /** tolerance of value k with the expected value e */
  readonly of: (k: number, e: number) => number;
  /** whether value k can be decided */
  readonly decides: (k: number) => boolean;
  /**
   * whether a difference beyond the tolerance counts, even for a value too coarse to be called equal: digits bound the rounding of a
   * written number. Default: `decides`
   */
  readonly shows?: (k: number) => boolean;
  /** y in float64 where known, else NaN: an output that is as close to it counts as correct too */
  readonly exact?: Float64Array;
}

/** Exit codes of the command line. */
export const EXITS = { SAME: 0, DIFFERENT: 1, UNDECIDED: 6 } as const;

export const TIMES_NOISE = 16;
/** A value whose tolerance is a larger fraction of the scale than this decides nothing. */
export const DECIDABLE = 1e-3;

/** Whether the user has set a tolerance. */
export function isFixed({ atol, rtol }: CompareRequest): boolean {
  return atol !== undefined || rtol !== undefined;
}

/**
 * a − e| ≤ atol + rtol·|e|, as requested. Every value can be decided.
 */
export function fixedAllowance({ atol = 0, rtol = 0 }: CompareRequest, noise: Noise | null, expected: Tensor): Allowance {
  return {
    mode: 'fixed',
    atol,
    rtol,
    noise: noise ? largestFinite(noise.moved) : 0,
    scale: scaleOf(expected),
    of: (_, e) => (rtol === 0 || !Number.isFinite(e) ? atol : atol + rtol * Math.abs(e)),
    decides: () => true,
  };
}

/** TIMES_NOISE times the noise of each value, but at least its floor. */
export function autoAllowance(noise: Pick<Noise, 'moved' | 'floor'>, expected: Tensor, exact?: Float64Array): Allowance {
  const scale = scaleOf(expected);
  const allowed = new Float64Array(noise.moved.length);
  let [atol, most] = [0, 0];
  for (let k = 0; k < allowed.length; k++) {
    const own = Math.max(TIMES_NOISE * noise.moved[k], noise.floor[k]);
    allowed[k] = own;
    if (!(own <= DECIDABLE * scale)) continue;
    if (own > atol) atol = own;
    if (noise.moved[k] > most) most = noise.moved[k];
  }
  const decides = (k: number) => allowed[k] <= DECIDABLE * scale;
  return { mode: 'auto', atol, rtol: 0, noise: most, scale, of: k => allowed[k], decides, exact };
}

/** The same tolerance for all values, from a single noise. */
export function uniformAllowance(noise: number, least: number, expected: Tensor): Allowance {
  const size = expected.data.length;
  return autoAllowance({ moved: new Float64Array(size).fill(noise), floor: new Float64Array(size).fill(least) }, expected);
}

/** Uses the float64 noise for values that float32 noise leaves undecided; only valid if both sides are float64. */
export function finerAllowance(coarse: Allowance, fine: Allowance): Allowance {
  return { ...coarse, of: (k, e) => (coarse.decides(k) ? coarse : fine).of(k, e), decides: k => coarse.decides(k) || fine.decides(k) };
}

/** Samples are only remeasured with the same code if at most this fraction of them differs: some values may have moved little by chance. */
const FEW = 0.5;

/** A difference this many times the tolerance will not turn out to be rounding. */
const CERTAIN = 1e4;

/**
 * Measures the tolerance as precisely as the answer needs: samples that seem to differ are measured again, the worst first, until one
 * differs for certain or none is left.
 * @param toExact whether the other side is not one of our engines: it may be closer to float64 than our float32 is
 */
export async function closeAllowance(noise: Noise, expected: Tensor, actual: Tensor, toExact: boolean): Promise<Allowance> {
  const done = new Set<number>();
  let repeated = false;
  const size = expected.data.length / Math.max(1, noise.samples);
  for (;;) {
    const allowance = autoAllowance(noise, expected, toExact ? noise.exact : undefined);
    const worst = worstSamples(allowance, expected, actual, size);
    if (worst.length === 0 || worst.some(([n]) => done.has(n))) return allowance;
    const samples = worst.map(([n]) => n);
    // a real mistake would affect more samples
    if (done.size === 0 && !repeated && worst.length <= FEW * noise.samples) {
      repeated = true;
      await noise.repeat(samples);
      continue;
    }
    const next = samples.slice(0, noise.samples === 0 ? 1 : noise.atOnce);
    await noise.refine(next, worst[0][1] > CERTAIN);
    for (const n of next) done.add(n);
  }
}

/** Samples with a value that differs, the worst first, with its difference in multiples of the tolerance. */
function worstSamples(allowance: Allowance, expected: Tensor, actual: Tensor, size: number): [sample: number, times: number][] {
  const over = new Map<number, number>();
  for (let k = 0; k < expected.data.length; k++) {
    if (!isOff(allowance, expected, actual, k)) continue;
    const n = Math.floor(k / size);
    const ratio = distance(actual.data[k], expected.data[k]) / Math.max(Number.MIN_VALUE, allowance.of(k, expected.data[k]));
    over.set(n, Math.max(over.get(n) ?? 0, ratio));
  }
  return [...over].sort(([a, x], [b, y]) => y - x || a - b);
}

/** Whether a value differs by more than its tolerance, and can be decided. */
export function isOff({ of, decides, shows = decides, exact }: Allowance, expected: Tensor, actual: Tensor, k: number): boolean {
  const a = actual.data[k];
  const e = expected.data[k];
  const allowed = of(k, e);
  if (distance(a, e) <= allowed || !shows(k)) return false;
  return !(exact && Math.abs(a - exact[k]) <= allowed);
}

/** The largest tolerance of any value, and a test for values that differ. */
export function offIn(allowance: Allowance, expected: Tensor, actual: Tensor): { most: number; isOff: (k: number) => boolean } {
  let most = 0;
  for (let k = 0; k < expected.data.length; k++) if (allowance.decides(k)) most = Math.max(most, allowance.of(k, expected.data[k]));
  return { most, isOff: k => isOff(allowance, expected, actual, k) };
}

/** @param off number of values that differ */
export function statusOf(allowance: Allowance, expected: Tensor, actual: Tensor, off: number): Status {
  if (off > 0) return 'DIFFERENT';
  const same = expected.data.every((e: number, k: number) => distance(e, actual.data[k]) === 0);
  return same || undecidedIn(allowance, expected) === 0 ? 'SAME' : 'UNDECIDED';
}

/** Number of values that this comparison cannot decide. */
export function undecidedIn({ decides }: Allowance, { data }: Tensor): number {
  let count = 0;
  for (let k = 0; k < data.length; k++) if (!decides(k)) count++;
  return count;
}

function largestFinite(values: Float64Array): number {
  let most = 0;
  for (const v of values) if (v > most && v !== Infinity) most = v;
  return most;
}

/**
 * Says why this input leaves values undecided.
 * @param decide what would decide them
 * @param rounded the allowance without that for the written digits
 */
export function undecidedBecause(
  allowance: Allowance,
  expected: Tensor,
  decide: string,
  written: { readonly words: string } | null = null,
  rounded: Allowance = allowance,
): CompareResult['undecided'] {
  const values = undecidedIn(allowance, expected);
  const isText = written?.words.includes('decimal');
  const byRounding = undecidedIn(rounded, expected);
  // a value that differs by more than its digits explain has been called different
  const equal = byRounding === 0 ? ': all values are equal as far as that shows' : '';
  if (written && byRounding < values)
    return {
      reason: `the other side was written ${isText ? 'with' : 'in'} ${written.words}, and y is about ${allowance.scale.toPrecision(2)}${equal}`,
      values,
      decide: `${isText ? 'more digits: np.save, or np.savetxt with fmt="%.9g"' : 'y in float32, computed and saved: y.float() in PyTorch, .astype(np.float32) in NumPy'}; or a tolerance of your own (--atol)`,
    };
  let [most, finite] = [0, true];
  expected.data.forEach((e: number, k: number) => {
    if (allowance.decides(k)) return;
    const allowed = allowance.of(k, e);
    if (Number.isFinite(allowed)) most = Math.max(most, allowed);
    else finite = false;
  });
  const moved = `correct float32 programs may differ there by ${most.toPrecision(2)}, and y is about ${allowance.scale.toPrecision(2)}`;
  return {
    reason: finite ? moved : most > 0 ? `${moved}; rounding decides whether some are finite` : 'rounding decides whether they are finite',
    values,
    decide,
  };
}
