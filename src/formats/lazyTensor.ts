import { within } from '../errors.js';
import type { FloatArray } from '../tensor/tensor.js';
import type { DType, FileTensor } from './format.js';
import type { ByteSource } from './source.js';

/**
 * A tensor whose numbers stay in the file until they are asked for: `data` reads them once and keeps them, `load` reads them and keeps nothing.
 * @param read gives an array of its own each time
 */
export function lazyTensor({ where }: ByteSource, shape: readonly number[], dtype: DType, read: () => FloatArray): FileTensor {
  let kept: FloatArray | undefined;
  const load = () => kept ?? (where === undefined ? read() : within(where, read));
  const tensor = {
    shape,
    dtype,
    get data() {
      kept ??= load();
      return kept;
    },
  };
  // not among the keys: a copy of the tensor by its keys has the numbers in memory
  return Object.defineProperty(tensor, 'load', { value: load });
}

/** The numbers of a tensor for somebody who uses them once: a tensor of a file does not keep them. */
export function load(tensor: FileTensor): FloatArray {
  return tensor.load ? tensor.load() : tensor.data;
}
