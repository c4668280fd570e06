import { escapeText } from '../escape.js';
import { valueText } from '../report/numbers.js';

/** Numbers and names as the page writes them: a true minus sign, and control characters as \u… */

export function numberText(x: number, digits = 6): string {
  return valueText(x === 0 ? 0 : x, digits, false)
    .replace('-', '−')
    .replace('e-', 'e−')
    .replace('e−', 'e−');
}

/** For a cell: at most five characters. */
export function shortNumber(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'NaN' : x > 0 ? '∞' : '−∞';
  const size = Math.abs(x);
  if (size === 0) return '0';
  if (size < 0.005) return x > 0 ? '+0' : '−0';
  const text =
    size >= 1e5 ? size.toExponential(0).replace('e+', 'e') : size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2);
  return (x < 0 ? '−' : '') + text;
}

/** A difference in a cell: '9e-4', '0'. */
export function tinyNumber(x: number): string {
  if (!Number.isFinite(x) || x === 0 || Math.abs(x) >= 0.1) return shortNumber(x);
  return Math.abs(x)
    .toExponential(0)
    .replace('e-', 'e−')
    .replace(/^/, x < 0 ? '−' : '');
}

/** A name that a file gave. */
export function shownName(name: string, limit = 60): string {
  return escapeText(name, limit);
}
