/** Writes a value of a spec as Python: lists become tuples, null None, true True. */
export function pythonText(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value))
    return `(${value.map(v => `${pythonText(v)},`).join(' ')})`.replace(/, \)$|,\)$/, value.length === 1 ? ',)' : ')');
  if (typeof value === 'number' && !Number.isFinite(value))
    return `float("${value === Infinity ? 'inf' : value === -Infinity ? '-inf' : 'nan'}")`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Writes a float with a decimal point, even if it is whole. */
export function realText(value: number): string {
  const text = pythonText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Python that casts x from one type to another. */
export function castText(x: string, from: 'f32' | 'i64' | 'bool', to: 'f32' | 'i64' | 'bool', lib: 'np' | 'torch' | 'keras.ops'): string {
  if (from === to) return x;
  if (lib === 'np') return `${/^[\d(-]/.test(x) ? `np.asarray(${x})` : x}.astype(${{ f32: 'float', i64: 'int', bool: 'bool' }[to]})`;
  if (lib === 'torch') return `${x}.${{ f32: 'float', i64: 'long', bool: 'bool' }[to]}()`;
  return `keras.ops.cast(${x}, ${{ f32: '"float32"', i64: '"int32"', bool: '"bool"' }[to]})`;
}
