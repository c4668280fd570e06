import type { FloatArray, Precision, Tensor } from './types.js';

/**
 * A tensor whose numbers are made when they are asked for: `data` makes them once and keeps them, `load` makes them and keeps nothing. What is
 * known of a tensor without its numbers (shape, precision) costs nothing.
 * @param make gives an array of its own each time
 */
export function lazy(shape: readonly number[], precision: Precision, make: () => FloatArray): Tensor {
  let kept: FloatArray | undefined;
  const load = () => kept ?? make();
  const tensor: Tensor = {
    shape,
    get data() {
      kept ??= make();
      return kept;
    },
  };
  // not among the keys: a copy of the tensor by its keys has the numbers in memory
  return Object.defineProperties(tensor, { load: { value: load }, precision: { value: precision } });
}

/** The numbers of a tensor for somebody who uses them once: where they were not kept, they are not kept here. */
export function load<Data>(tensor: { readonly data: Data; readonly load?: () => Data }): Data {
  return tensor.load ? tensor.load() : tensor.data;
}

/**
 * The tensor of `shape` that `make` makes of others: at once where their numbers are in memory, else when its own are asked for.
 * @param from of the first one's precision
 */
export function derived(
  shape: readonly number[],
  from: readonly [Tensor, ...Tensor[]],
  make: (numbers: readonly FloatArray[], precision: Precision) => FloatArray,
): Tensor {
  const [first] = from;
  if (from.every(t => t.load === undefined)) return { shape, data: make(from.map(load), precisionOf(first)) };
  return lazy(shape, precisionOf(first), () => make(from.map(load), precisionOf(first)));
}

/** Of the numbers as they are in memory. */
export function precisionOf(t: Pick<Tensor, 'data' | 'precision'>): Precision {
  return t.precision ?? (t.data instanceof Float32Array ? 'f32' : 'f64');
}
