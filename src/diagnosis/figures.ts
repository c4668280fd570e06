/** Formats a number for a sentence with four digits, without trailing zeros: 0.25, 13.49, 1.2e-7. */
export function smallNumber(v: number, digits = 4): string {
  if (v === 0) return '0';
  const size = Math.abs(v);
  const text = size >= 1e5 || size < 1e-3 ? v.toExponential(digits - 2) : v.toPrecision(digits);
  return text.includes('e') ? text.replace(/\.?0+e/, 'e').replace('e+', 'e') : text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** 'step 3', 'steps 3 to 5'; counted from 1 */
export function stepRange(from: number, to: number): string {
  return from === to ? `step ${from}` : `steps ${from} to ${to}`;
}

/** 'first step', 'last 3 steps' */
export function endSteps(end: 'first' | 'last', count: number): string {
  return count === 1 ? `${end} step` : `${end} ${count} steps`;
}

/** y = scale · x + offset. */
export interface Line {
  readonly scale: number;
  readonly offset: number;
}

/** Rounds to `digits`, or to four if the others are zeros, as far as the numbers of an output determine them. */
export const inDigits = (v: number, digits: number) =>
  Number(v.toPrecision(Math.abs(Number(v.toPrecision(4)) - v) < 1e-5 * Math.abs(v) ? 4 : digits));

/** Code that takes a scale and an offset back: '(y - 3) / 20', 'y + 1'. */
export function lineBack(name: string, { scale, offset }: Line, digits: number): string {
  const [s, o] = [scale, offset].map(v => inDigits(v, digits));
  const moved = Math.abs(o) < 1e-6 * Math.abs(s) ? name : o < 0 ? `${name} + ${-o}` : `${name} - ${o}`;
  return s === 1 ? moved : `${moved === name ? moved : `(${moved})`} / ${s}`;
}
