import * as decimal from './decimal.js';

/** Positions from which lines are read and to which values are written; advanced by reading. */
export interface PlainLines {
  /** the next byte */
  position: number;
  /** the next value */
  to: number;
  /** number of lines so far, including empty ones */
  lines: number;
  /** number of lines with numbers */
  rows: number;
}

/**
 * Reads lines of exactly `columns` plain decimal numerals, which may be surrounded by spaces, into `out`; stops at any other line or when `out`
 * has no room for a line. Numerals that decimal.ts cannot round with certainty, and integers with too many digits, are parsed by `Number`.
 * @param end must follow a line feed, which ends every loop here
 */
export function readPlainLines(
  bytes: Uint8Array,
  end: number,
  delimiter: number,
  columns: number,
  out: Float64Array,
  state: PlainLines,
): void {
  // constants of the function, not of the file: in the packed program those would be variables, and reading took 1.4 times as long
  const TAB = 0x09;
  const SPACE = 0x20;
  const PLUS = 0x2b;
  const MINUS = 0x2d;
  const POINT = 0x2e;
  const ZERO = 0x30;
  const LINE_FEED = 0x0a;
  const CARRIAGE_RETURN = 0x0d;
  const LOWER_CASE = 0x20;
  const E = 0x65;
  // equal to those of decimal.ts, which their types ensure
  const EXACT_DIGITS: typeof decimal.EXACT_DIGITS = 15;
  const EXACT_POWER: typeof decimal.EXACT_POWER = 22;
  const FULL: typeof decimal.FULL = 1e8;
  const MOST_DIGITS: typeof decimal.MOST_DIGITS = 24;
  const PART: typeof decimal.PART = 9;
  const { TENS } = decimal;
  let i = state.position;
  let { to, lines, rows } = state;
  while (i < end && to + columns <= out.length) {
    const line = i;
    if (bytes[i] === CARRIAGE_RETURN && bytes[i + 1] === LINE_FEED) i++;
    if (bytes[i] === LINE_FEED) {
      i++;
      lines++;
      continue;
    }
    for (let count = 0; ; ) {
      let byte = bytes[i];
      while (byte === SPACE || (byte === TAB && delimiter !== TAB)) byte = bytes[++i];
      const start = i;
      const negative = byte === MINUS;
      if (negative) byte = bytes[++i];
      const first = i;
      let [high, middle, low] = [0, 0, 0];
      let digits = 0; // where there are more than fit into high
      let point = -1;
      for (; (byte - ZERO) >>> 0 <= 9 && high < FULL; byte = bytes[++i]) high = high * 10 + (byte - ZERO);
      if (byte === POINT) {
        point = i;
        byte = bytes[++i];
        for (; (byte - ZERO) >>> 0 <= 9 && high < FULL; byte = bytes[++i]) high = high * 10 + (byte - ZERO);
      }
      if (high >= FULL) {
        digits = PART;
        for (; ; byte = bytes[++i]) {
          if ((byte - ZERO) >>> 0 <= 9) {
            if (digits++ < 2 * PART) middle = middle * 10 + (byte - ZERO);
            else low = low * 10 + (byte - ZERO);
          } else if (byte === POINT && point < 0) point = i;
          else break;
        }
      }
      let fits = i - first > (point < 0 ? 0 : 1);
      let power = point < 0 ? 0 : point + 1 - i;
      let isWhole = point < 0;
      if (fits && (byte | LOWER_CASE) === E) {
        isWhole = false;
        byte = bytes[++i];
        const down = byte === MINUS;
        if (down || byte === PLUS) byte = bytes[++i];
        const from = i;
        let exponent = 0;
        for (; (byte - ZERO) >>> 0 <= 9; byte = bytes[++i]) if (exponent < 10_000) exponent = exponent * 10 + (byte - ZERO);
        fits = i > from;
        power += down ? -exponent : exponent;
      }
      let value = 0;
      let known = true;
      if (digits <= EXACT_DIGITS && power <= EXACT_POWER && power >= -EXACT_POWER) {
        const whole = digits <= PART ? high : high * TENS[digits - PART] + middle;
        value = power === 0 ? whole : power < 0 ? whole / TENS[-power] : whole * TENS[power];
      } else {
        if (digits > EXACT_DIGITS && digits <= MOST_DIGITS && !isWhole) value = decimal.longDecimal(high, middle, low, digits, -power);
        known = value > 0;
      }
      if (known) {
        if (negative) value = -value;
      } else if (fits) {
        value = Number(textOf(bytes, start, i));
        // integers that would lose digits, and numbers beyond the largest double, get their own errors elsewhere
        fits = !isWhole && value - value === 0;
      }
      const after = i;
      while (byte === SPACE || (byte === TAB && delimiter !== TAB)) byte = bytes[++i];
      count++;
      const isLast = count === columns;
      if (isLast && byte === CARRIAGE_RETURN) byte = bytes[++i];
      // if the delimiter is a space, it has already been skipped
      if (!isLast && delimiter === SPACE && i > after) byte = bytes[--i];
      if (!fits || byte !== (isLast ? LINE_FEED : delimiter)) {
        // not a plain line: back to its start, dropping what it wrote
        [state.position, state.to, state.lines, state.rows] = [line, to - (count - 1), lines, rows];
        return;
      }
      out[to++] = value;
      i++;
      if (isLast) break;
    }
    lines++;
    rows++;
  }
  [state.position, state.to, state.lines, state.rows] = [i, to, lines, rows];
}

/** ASCII */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
