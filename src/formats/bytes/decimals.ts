/**
 * With how many decimals the numbers of a text were written. A number with d decimals stands for every number within 0.5·10^-d of it, so a
 * comparison has to allow that much more.
 */
export interface Decimals {
  /** @param numeral as written in the text; what is no numeral (nan, True) is passed over */
  see(numeral: string): void;
  /** more numerals change nothing */
  readonly isKnown: boolean;
  /** d; undefined before the first number */
  readonly most: number | undefined;
}

/** More numerals than this say nothing that the first ones did not. */
const ENOUGH = 10_000;
/** `%g` and print options of few digits; the shortest text of a float32 has up to 9, of a double up to 17. */
const [FEWEST_DIGITS, MOST_DIGITS] = [4, 7];

/**
 * Fixed decimals (`%.4f`, `print`): d is the largest number of them, since trailing zeros may be cut. Exponents throughout (`%.3e`): d is
 * what the largest number has. Fixed significant digits (`%g`): d is what the numbers that use all of them have at least.
 */
export function newDecimals(): Decimals {
  let seen = 0;
  let fixed = 0; // most decimals of any numeral
  let plain = false; // a numeral without an exponent was there
  let [fraction, exponent] = [0, Number.NEGATIVE_INFINITY];
  let [digits, least] = [0, 0]; // most significant digits, and fewest decimals of the numerals that have as many
  return {
    see(numeral) {
      if (seen >= ENOUGH) return;
      const match = /^[-+]?(\d*)[.,]?(\d*)(?:e([-+]?\d+))?$/i.exec(numeral);
      if (!match) return;
      seen++;
      const [, whole, part, power] = match;
      const decimals = Math.max(0, part.length - Number(power ?? 0));
      fixed = Math.max(fixed, decimals);
      if (power === undefined) plain = true;
      else if (/[1-9]/.test(whole + part)) [fraction, exponent] = [Math.max(fraction, part.length), Math.max(exponent, Number(power))];
      const significant = (whole + part).replace(/^0+/, '').replace(/0+$/, '').length;
      if (significant > digits) [digits, least] = [significant, decimals];
      else if (significant === digits) least = Math.min(least, decimals);
    },
    get isKnown() {
      return seen >= ENOUGH;
    },
    get most() {
      if (seen === 0) return undefined;
      if (!plain) return exponent === Number.NEGATIVE_INFINITY ? fixed : Math.max(0, fraction - exponent);
      return digits >= FEWEST_DIGITS && digits <= MOST_DIGITS ? least : fixed;
    },
  };
}

/** The same of numbers that were read already: a double's shortest text has the decimals it was written with, but for zeros at the end. */
export function decimalsOf(data: ArrayLike<number>): number | undefined {
  const decimals = newDecimals();
  for (let i = 0; i < Math.min(data.length, ENOUGH); i++) decimals.see(String(data[i]));
  return decimals.most;
}
