import type { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

/** Parses the numbers and text of protocol 0, which are lines of ASCII. */

type Fail = (message: string) => RnnError;

/** '1.5', 'nan', '-inf' */
export function floatOf(line: string, fail: Fail): number {
  const special: Record<string, number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
  if (line in special) return special[line];
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(line)) throw fail(`'${escapeText(line, 40)}' is not a number`);
  return Number(line);
}

/** '12', '12L'; '00' and '01' are False and True */
export function integerOf(line: string, fail: Fail): number | bigint | boolean {
  if (line === '00' || line === '01') return line === '01';
  if (!/^[+-]?\d{1,2500}L?$/.test(line)) throw fail(`'${escapeText(line, 40)}' is not an integer`);
  const value = BigInt(line.replace(/^\+|L$/g, ''));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// biome-ignore format: a table
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', v: '\v',
};

/** repr of a text of Python 2: 'it\'s \x00' */
export function quotedText(line: string, fail: Fail): string {
  const quoted = /^(['"])(.*)\1$/s.exec(line);
  if (!quoted) throw fail(`${escapeText(line, 40)} is not a string in quotes`);
  return quoted[2].replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, code: string) => {
    if (code[0] === 'x') return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return ESCAPES[code] ?? whole;
  });
}

/** Converts each character to a byte. @returns undefined if one is above 0xff */
export function latin1Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

/** Decodes text of Python 2, which may be bytes: if it is not UTF-8, each byte becomes a character. */
export function oldText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}

/** Converts each byte to a character. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** raw-unicode-escape: backslash, u and four digits, U and eight */
export function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U000([0-9a-fA-F]{5})/g, (_, four?: string, eight?: string) =>
    String.fromCodePoint(Number.parseInt(four ?? eight ?? '0', 16)),
  );
}
