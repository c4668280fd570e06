import { within } from '../errors.js';
import { lazy } from '../tensor/lazy.js';
import type { FloatArray } from '../tensor/tensor.js';
import { type Budget, countTensor, fitsFloat32, reserveBytes } from './bytes/budget.js';
import type { DType, FileTensor } from './format.js';
import { restart } from './limits.js';
import type { ByteSource } from './source.js';

export interface TensorHead {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** elements, exact */
  readonly size: bigint;
}

/**
 * A tensor whose numbers stay in the file until they are asked for. It is counted now, its bytes when they are first read.
 * @param read gives an array of its own each time
 * @throws RnnError E_LIMIT_TENSORS (limit); when read, E_LIMIT_BYTES (limit) and what `read` throws
 */
export function lazyTensor(source: ByteSource, budget: Budget, head: TensorHead, read: () => FloatArray): FileTensor {
  const { shape, dtype } = head;
  return Object.assign(lazy(shape, fitsFloat32(dtype) ? 'f32' : 'f64', lateReader(source, budget, head, read)), { dtype });
}

/**
 * `read` under the limits and the name of its file, for numbers that are read after it.
 * @throws RnnError E_LIMIT_TENSORS (limit); when read, E_LIMIT_BYTES (limit) and what `read` throws
 */
export function lateReader<Data>(source: ByteSource, budget: Budget, { size, dtype }: TensorHead, read: () => Data): () => Data {
  countTensor(budget);
  let reserved = false;
  const numbers = () => {
    restart(budget.limits);
    if (!reserved) reserveBytes(budget, size, dtype);
    reserved = true;
    source.check?.();
    return read();
  };
  return (source.where ?? []).reduceRight((body, place) => () => within(place, body), numbers);
}
