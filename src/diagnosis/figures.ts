/** Formats a number for a sentence with four digits, without trailing zeros: 0.25, 13.49, 1.2e-7. */
export function smallNumber(v: number, digits = 4): string {
  if (v === 0) return '0';
  const size = Math.abs(v);
  const text = size >= 1e5 || size < 1e-3 ? v.toExponential(digits - 2) : v.toPrecision(digits);
  return text.includes('e') ? text.replace(/\.?0+e/, 'e').replace('e+', 'e') : text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
