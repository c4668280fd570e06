import type { FloatArray } from '../../tensor/tensor.js';

/** Whether these strides (in elements) are those of C order. Axes of length 1 may have any. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** The elements of a strided view of `all` that begins at its first element, in C order. The caller has checked that they are inside. */
export function gatherStrided(all: FloatArray, shape: readonly number[], strides: readonly number[]): FloatArray {
  const count = shape.reduce((product, n) => product * n, 1);
  const out = all instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    out[to] = all[from];
    // the next index in C order, and where it lies
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
