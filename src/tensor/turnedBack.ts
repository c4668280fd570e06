import { derived, type Part, partOf } from './lazy.js';
import { allocate, type FloatArray, reshape, sizeOf, type Tensor } from './tensor.js';

/**
 * What a transposed matrix of a file was before. Each piece of a transposition reads the whole file, and each piece of two the whole file for each piece
 * of the first, so a matrix that is turned and turned back (PyTorch's to ours and to ONNX') is read as it stands.
 */
const BEFORE = new WeakMap<Tensor, () => Tensor>();

/** t transposed, if it is known without transposing. */
export function turnedBack(t: Tensor): Tensor | undefined {
  return BEFORE.get(t)?.();
}

/** @param turned is t transposed */
export function rememberTurned(turned: Tensor, t: Tensor): void {
  if (t.part) BEFORE.set(turned, () => t);
}

/** @param permuted is t with its blocks of columns in another order */
export function rememberPermuted(permuted: Tensor, t: Tensor, order: readonly number[]): void {
  const before = BEFORE.get(t);
  if (before) BEFORE.set(permuted, () => permuteRowBlocks(before(), order));
}

/** The same numbers, which are kept, if at all, without those of t. */
export function again(t: Tensor): Tensor {
  const copy = reshape(t, t.shape);
  const before = BEFORE.get(t);
  if (before) BEFORE.set(copy, before);
  return copy;
}

/** [G·M, …]: block j of the rows of the result is block `order[j]` of those of t. */
function permuteRowBlocks(t: Tensor, order: readonly number[]): Tensor {
  const size = sizeOf(t.shape) / order.length;
  const moved = (part: Part, first: number, out: FloatArray): FloatArray => {
    for (let done = 0; done < out.length; ) {
      const at = first + done;
      const count = Math.min(size - (at % size), out.length - done);
      part(order[Math.floor(at / size)] * size + (at % size), count, out.subarray(done, done + count));
      done += count;
    }
    return out;
  };
  return derived(
    t.shape,
    [t],
    ([numbers], precision) => moved(partOf(numbers), 0, allocate(numbers.length, precision)),
    ([part], precision) =>
      (first, count, out = allocate(count, precision)) =>
        moved(part, first, out),
  );
}
