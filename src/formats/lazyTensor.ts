import { within } from '../errors.js';
import { lazy, type Part } from '../tensor/lazy.js';
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
 * Returns a tensor whose numbers stay in the file until they are needed. It counts as a tensor now, its bytes when they are first read.
 * @param read returns a new array each time @param part reads some of the numbers, if that is possible
 * @throws RnnError E_LIMIT_TENSORS (limit); when read, E_LIMIT_BYTES (limit) and what `read` throws
 */
export function lazyTensor(source: ByteSource, budget: Budget, head: TensorHead, read: () => FloatArray, part?: Part): FileTensor {
  const late = lateReader(source, budget, head);
  const some: Part | undefined = part && !source.atOnce ? (first, count, out) => late(() => part(first, count, out)) : undefined;
  return Object.assign(
    lazy(head.shape, fitsFloat32(head.dtype) ? 'f32' : 'f64', () => late(read), some),
    { dtype: head.dtype },
  );
}

/**
 * Returns a function that runs a deferred read, with the limits and the name of its file.
 * @throws RnnError E_LIMIT_TENSORS (limit); when it reads, E_LIMIT_BYTES (limit) and what reading throws
 */
export function lateReader(source: ByteSource, budget: Budget, { size, dtype }: TensorHead): <Data>(read: () => Data) => Data {
  countTensor(budget);
  let reserved = false;
  const within = nested(source.where ?? []);
  return read =>
    within(() => {
      restart(budget.limits);
      if (!reserved) reserveBytes(budget, size, dtype);
      reserved = true;
      source.check?.();
      return read();
    });
}

function nested(places: readonly string[]): <Data>(body: () => Data) => Data {
  return body => places.reduceRight((inner, place) => () => within(place, inner), body)();
}
