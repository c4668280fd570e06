import { lazy } from '../tensor/lazy.js';
import { precisionOf, type Tensor } from '../tensor/tensor.js';
import type { FileTensor } from './format.js';

/** A tensor with the dtype it has in memory. */
export function fileTensor(t: Tensor): FileTensor {
  const own = t.load ? lazy(t.shape, precisionOf(t), t.load, t.part) : { shape: t.shape, data: t.data };
  return Object.assign(own, { dtype: precisionOf(t) });
}
