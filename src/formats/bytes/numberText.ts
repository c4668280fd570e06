const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE = /^-?\d+$/;

/** Why a numeral cannot be a double. */
export type NumberProblem = 'range' | 'precision' | 'syntax';

/** Returns the double nearest to a decimal numeral; a problem if that is infinite, or if an integer would silently change. */
export function parseDecimal(text: string): number | NumberProblem {
  if (!DECIMAL.test(text)) return 'syntax';
  const value = Number(text);
  if (!Number.isFinite(value)) return 'range';
  if (WHOLE.test(text) && losesDigits(text, value)) return 'precision';
  return value;
}

/**
 * Whether an integer numeral has more information than its double. The digits that JavaScript itself prints for a double beyond 2^53, its
 * shortest text padded with zeros, do not.
 */
export function losesDigits(numeral: string, value: number): boolean {
  return !Number.isSafeInteger(value) && BigInt(numeral) !== BigInt(value) && numeral !== String(value);
}

/** NaN and the infinities as Python, NumPy and JavaScript spell them, in any case. */
export function parseSpecial(text: string): number | undefined {
  switch (text.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
  }
  return undefined;
}

/**
 * The shortest numeral that reads back as the same double. Whole numbers beyond 2^53 get an exponent, since a plain digit string
 * there would claim digits the double does not have.
 */
export function formatNumber(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(x, -0)) return '-0';
  return Number.isInteger(x) && !Number.isSafeInteger(x) ? x.toExponential() : String(x);
}
