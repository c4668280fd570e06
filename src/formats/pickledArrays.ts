import { type FloatArray, sizeOf } from '../tensor/tensor.js';
import { type Budget, checkShape, reserve } from './bytes/budget.js';
import { isCounts, isRef, type Pickled } from './bytes/pickleValues.js';
import type { FileTensor } from './format.js';
import type { Collected } from './torch/collect.js';

/**
 * Pickles that are one array or a list of arrays: `pickle.dump(model.get_weights(), f)`, `pickle.dump(y.tolist(), f)`, and the object arrays
 * that np.save makes of such lists.
 */

/** Nested lists of numbers as one array; undefined for anything else. @throws RnnError E_LIMIT_… (limit) */
export function plainArray(value: Pickled, budget: Budget): FileTensor | undefined {
  const objects = objectArray(value);
  const list = objects?.items ?? value;
  const lengths: number[] = [];
  let inner: Pickled = list;
  for (; Array.isArray(inner) && inner.length > 0 && lengths.length <= budget.limits.rank; [inner] = inner) lengths.push(inner.length);
  if (lengths.length === 0 || typeof inner !== 'number') return undefined;
  const shape = objects ? [...objects.shape, ...lengths.slice(1)] : lengths;
  const size = Number(checkShape(shape, budget.limits));
  reserve(budget, BigInt(size), 'f64');
  const data = new Float64Array(size);
  if (sizeOf(lengths) !== size || fill(list, lengths, 0, data, 0) !== size) return undefined;
  // the numbers of a float32 array that became a list
  const narrow: FloatArray = Float32Array.from(data);
  return data.every((v, k) => Object.is(v, narrow[k])) ? { shape, dtype: 'f32', data: narrow } : { shape, dtype: 'f64', data };
}

/** @returns the place behind the last number; NaN where a list has another length or something that is no number */
function fill(value: Pickled, lengths: readonly number[], depth: number, data: Float64Array, at: number): number {
  if (depth === lengths.length) {
    if (typeof value !== 'number') return Number.NaN;
    data[at] = value;
    return at + 1;
  }
  if (!Array.isArray(value) || value.length !== lengths[depth]) return Number.NaN;
  let next = at;
  for (const part of value) {
    next = fill(part, lengths, depth + 1, data, next);
    if (Number.isNaN(next)) return next;
  }
  return next;
}

/** An array of Python objects: numpy's state (version, shape, dtype, Fortran order, list). */
function objectArray(value: Pickled): { shape: readonly number[]; items: Pickled[] } | undefined {
  if (!isRef(value, 'object') || value.name !== 'numpy.ndarray' || !Array.isArray(value.state)) return undefined;
  const [, shape, , fortran, items] = value.state;
  if (!isCounts(shape) || !Array.isArray(items) || (fortran === true && shape.length > 1)) return undefined;
  return { shape, items };
}

/** A list of arrays, whose names are places in it, has the names that np.savez gives to one: arr_0, arr_1 … */
export function numbered(found: Collected, value: Pickled): Collected {
  const names = [...found.tensors.keys()];
  const list = Array.isArray(value) || objectArray(value) !== undefined;
  if (!list || !names.every(name => /^\d+(\.\d+)*$/.test(name))) return found;
  const tensors = new Map([...found.tensors.values()].map((tensor, i) => [`arr_${i}`, tensor]));
  return { ...found, tensors, metadata: new Map(), sets: new Map([['', [...tensors.keys()]]]) };
}
