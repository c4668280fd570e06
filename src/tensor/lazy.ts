import type { FloatArray, Precision, Tensor } from './types.js';

/** Numbers [first, first + count) of a tensor in C order; where not all are wanted, whole rows. */
export type Part = (first: number, count: number) => FloatArray;

/**
 * A tensor whose numbers are made when they are asked for: `data` makes them once and keeps them, `load` makes them and keeps nothing, `part` makes
 * some of them. What is known of a tensor without its numbers (shape, precision) costs nothing.
 * @param make gives an array of its own each time @param part absent where some cost as much as all
 */
export function lazy(shape: readonly number[], precision: Precision, make: () => FloatArray, part?: Part): Tensor {
  let kept: FloatArray | undefined;
  const tensor: Tensor = {
    shape,
    get data() {
      kept ??= make();
      return kept;
    },
  };
  const some = part && ((first: number, count: number) => kept?.subarray(first, first + count) ?? part(first, count));
  // not among the keys: a copy of the tensor by its keys has the numbers in memory
  return Object.defineProperties(tensor, {
    load: { value: () => kept ?? make() },
    part: { value: some },
    precision: { value: precision },
  });
}

/** The numbers of a tensor for somebody who uses them once: where they were not kept, they are not kept here. */
export function load<Data>(tensor: { readonly data: Data; readonly load?: () => Data }): Data {
  return tensor.load ? tensor.load() : tensor.data;
}

/** Few enough to be held beside the tensor itself. */
const MOST_NUMBERS = 2 ** 23;

/** The numbers of a tensor by rows of its first axis, some at a time, for somebody who uses them once. */
export function* rowPieces(t: Tensor): Generator<{ readonly from: number; readonly count: number; readonly numbers: FloatArray }> {
  const [rows = 1, ...rest] = t.shape;
  const width = rest.reduce((size, n) => size * n, 1);
  const most = t.part ? Math.max(1, Math.floor(MOST_NUMBERS / Math.max(1, width))) : rows;
  if (rows <= most) {
    yield { from: 0, count: rows, numbers: load(t) };
    return;
  }
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    yield { from, count, numbers: t.part!(from * width, count * width) };
  }
}

/**
 * The tensor of `shape` that `make` makes of others: at once where their numbers are in memory, else when its own are asked for.
 * @param from of the first one's precision
 * @param part some of its numbers, where all that it is made from give some of theirs
 */
export function derived(
  shape: readonly number[],
  from: readonly [Tensor, ...Tensor[]],
  make: (numbers: readonly FloatArray[], precision: Precision) => FloatArray,
  part?: (parts: readonly Part[], precision: Precision) => Part,
): Tensor {
  const [first] = from;
  const precision = precisionOf(first);
  if (from.every(t => t.load === undefined)) return { shape, data: make(from.map(load), precision) };
  const some =
    part && from.every(t => t.part)
      ? part(
          from.map(t => t.part!),
          precision,
        )
      : undefined;
  return lazy(shape, precision, () => make(from.map(load), precision), some);
}

/** Of the numbers as they are in memory. */
export function precisionOf(t: Pick<Tensor, 'data' | 'precision'>): Precision {
  return t.precision ?? (t.data instanceof Float32Array ? 'f32' : 'f64');
}
