import { within } from '../errors.js';
import type { FloatArray } from '../tensor/tensor.js';
import { type Budget, countTensor, reserveBytes } from './bytes/budget.js';
import type { DType } from './format.js';
import { restart } from './limits.js';
import type { ByteSource } from './source.js';

export interface TensorHead {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** elements, exact */
  readonly size: bigint;
}

export interface LazyTensor<Data> {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Data;
  readonly load: () => Data;
}

/**
 * A tensor whose numbers stay in the file until they are asked for: `data` reads them once and keeps them, `load` keeps nothing. The tensor is
 * counted now, its bytes when they are first read.
 * @param read gives an array of its own each time
 * @throws RnnError E_LIMIT_TENSORS (limit); when read, E_LIMIT_BYTES (limit) and what `read` throws
 */
export function lazyTensor<Data = FloatArray>(
  source: ByteSource,
  budget: Budget,
  { shape, dtype, size }: TensorHead,
  read: () => Data,
): LazyTensor<Data> {
  countTensor(budget);
  let reserved = false;
  let kept: Data | undefined;
  const numbers = () => {
    restart(budget.limits);
    if (!reserved) reserveBytes(budget, size, dtype);
    reserved = true;
    source.check?.();
    return read();
  };
  const placed = (source.where ?? []).reduceRight((body, place) => () => within(place, body), numbers);
  const load = () => kept ?? placed();
  const tensor = {
    shape,
    dtype,
    get data() {
      kept ??= load();
      return kept;
    },
  };
  // not among the keys: a copy of the tensor by its keys has the numbers in memory
  return Object.defineProperty(tensor, 'load', { value: load }) as LazyTensor<Data>;
}

/** The numbers of a tensor for somebody who uses them once: a tensor of a file does not keep them. */
export function load<Data>(tensor: { readonly data: Data; readonly load?: () => Data }): Data {
  return tensor.load ? tensor.load() : tensor.data;
}
