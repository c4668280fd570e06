/**
 * Finds out with how many decimals the numbers of a text were written. A number with d decimals stands for any number within 0.5·10^-d, so a
 * comparison must allow that much in addition.
 */
export interface Decimals {
  /** @param numeral as written in the text; anything else (nan, True) is skipped */
  see(numeral: string): void;
  /** whether further numerals would not change the result */
  readonly isKnown: boolean;
  /** d; undefined before the first number */
  readonly most: number | undefined;
}

/** How many numerals are looked at. */
const ENOUGH = 10_000;
/** `%g` and print options of few digits; the shortest text of a float32 has up to 9, of a double up to 17. */
const [FEWEST_DIGITS, MOST_DIGITS] = [4, 7];

/**
 * Fixed decimals (`%.4f`, `print`): d is the most decimals of any numeral, since trailing zeros may be cut off. All with exponents (`%.3e`): d is
 * that of the largest number. Fixed significant digits (`%g`): d is the smallest among the numerals that use all digits.
 */
export function newDecimals(): Decimals {
  let seen = 0;
  let fixed = 0; // most decimals of any numeral
  let plain = false; // whether there was a numeral without an exponent
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

/** The same for numbers that have been parsed: the shortest text of a double has the decimals it was written with, except trailing zeros. */
export function decimalsOf(data: ArrayLike<number>): number | undefined {
  const decimals = newDecimals();
  for (let i = 0; i < Math.min(data.length, ENOUGH); i++) decimals.see(String(data[i]));
  return decimals.most;
}
