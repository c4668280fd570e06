export type FloatArray = Float32Array | Float64Array;
export type Precision = 'f32' | 'f64';

/**
 * Returns numbers [first, first + count) of a tensor in C order: all of them, or whole rows (of the last axis).
 * @param out receives them, if given; has the tensor's precision and exactly `count` elements
 */
export type Part = (first: number, count: number, out?: FloatArray) => FloatArray;

export type IntegerType = `${'i' | 'u'}${8 | 16 | 32 | 64}`;

/** Numbers in C order. `data.length` is the product of `shape`; a scalar has shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: FloatArray;
  /** kind of its numbers, for operators that treat integers and booleans differently; absent: real numbers */
  readonly kind?: 'float' | 'int' | 'bool';
  /** integer type, if known, which determines the range */
  readonly type?: IntegerType;
  /** for numbers that are made or read on demand (lazy.ts): return all or some of them without keeping them; and their precision */
  readonly load?: () => FloatArray;
  readonly part?: Part;
  readonly precision?: Precision;
}

/** Zeros in the precision of an engine. */
export function allocate(length: number, precision: Precision): FloatArray {
  return precision === 'f32' ? new Float32Array(length) : new Float64Array(length);
}

/** Float64Array.from(data, f) at a tenth of the cost, since that makes a list of the numbers first. */
export function doublesOf(data: ArrayLike<number>, f: (v: number, k: number) => number): Float64Array {
  const doubles = new Float64Array(data.length);
  for (let k = 0; k < doubles.length; k++) doubles[k] = f(data[k], k);
  return doubles;
}
