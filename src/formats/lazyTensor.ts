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
 * A tensor whose numbers stay in the file until they are needed. It is counted now, its bytes when they are first read.
 * @param read gives an array of its own each time @param part where some of the numbers can be read without the others
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
 * What reads numbers late: under the limits and the name of their file.
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
