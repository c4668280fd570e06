import { RnnError } from '../../errors.js';
import { escapeText, plural } from '../../escape.js';
import type { DType, FileTensor } from '../format.js';
import { type Budget, checkShape, reserve } from './budget.js';
import { isObject, type JsonValue } from './jsonText.js';
import { formatNumber, parseSpecial } from './numberText.js';

/**
 * Converts nested arrays of numbers (including the strings "NaN", "Infinity", "-Infinity") or of booleans to one tensor. The first branch sets
 * the shape, which all others must have.
 * @param place path of the value, such as `$.y`
 * @throws RnnError E_JSON_RAGGED, E_JSON_TENSOR (format), E_LIMIT_… (limit)
 */
export function tensorFromNested(value: JsonValue, budget: Budget, place: string, dtype?: DType): FileTensor {
  const shape: number[] = [];
  let first: JsonValue = value;
  while (Array.isArray(first)) {
    shape.push(first.length);
    if (first.length === 0) break;
    first = first[0];
  }
  const kind: DType = typeof first === 'boolean' ? 'bool' : (dtype ?? 'f64');
  const size = checkShape(shape, budget.limits);
  reserve(budget, size, kind);
  const data = kind === 'bool' || kind === 'f32' ? new Float32Array(Number(size)) : new Float64Array(Number(size));
  let at = 0;
  const fill = (node: JsonValue, axis: number, path: string): void => {
    if (axis === shape.length) {
      data[at++] = leaf(node, kind, path);
      return;
    }
    if (!Array.isArray(node)) throw notTensor(node, path, `an array of ${shape[axis]} values, like its neighbours`);
    if (node.length !== shape[axis]) {
      const message = `${path}: expected ${shape[axis]} values, like the first of its neighbours, found ${node.length}`;
      throw new RnnError('format', 'E_JSON_RAGGED', message, {
        expected: `${shape[axis]} values`,
        found: plural(node.length, 'value'),
        fix: 'make all of one length: pad the shorter sequences, and give --lengths',
      });
    }
    for (let i = 0; i < node.length; i++) fill(node[i], axis + 1, `${path}[${i}]`);
  };
  fill(value, 0, place);
  return { shape, data, dtype: kind };
}

function leaf(node: JsonValue, kind: DType, path: string): number {
  if (kind === 'bool' ? typeof node === 'boolean' : typeof node === 'number') return Number(node);
  const special = kind !== 'bool' && typeof node === 'string' ? parseSpecial(node) : undefined;
  if (special === undefined) throw notTensor(node, path, kind === 'bool' ? 'true or false' : 'a number');
  return special;
}

function notTensor(node: JsonValue, path: string, expected: string): RnnError {
  const found = Array.isArray(node)
    ? 'an array'
    : isObject(node)
      ? 'an object'
      : node === null
        ? 'null'
        : typeof node === 'string'
          ? `the string "${escapeText(node, 30)}"`
          : String(node);
  return new RnnError('format', 'E_JSON_TENSOR', `${path}: expected ${expected}, found ${found}`, { expected, found });
}

/** Writes a tensor as nested arrays, with NaN and infinities as strings. A shape with a 0 would be lost, so it is written as `{"shape", "data"}`. */
export function nestedText(t: FileTensor): string {
  if (t.shape.includes(0)) return `{"shape":[${t.shape.join(',')}],"data":[]}`;
  let at = 0;
  const part = (axis: number): string => {
    if (axis === t.shape.length) return t.dtype === 'bool' ? String(t.data[at++] !== 0) : numeral(t.data[at++]);
    const parts: string[] = [];
    for (let i = 0; i < t.shape[axis]; i++) parts.push(part(axis + 1));
    return `[${parts.join(',')}]`;
  };
  return part(0);
}

function numeral(x: number): string {
  return Number.isFinite(x) ? formatNumber(x) : `"${formatNumber(x)}"`;
}
