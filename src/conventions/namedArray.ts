import type { Tensor } from '../tensor/tensor.js';

/** An array as a file names it. */
export interface NamedArray {
  readonly name: string;
  readonly tensor: Tensor;
}
