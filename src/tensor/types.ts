export type FloatArray = Float32Array | Float64Array;
export type Precision = 'f32' | 'f64';

/** Numbers in C order. `data.length` is the product of `shape`; a scalar has shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: FloatArray;
  /** of numbers that are made or read when they are asked for (lazy.ts): all of them or some, which are not kept, and their precision */
  readonly load?: () => FloatArray;
  readonly part?: (first: number, count: number) => FloatArray;
  readonly precision?: Precision;
}
