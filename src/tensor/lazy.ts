import { allocate, type FloatArray, type Part, type Precision, type Tensor } from './types.js';

export type { Part } from './types.js';

/**
 * A tensor whose numbers are made on demand: `data` makes them once and keeps them, `load` makes them without keeping them, `part` makes some of
 * them. Shape and precision are known without making any.
 * @param make returns a new array each time @param part absent if some numbers cost as much as all
 */
export function lazy(shape: readonly number[], precision: Precision, make: () => FloatArray, part?: Part): Tensor {
  return new LazyTensor(shape, precision, make, part);
}

/**
 * A class, because files have up to a million of these, and V8 should have one hidden class for all. `data` is an enumerable getter;
 * `load`, `part` and `precision` are not enumerable, so that a copy by spreading has the numbers in memory.
 */
class LazyTensor implements Tensor {
  declare readonly data: FloatArray;
  readonly shape: readonly number[];
  readonly #precision: Precision;
  readonly #make: () => FloatArray;
  readonly #part: Part | undefined;
  #kept: FloatArray | undefined;

  constructor(shape: readonly number[], precision: Precision, make: () => FloatArray, part: Part | undefined) {
    this.shape = shape;
    this.#precision = precision;
    this.#make = make;
    this.#part = part;
    Object.defineProperty(this, 'data', LazyTensor.#data);
  }

  static readonly #data: PropertyDescriptor & ThisType<LazyTensor> = {
    get() {
      this.#kept ??= this.#make();
      return this.#kept;
    },
    enumerable: true,
    configurable: true,
  };

  get precision(): Precision {
    return this.#precision;
  }

  get load(): () => FloatArray {
    return () => this.#kept ?? this.#make();
  }

  get part(): Part | undefined {
    const some = this.#part;
    return some && ((first, count, out) => (this.#kept ? partOf(this.#kept) : some)(first, count, out));
  }
}

/** Returns the numbers of a tensor for a caller that uses them once: if they were not in memory, they are not kept. */
export function load<Data>(tensor: { readonly data: Data; readonly load?: () => Data }): Data {
  return tensor.load ? tensor.load() : tensor.data;
}

/** Reads and keeps numbers that would otherwise be read again at each of many uses. */
export function keep(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.data;
}

/** Returns a `Part` over numbers that are in memory. */
export function partOf(numbers: FloatArray): Part {
  return (first, count, out) => {
    const some = numbers.subarray(first, first + count);
    out?.set(some);
    return out ?? some;
  };
}

/** Most numbers of a piece. */
const MOST_NUMBERS = 2 ** 23;

export interface RowPiece {
  /** row of the first axis */
  readonly from: number;
  readonly count: number;
  readonly numbers: FloatArray;
}

/**
 * Yields the numbers of a tensor in pieces of whole rows of the first axis, for a caller that uses them once.
 * @param room returns the array for a piece; without it, pieces are valid until the next one
 */
export function* rowPieces(t: Tensor, room?: (count: number) => FloatArray, mostNumbers = MOST_NUMBERS): Generator<RowPiece> {
  const [rows = 1, ...rest] = t.shape;
  const width = rest.reduce((size, n) => size * n, 1);
  const part = t.part ?? partOf(load(t));
  const most = Math.min(rows, Math.max(1, Math.floor(mostNumbers / Math.max(1, width))));
  const inFile = t.part !== undefined;
  const own = room || !inFile ? undefined : allocate(most * width, precisionOf(t));
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    const out = room ? room(count * width) : own?.subarray(0, count * width);
    yield { from, count, numbers: part(from * width, count * width, out) };
  }
}

/**
 * Returns a tensor that is computed from others: immediately if their numbers are in memory, else on demand.
 * @param from the other tensors; the result has the precision of the first
 * @param part computes some of its numbers, if all of the others can provide parts
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

/** Precision of the numbers in memory. */
export function precisionOf(t: Pick<Tensor, 'data' | 'precision'>): Precision {
  return t.precision ?? (t.data instanceof Float32Array ? 'f32' : 'f64');
}
