import fc from 'fast-check';
import { longDecimal } from '../../src/formats/stream/decimal.js';
import { type PlainLines, readPlainLines } from '../../src/formats/stream/plainNumbers.js';
import { cases } from '../helpers/effort.js';

const COMMA = 0x2c;

/** One numeral a line; NaN where the reader leaves the line to others. */
function read(numerals: readonly string[]): number[] {
  const bytes = Buffer.from(`${numerals.join('\n')}\n`);
  const out = new Float64Array(numerals.length);
  const values: number[] = [];
  const lines: PlainLines = { position: 0, to: 0, lines: 0, rows: 0 };
  while (values.length < numerals.length) {
    lines.to = 0;
    const before = lines.rows;
    readPlainLines(bytes, bytes.length, COMMA, 1, out, lines);
    values.push(...out.subarray(0, lines.rows - before));
    if (values.length === numerals.length) break;
    values.push(Number.NaN);
    lines.position = bytes.indexOf(0x0a, lines.position) + 1;
  }
  return values;
}

/** The exact middle between two doubles, cut to `digits` digits and moved by `off` of the last: as hard to round as it gets. */
function middle(x: number, digits: number, off: number): string {
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0];
  const exponent = Number(bits >> 52n) - 1076;
  const odd = (((bits & ((1n << 52n) - 1n)) | (1n << 52n)) << 1n) | 1n;
  const all = String(exponent < 0 ? odd * 5n ** BigInt(-exponent) : odd << BigInt(exponent));
  const kept = all.length > digits ? String(BigInt(all.slice(0, digits)) + BigInt(off)) : all;
  const power = Math.min(0, exponent) + all.length - Math.min(all.length, digits) + kept.length - 1;
  return `${kept[0]}.${kept.slice(1)}e${power}`;
}

const digitText = (min: number, max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map(digits => digits.join(''));

const numeral = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ min: -1, max: 1, noNaN: true }).map(x => x.toExponential(18)),
  fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 20 })).map(([x, digits]) => x.toFixed(digits)),
  fc
    .tuple(fc.constantFrom('', '-'), digitText(0, 26), digitText(1, 26), fc.integer({ min: -60, max: 60 }))
    .map(([sign, whole, part, e]) => `${sign}${whole}.${part}e${e}`),
  fc
    .tuple(fc.double({ min: 1e-20, max: 1e15, noNaN: true }), fc.integer({ min: 16, max: 24 }), fc.integer({ min: -1, max: 1 }))
    .map(([x, digits, off]) => middle(x, digits, off)),
);

describe('numerals of a table', () => {
  it('are the nearest double, as the system reads them', () => {
    fc.assert(
      fc.property(fc.array(numeral, { minLength: 40, maxLength: 40 }), numerals => {
        const expected = numerals.map(text => (/^-?\d{16,}$/.test(text) || !Number.isFinite(Number(text)) ? Number.NaN : Number(text)));
        expect(read(numerals)).toEqual(expected);
      }),
      { numRuns: cases(250) },
    );
  });

  it.each([
    ['a whole number of 15 digits', '123456789012345', 123456789012345],
    ['leading zeros', '000000000000000000000000.5', 0.5],
    ['no digit before the point', '-.25', -0.25],
    ['no digit behind it', '7.', 7],
    ['minus zero', '-0.0', -0],
    ['what savetxt prints', '-5.460710616322574928e-01', -0.5460710616322575],
    ['24 digits', '0.123456789012345678901234', 0.12345678901234568],
    ['25 digits', '0.1234567890123456789012345', 0.12345678901234568],
    ['a tie, to even', '9007199254740993.0', 9007199254740992],
    ['a tie, to even, upwards', '9007199254740995.0', 9007199254740996],
    ['the power 10^22', '1e22', 1e22],
    ['the power 10^23', '1e23', 1e23],
    ['10^-44', '1.234567890123456e-29', 1.234567890123456e-29],
    ['beyond 10^-44', '1.234567890123456e-30', 1.234567890123456e-30],
  ])('reads %s', (_, text, value) => {
    expect(read([text])).toEqual([value]);
  });

  it.each([
    ['a whole number of more digits than are exact', '1234567890123456'],
    ['no digit at all', '.'],
    ['a sign alone', '-'],
    ['two points', '1.2.3'],
    ['two points far apart', '0.12345678901.3'],
    ['an exponent without digits', '1e'],
    ['an exponent with a sign alone', '1e+'],
    ['what is beyond the largest double', '1e309'],
    ['a word', 'nan'],
    ['hexadecimals', '0x10'],
    ['two numerals', '1 2'],
    ['a plus in front', '+1'],
  ])('leaves %s to the whole reader', (_, text) => {
    expect(read([text])).toEqual([Number.NaN]);
  });

  it('leaves ties to the system, whatever the pair of doubles would say', () => {
    expect(longDecimal(900719925, 47409930, 0, 17, 1)).toBeNaN();
    expect(longDecimal(900719925, 47409931, 0, 17, 1)).toBe(9007199254740994);
  });
});
