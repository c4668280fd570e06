/** A value of a spec as Python writes it: tuples for lists, None, True. */
export function pythonText(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value))
    return `(${value.map(v => `${pythonText(v)},`).join(' ')})`.replace(/, \)$|,\)$/, value.length === 1 ? ',)' : ')');
  if (typeof value === 'number' && !Number.isFinite(value))
    return `float("${value === Infinity ? 'inf' : value === -Infinity ? '-inf' : 'nan'}")`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
