import type { Count } from '../run/result.js';
import { shortestFloat32 } from './json.js';
import { displayWidth } from './text.js';

/** Formats numbers for people. */

/** A count: 1181696, or '1,181,696' with separators; '?' while a size is symbolic. */
export function countText(count: Count | null, separators = false): string {
  if (count === null) return '?';
  return separators ? String(count).replace(/\B(?=(\d{3})+$)/g, ',') : String(count);
}

/** Bytes: '228 B', '8.45 MB', in powers of 1024 as Keras counts them. */
export function bytesText(bytes: Count | null): string {
  if (bytes === null) return '? B';
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let unit = 0;
  let size = Number(bytes);
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? bytes : size.toFixed(2)} ${units[unit]}`;
}

/** A difference or tolerance in two or three digits: '7.4e-8', '0.0035'. */
export function smallText(x: number, digits = 2): string {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  const exponent = Math.floor(Math.log10(Math.abs(x)));
  const short = Number(x.toPrecision(digits));
  return exponent < -2 || exponent > 5 ? short.toExponential().replace('e+', 'e') : String(short);
}

/** `smallText` for the numbers of a column: all get an exponent if one has it. */
export function smallTexts(values: readonly number[]): string[] {
  const texts = values.map(x => smallText(x));
  if (!texts.some(text => /\de/.test(text))) return texts;
  return values.map((x, i) => (x === 0 || !Number.isFinite(x) ? texts[i] : Number(x.toPrecision(2)).toExponential().replace('e+', 'e')));
}

/**
 * A value with `digits` significant digits: plain from 1e-4 up to 10^digits, otherwise with an exponent. Never more digits than the value
 * has: with `float32`, only those that identify the float32.
 */
export function valueText(x: number, digits: number, float32: boolean): string {
  if (!Number.isFinite(x)) return String(x);
  // people take -0 for a bug; JSON and files keep the sign
  if (x === 0) return '0';
  const whole = float32 ? String(shortestFloat32(x)) : String(x);
  const magnitude = Math.abs(x);
  const plain = magnitude >= 1e-4 && magnitude < 10 ** Math.max(digits, 6);
  const text = plain ? fixedDigits(x, digits) : x.toExponential(Math.min(digits, 17) - 1).replace('e+', 'e');
  return digits >= 9 && significant(text) > significant(whole) ? whole : text;
}

function fixedDigits(x: number, digits: number): string {
  const text = x.toPrecision(digits);
  return text.includes('e') ? String(Number(text)) : text;
}

function significant(text: string): number {
  return text
    .replace(/e.*$/, '')
    .replace(/^-?[0.]*/, '')
    .replace('.', '').length;
}

/** Pads the values of a column so that their decimal points are aligned. */
export function alignPoints(values: readonly string[]): string[] {
  const wholes = values.map(value => /^-?\d+/.exec(value)?.[0].length ?? value.length);
  const tails = values.map((value, i) => displayWidth(value) - wholes[i]);
  const [whole, tail] = [Math.max(0, ...wholes), Math.max(0, ...tails)];
  return values.map((value, i) => ' '.repeat(whole - wholes[i]) + value + ' '.repeat(tail - tails[i]));
}

/** 'D*4*M' -> 'D·4·M', 'M*(D+M+1)' -> 'M·(D + M + 1)' */
export function formulaText(formula: string): string {
  return formula.replaceAll('*', '·').replaceAll('+', ' + ');
}

/** Splits a formula into its top-level terms: 'T*(D*M+M*M)+M*K' -> ['T*(D*M+M*M)', 'M*K']. */
export function termsOf(formula: string): string[] {
  const terms: string[] = [];
  let [from, depth] = [0, 0];
  for (let i = 0; i < formula.length; i++) {
    if (formula[i] === '(') depth++;
    else if (formula[i] === ')') depth--;
    else if (formula[i] === '+' && depth === 0) {
      terms.push(formula.slice(from, i));
      from = i + 1;
    }
  }
  return [...terms, formula.slice(from)];
}
