import type { RandomStream } from '../../random/random.js';
import { orthonormalise } from '../orthonormal.js';
import { onKernels } from './initializer.js';

/**
 * Orthonormal rows or columns, whichever are fewer: W·Wᵀ = I or Wᵀ·W = I (Saxe et al. 2014). As Keras does it: a normal matrix
 * [max, min], its QR with a positive diagonal of R, transposed where rows < columns. All gates side by side are one matrix.
 */
export function drawOrthogonal(shape: readonly number[], stream: RandomStream): Float64Array {
  return orthogonalFrom(shape, () => stream.normal());
}

export const orthogonal = onKernels('orthogonal', drawOrthogonal);

/** @param normal called for the matrix [max, min] in C order */
export function orthogonalFrom(shape: readonly number[], normal: () => number): Float64Array {
  const [rows, columns] = shape;
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  // column j of the drawn matrix is row j of q; a square result is not transposed
  const q = new Float64Array(length * count);
  for (let i = 0; i < length; i++) for (let j = 0; j < count; j++) q[j * length + i] = normal();
  orthonormalise(q, count, length);
  if (rows < columns) return q;
  const w = new Float64Array(length * count);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) w[i * columns + j] = q[j * length + i];
  return w;
}
