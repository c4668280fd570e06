/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

// whole numbers of so many digits are exact in a double
const EXACT_DIGITS = 15;

const [TAB, SPACE, MINUS, POINT, ZERO, NINE] = [0x09, 0x20, 0x2d, 0x2e, 0x30, 0x39];
const LOWER_CASE = 0x20;
const E = 0x65;

/**
 * One line of plain decimal numerals between `from` and `to`, with spaces around them at most, into `out` from `at` on.
 * A numeral of at most 15 digits and a power of ten up to 22 is one exact whole number times or divided by another: one rounding, the
 * nearest double (Clinger, "How to read floating point numbers accurately", 1990). Others are left to the system's own reader.
 * @returns how many there are; -1 for a line that has anything else, or more than `room` of them
 */
export function readPlainLine(
  bytes: Uint8Array,
  from: number,
  to: number,
  delimiter: number,
  out: Float64Array,
  at: number,
  room: number,
): number {
  let i = from;
  let count = 0;
  for (;;) {
    while (i < to && (bytes[i] === SPACE || (bytes[i] === TAB && delimiter !== TAB))) i++;
    const start = i;
    const negative = bytes[i] === MINUS;
    if (negative) i++;
    let whole = 0;
    let digits = 0;
    let seen = 0;
    let power = 0;
    let byte = i < to ? bytes[i] : 0;
    while (byte >= ZERO && byte <= NINE) {
      whole = whole * 10 + (byte - ZERO);
      if (whole !== 0) digits++;
      seen++;
      byte = ++i < to ? bytes[i] : 0;
    }
    let isWhole = true;
    if (byte === POINT) {
      isWhole = false;
      byte = ++i < to ? bytes[i] : 0;
      while (byte >= ZERO && byte <= NINE) {
        whole = whole * 10 + (byte - ZERO);
        if (whole !== 0) digits++;
        seen++;
        power--;
        byte = ++i < to ? bytes[i] : 0;
      }
    }
    if (seen === 0) return -1;
    if ((byte | LOWER_CASE) === E) {
      isWhole = false;
      byte = ++i < to ? bytes[i] : 0;
      const down = byte === MINUS;
      if (down || byte === 0x2b) byte = ++i < to ? bytes[i] : 0;
      if (byte < ZERO || byte > NINE) return -1;
      let exponent = 0;
      while (byte >= ZERO && byte <= NINE) {
        if (exponent < 10_000) exponent = exponent * 10 + (byte - ZERO);
        byte = ++i < to ? bytes[i] : 0;
      }
      power += down ? -exponent : exponent;
    }
    let value: number;
    if (digits <= EXACT_DIGITS && power <= 22 && power >= -22) {
      value = power < 0 ? whole / TENS[-power] : whole * TENS[power];
      if (negative) value = -value;
    } else {
      // whole numbers that would lose digits, and what is beyond the largest double, have messages of their own
      if (isWhole) return -1;
      value = Number(textOf(bytes, start, i));
      if (!Number.isFinite(value)) return -1;
    }
    while (i < to && (bytes[i] === SPACE || (bytes[i] === TAB && delimiter !== TAB))) i++;
    if (count === room) return -1;
    out[at + count++] = value;
    if (i === to) return count;
    if (bytes[i++] !== delimiter) return -1;
  }
}

/** ASCII */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
