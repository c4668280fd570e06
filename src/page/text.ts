import { escapeText } from '../escape.js';
import { valueText } from '../report/numbers.js';

/** Numbers and names as the page shows them: with a true minus sign, and control characters as \u… */

export function numberText(x: number, digits = 6): string {
  return valueText(x === 0 ? 0 : x, digits, false)
    .replace('-', '−')
    .replace('e-', 'e−');
}

/** A number for a cell: '0.25', '−12.5', '3e−4'. @param least smaller numbers get a power of ten instead of two decimals */
export function shortNumber(x: number, least = 0.005): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'NaN' : x > 0 ? '∞' : '−∞';
  const size = Math.abs(x);
  if (size === 0) return '0';
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = size < least || size >= 1e5 ? size.toExponential(0).replace('e+', 'e').replace('e-', 'e−') : size.toFixed(decimals);
  return (x < 0 ? '−' : '') + text;
}

/** The names of two sides without their folders, unless that makes them equal. */
export function withoutFolders(a: string, b: string): readonly [string, string] {
  const [x, y] = [a, b].map(name => name.replace(/^.*[/\\]/, ''));
  return x === y ? [a, b] : [x, y];
}

/** Escapes a name from a file. */
export function shownName(name: string, limit = 60): string {
  return escapeText(name, limit);
}
