import { copyStrided } from '../../tensor/axes.js';
import { type FloatArray, sizeOf } from '../../tensor/tensor.js';

/** Whether these strides (in elements) are those of C order. Axes of length 1 may have any. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** Copies a strided view of `all`, which starts at its first element, in C order. The caller has checked that it lies inside. */
export function gatherStrided(all: FloatArray, shape: readonly number[], strides: readonly number[]): FloatArray {
  const count = sizeOf(shape);
  return copyStrided(all, shape, strides, 0, all instanceof Float32Array ? new Float32Array(count) : new Float64Array(count));
}
