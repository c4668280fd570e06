import type { FileTensor } from '../formats/format.js';
import { precisionOf, type Tensor } from '../tensor/tensor.js';

/** A tensor with the dtype it has in memory. */
export function fileTensor(t: Tensor): FileTensor {
  return { shape: t.shape, data: t.data, dtype: precisionOf(t) };
}
