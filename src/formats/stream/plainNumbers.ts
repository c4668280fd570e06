/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

// whole numbers of so many digits are exact in a double
const EXACT_DIGITS = 15;

// and so many in a 32-bit integer, whose arithmetic is faster
const SHORT_DIGITS = 9;

const [TAB, SPACE, PLUS, MINUS, POINT, ZERO, NINE] = [0x09, 0x20, 0x2b, 0x2d, 0x2e, 0x30, 0x39];
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];
const LOWER_CASE = 0x20;
const E = 0x65;

/** Where lines of numerals are read from and to; moved on by what was read. */
export interface PlainLines {
  /** the next byte */
  position: number;
  /** the next value */
  to: number;
  /** lines there were, also empty ones */
  lines: number;
  /** lines with numbers */
  rows: number;
}

/**
 * Lines of exactly `columns` plain decimal numerals, with spaces around them at most, as long as there are any, into `out` as long as a
 * line has room. A numeral of at most 15 digits and a power of ten up to 22 is one exact whole number times or divided by another: one
 * rounding, the nearest double (Clinger, "How to read floating point numbers accurately", 1990). Others are left to the system's own reader.
 * @param end after a line feed: that it comes ends every loop here
 */
export function readPlainLines(
  bytes: Uint8Array,
  end: number,
  delimiter: number,
  columns: number,
  out: Float64Array,
  state: PlainLines,
): void {
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
      let short = 0;
      let rest = 0;
      let digits = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++i]) {
        if (digits++ < SHORT_DIGITS) short = short * 10 + (byte - ZERO);
        else rest = rest * 10 + (byte - ZERO);
      }
      let power = 0;
      const isWhole = byte !== POINT && (byte | LOWER_CASE) !== E;
      if (byte === POINT) {
        const before = digits;
        byte = bytes[++i];
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++i]) {
          if (digits++ < SHORT_DIGITS) short = short * 10 + (byte - ZERO);
          else rest = rest * 10 + (byte - ZERO);
        }
        power = before - digits;
      }
      let fits = digits > 0;
      if (fits && (byte | LOWER_CASE) === E) {
        byte = bytes[++i];
        const down = byte === MINUS;
        if (down || byte === PLUS) byte = bytes[++i];
        fits = byte >= ZERO && byte <= NINE;
        let exponent = 0;
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++i]) if (exponent < 10_000) exponent = exponent * 10 + (byte - ZERO);
        power += down ? -exponent : exponent;
      }
      let value = 0;
      if (digits <= EXACT_DIGITS && power <= 22 && power >= -22) {
        const whole = digits <= SHORT_DIGITS ? short : short * TENS[digits - SHORT_DIGITS] + rest;
        value = power === 0 ? whole : power < 0 ? whole / TENS[-power] : whole * TENS[power];
        if (negative) value = -value;
      } else if (fits) {
        value = Number(textOf(bytes, start, i));
        // whole numbers that would lose digits, and what is beyond the largest double, have messages of their own
        fits = !isWhole && value - value === 0;
      }
      while (byte === SPACE || (byte === TAB && delimiter !== TAB)) byte = bytes[++i];
      count++;
      const isLast = count === columns;
      if (isLast && byte === CARRIAGE_RETURN) byte = bytes[++i];
      if (!fits || byte !== (isLast ? LINE_FEED : delimiter)) {
        // not a plain line: it is left, and so is what it wrote
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
