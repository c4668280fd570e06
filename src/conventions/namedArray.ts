import type { Tensor } from '../tensor/tensor.js';

/** An array with the name that its file gives it. */
export interface NamedArray {
  readonly name: string;
  readonly tensor: Tensor;
}
