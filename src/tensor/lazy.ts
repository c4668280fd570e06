import { allocate, type FloatArray, type Part, type Precision, type Tensor } from './types.js';

export type { Part } from './types.js';

/**
 * A tensor whose numbers are made on demand: `data` makes them once and keeps them, `load` makes them and keeps nothing, `part` makes
 * some of them. What is known of a tensor without its numbers (shape, precision) costs nothing.
 * @param make gives an array of its own each time @param part absent where some cost as much as all
 */
export function lazy(shape: readonly number[], precision: Precision, make: () => FloatArray, part?: Part): Tensor {
  return new LazyTensor(shape, precision, make, part);
}

/**
 * Files have up to a million of them. `data` is among the keys, all else is not: a copy of the tensor by its keys has the numbers in memory. One
 * function gets it for all of them, so that V8 has one class of objects.
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

/** The numbers of a tensor, for a caller that uses them once: numbers that were not in memory are not kept. */
export function load<Data>(tensor: { readonly data: Data; readonly load?: () => Data }): Data {
  return tensor.load ? tensor.load() : tensor.data;
}

/** Reads and keeps numbers that would otherwise be read again at each of many uses. */
export function keep(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.data;
}

/** Some of numbers that are in memory. */
export function partOf(numbers: FloatArray): Part {
  return (first, count, out) => {
    const some = numbers.subarray(first, first + count);
    out?.set(some);
    return out ?? some;
  };
}

/** Few enough to be held beside the tensor itself. */
const MOST_NUMBERS = 2 ** 23;

export interface RowPiece {
  /** row of the first axis */
  readonly from: number;
  readonly count: number;
  readonly numbers: FloatArray;
}

/**
 * The numbers of a tensor by rows of its first axis, some at a time, for somebody who uses them once.
 * @param room where they are put, if given; without it they are valid until the next piece
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
 * The tensor of `shape` that `make` makes of others: at once where their numbers are in memory, else on demand.
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
