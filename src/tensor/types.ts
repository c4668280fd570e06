export type FloatArray = Float32Array | Float64Array;
export type Precision = 'f32' | 'f64';

/**
 * Numbers [first, first + count) of a tensor in C order; where not all are wanted, whole rows.
 * @param out where they are put, if given: of the tensor's precision, with room for exactly them
 */
export type Part = (first: number, count: number, out?: FloatArray) => FloatArray;

export type IntegerType = `${'i' | 'u'}${8 | 16 | 32 | 64}`;

/** Numbers in C order. `data.length` is the product of `shape`; a scalar has shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: FloatArray;
  /** what its numbers are, for operators that treat whole numbers and truth values differently; absent: real numbers */
  readonly kind?: 'float' | 'int' | 'bool';
  /** of whole numbers, where it is known: how far they reach */
  readonly type?: IntegerType;
  /** of numbers that are made or read on demand (lazy.ts): all of them or some, which are not kept, and their precision */
  readonly load?: () => FloatArray;
  readonly part?: Part;
  readonly precision?: Precision;
}

/** Zeros in the precision of an engine. */
export function allocate(length: number, precision: Precision): FloatArray {
  return precision === 'f32' ? new Float32Array(length) : new Float64Array(length);
}

/** Float64Array.from(data, f) at a tenth of its cost: that one makes a list of the numbers first. */
export function doublesOf(data: ArrayLike<number>, f: (v: number, k: number) => number): Float64Array {
  const doubles = new Float64Array(data.length);
  for (let k = 0; k < doubles.length; k++) doubles[k] = f(data[k], k);
  return doubles;
}
