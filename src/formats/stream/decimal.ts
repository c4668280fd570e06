import { productError } from '../../numerics/compensated.js';

/**
 * The doubles nearest to decimal numerals. Up to 15 digits and a power of ten up to 22: one exact whole number times or divided by another, one
 * rounding (Clinger, "How to read floating point numbers accurately", 1990), which plainNumbers.ts does itself. Up to 24 digits and
 * powers from −44 to 0, which is what `%.18e` and `repr` print: the quotient of two pairs of doubles (Dekker, "A floating-point technique
 * for extending the available precision", 1971), taken where its rounding is beyond doubt.
 */

/** whole numbers of so many digits are exact in a double */
export const EXACT_DIGITS = 15;

/** digits of a part: they fit a 32-bit integer, whose arithmetic is faster */
export const PART = 9;
/** a part from here on has all its digits */
export const FULL = 1e8;

/** more would not be exact as a pair of doubles */
export const MOST_DIGITS = 24;

/** powers of ten up to this one are exact in a double */
export const EXACT_POWER = 22;
const MOST_POWER = 44;

/** Powers of ten as the sum of two doubles, exactly: 5^44 has 103 bits. */
export const TENS = Float64Array.from({ length: MOST_POWER + 1 }, (_, k) => Number(`1e${k}`));
const TENS_LOW = TENS.map((high, k) => Number(10n ** BigInt(k) - BigInt(high)));

/** Far above what the operations below may be off, relative to the result: some 2^-103. */
const DOUBT = 2 ** -98;

/**
 * @param high the first 9 digits after leading zeros
 * @param middle the next 9
 * @param low the others
 * @param digits how many there are, more than EXACT_DIGITS, at most MOST_DIGITS
 * @returns (the digits) / 10^power; NaN where this cannot tell
 */
export function longDecimal(high: number, middle: number, low: number, digits: number, power: number): number {
  if (power < 0 || power > MOST_POWER) return Number.NaN;
  // the digits, as a sum of two doubles
  const unit = TENS[digits - PART];
  const product = high * unit;
  const behind = digits <= 2 * PART ? middle : middle * TENS[digits - 2 * PART] + low;
  const rest = productError(high, unit, product) + behind;
  const sum = product + rest;
  const sumRest = rest - (sum - product);
  // divided by the power of ten
  const divisor = TENS[power];
  const first = sum / divisor;
  const back = first * divisor;
  const second = (sum - back - productError(first, divisor, back) + sumRest - first * TENS_LOW[power]) / divisor;
  const value = first + second;
  const left = second - (value - first);
  const doubt = value * DOUBT;
  return value + (left + doubt) === value && value + (left - doubt) === value ? value : Number.NaN;
}
