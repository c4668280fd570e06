import { plural } from '../../escape.js';
import type { DType } from '../../formats/format.js';
import { doublesOf, type Tensor } from '../../tensor/tensor.js';
import { type Allowance, DECIDABLE } from './judge.js';

/** The precision in which a file was written: each number stands for all numbers that round to it. */
export interface Written {
  /** '4 decimals', 'float16' */
  readonly words: string;
  /** Greatest distance between a written number and the original. */
  readonly slack: (written: number) => number;
}

/** Half a unit in the last place, relative to a number, and for the smallest numbers. */
const NARROW: Partial<Record<DType, { readonly words: string; readonly relative: number; readonly least: number }>> = {
  f16: { words: 'float16', relative: 2 ** -11, least: 2 ** -25 },
  bf16: { words: 'bfloat16', relative: 2 ** -8, least: 2 ** -134 },
};

/**
 * @param decimals of a text file, or --decimals for a binary one; 0 means labels or counts, not rounding
 * @returns null if the numbers were written unrounded
 */
export function writtenAs(decimals: number | undefined, dtype: DType): Written | null {
  if (decimals === 0) return null;
  const half = decimals === undefined ? 0 : 0.5 * 10 ** -decimals;
  const narrow = NARROW[dtype];
  if (narrow) return { words: narrow.words, slack: v => half + Math.max(narrow.relative * Math.abs(v), narrow.least) };
  return decimals === undefined ? null : { words: plural(decimals, 'decimal'), slack: () => half };
}

/** Adds the rounding of the written digits to an allowance for float rounding. */
export function withDigits(allowance: Allowance, written: Written, actual: Tensor): Allowance {
  if (allowance.mode === 'fixed') return allowance;
  const { scale } = allowance;
  const slacks = doublesOf(actual.data, v => digitAllowance(written, v));
  const decides = (k: number) => allowance.decides(k) && slacks[k] <= DECIDABLE * Math.max(scale, Math.abs(actual.data[k]));
  const most = slacks.reduce((a, b, k) => (decides(k) ? Math.max(a, b) : a), 0);
  return { ...allowance, atol: allowance.atol + most, of: (k, e) => allowance.of(k, e) + slacks[k], decides, shows: allowance.decides };
}

/** How far a number may be off because of its written digits. */
export function digitAllowance(written: Written | null, v: number): number {
  return written && Number.isFinite(v) ? written.slack(v) : 0;
}

/** The largest slack of any value. */
export function largestDigitAllowance(written: Written | null, { data }: Tensor): number {
  let most = 0;
  for (const v of data) most = Math.max(most, digitAllowance(written, v));
  return most;
}

/** Returns `written` if its digits are coarse enough to matter beside float rounding, else null. */
export function ifCoarse(written: Written | null, { of }: Allowance, expected: Tensor, actual: Tensor): Written | null {
  const isCoarse = (v: number, k: number) => Number.isFinite(v) && written!.slack(v) > PART_OF_TOLERANCE * of(k, expected.data[k]);
  return written && actual.data.some(isCoarse) ? written : null;
}

const PART_OF_TOLERANCE = 0.25;
