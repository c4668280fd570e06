import { productError } from '../../numerics/compensated.js';

/**
 * Finds the double nearest to a decimal numeral. With up to 15 digits and a power of ten up to 22 it is the product or quotient of two exact
 * integers, rounded once (Clinger, "How to read floating point numbers accurately", 1990); plainNumbers.ts does that itself. With up to 24 digits
 * and powers from −44 to 0, as `%.18e` and `repr` print them, it is the quotient of two pairs of doubles (Dekker, "A floating-point technique for
 * extending the available precision", 1971), if its rounding is certain.
 */

/** integers with up to this many digits are exact in a double */
export const EXACT_DIGITS = 15;

/** digits per part, which fit a 32-bit integer, whose arithmetic is faster */
export const PART = 9;
/** a part that is at least this has all its digits */
export const FULL = 1e8;

/** most digits that are exact as a pair of doubles */
export const MOST_DIGITS = 24;

/** powers of ten up to this one are exact in a double */
export const EXACT_POWER = 22;
const MOST_POWER = 44;

/** Powers of ten as the sum of two doubles, exactly: 5^44 has 103 bits. */
export const TENS = Float64Array.from({ length: MOST_POWER + 1 }, (_, k) => Number(`1e${k}`));
const TENS_LOW = TENS.map((high, k) => Number(10n ** BigInt(k) - BigInt(high)));

/** Relative error assumed for the result; that of the operations below is far smaller, about 2^-103. */
const DOUBT = 2 ** -98;

/**
 * @param high the first 9 digits after leading zeros
 * @param middle the next 9
 * @param low the others
 * @param digits number of digits, more than EXACT_DIGITS, at most MOST_DIGITS
 * @returns (the digits) / 10^power; NaN if the rounding is uncertain
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
