import { ifThereIsRoom, type Kernel, loadedKernel } from '../engines/batched/kernel.js';
import { allocate, type FloatArray, type Precision, type Tensor } from '../tensor/tensor.js';

/**
 * Products of rows with a matrix whose weights differ for each mistake: on the WASM kernel if it is loaded and there is enough work, else
 * in plain TypeScript. Both add four products before adding them to the result, so both give the same bits.
 */
export interface ProductOptions {
  readonly precision: Precision;
  /** 1: sums run over the rows of the matrix in order; −1: in reverse */
  readonly order: 1 | -1;
}

/** Products with one matrix [P, width]; results are valid until the next call of the same function. */
export interface Products {
  /** start [K] + v[at, at + P) · w[:, column, column + K) */
  readonly row: RowProduct;
  /** start [K] + v [P] · w[:, 0, K) for several v: [rows, K]; undefined if computing row by row is as fast */
  readonly rows?: (list: readonly FloatArray[], K: number, start: FloatArray | undefined) => FloatArray;
  /** memory of the kernel, for float64 */
  readonly place?: ProductPlace;
}

/** Where the kernel keeps the rows it multiplies; byte addresses of float64 arrays. */
export interface ProductPlace {
  readonly kernel: Kernel;
  /** [rows, P] */
  readonly v: number;
  /** [rows, width]; `multiply` writes start [width] + v·w of the first `count` rows */
  readonly out: number;
  multiply(count: number, start: FloatArray | undefined): void;
}

export type RowProduct = (v: FloatArray, at: number, column: number, K: number, start: FloatArray | undefined) => FloatArray;

/** For fewer weights, a call into WASM costs more than it saves. */
const LEAST_WEIGHTS = 256;

/** Runs `use` with products, and releases the kernel's memory afterwards. @param rows most rows that are multiplied at once */
export function withProducts<T>(options: ProductOptions, rows: number, use: (productsOf: (w: Tensor) => Products) => T): T {
  const kernel = loadedKernel(false) ?? loadedKernel(true);
  const mark = kernel?.mark();
  try {
    return use(w => (kernel && w.data.length >= LEAST_WEIGHTS && inKernel(w, options, rows, kernel)) || { row: plain(w, options) });
  } finally {
    if (kernel) kernel.release(mark!);
  }
}

/** Products on the kernel; undefined if WASM cannot allocate that much memory. */
function inKernel(w: Tensor, { precision, order }: ProductOptions, rows: number, kernel: Kernel): Products | undefined {
  const [P, width] = w.shape;
  const size = precision === 'f32' ? 4 : 8;
  const at = ifThereIsRoom(() => kernel.take(size * (P * width + rows * (P + width))));
  if (at === undefined) return undefined;
  const vAt = at + size * P * width;
  const outAt = vAt + size * rows * P;
  const { buffer } = kernel.memory;
  const view = (from: number, length: number) =>
    precision === 'f32' ? new Float32Array(buffer, from, length) : new Float64Array(buffer, from, length);
  const narrow = precision === 'f64' && writeSingles(w.data, new Float32Array(buffer, at, P * width));
  if (!narrow) view(at, P * width).set(w.data);
  const add = kernel.run[precision === 'f32' ? 'addRows32' : narrow ? 'addRowsOfSingles64' : 'addRows64'];
  const bytes = narrow ? 4 : size;
  const v = view(vAt, rows * P);
  const out = view(outAt, rows * width);
  const first = order > 0 ? 0 : P - 1;
  const run = (count: number, column: number, K: number, start: FloatArray | undefined) => {
    const result = out.length === count * K ? out : out.subarray(0, count * K);
    if (start) for (let r = 0; r < count; r++) result.set(start, r * K);
    else result.fill(0);
    add(outAt, K, vAt + size * first, P, at + bytes * (first * width + column), bytes * width, order, count);
    return result;
  };
  return {
    row(x, from, column, K, start) {
      for (let p = 0; p < P; p++) v[p] = x[from + p];
      return run(1, column, K, start);
    },
    rows(list, K, start) {
      for (let r = 0; r < list.length; r++) v.set(list[r], r * P);
      return run(list.length, 0, K, start);
    },
    place: precision === 'f64' ? { kernel, v: vAt, out: outAt, multiply: (count, start) => run(count, 0, width, start) } : undefined,
  };
}

/** float32 copies of weights that were used before; null if they are not float32; 'seen' after the first use. */
const singles = new WeakMap<FloatArray, Float32Array | 'seen' | null>();

/** Most numbers that stay in the second-level cache as float64. */
const CACHED = 2 ** 18;

/**
 * Stores weights as float32 if they are, which holds for nearly all weights that a mistake only moves: half the bytes to read, and the same
 * products. It is not worth while for a small matrix that is used for the first time, as most of those that a mistake changes are only once.
 */
function writeSingles(data: FloatArray, to: Float32Array): boolean {
  const known = singles.get(data);
  if (known === null) return false;
  if (known === undefined && data.length <= CACHED) {
    singles.set(data, 'seen');
    return false;
  }
  if (known instanceof Float32Array) to.set(known);
  else {
    for (let k = 0; k < to.length; k++) {
      const v = data[k];
      const single = Math.fround(v);
      to[k] = single;
      if (single !== v) {
        singles.set(data, null);
        return false;
      }
    }
    singles.set(data, known ? to.slice() : 'seen');
  }
  return true;
}

function plain(w: Tensor, { precision, order }: ProductOptions): RowProduct {
  const [P, width] = w.shape;
  const out = allocate(width, precision);
  return (v, at, column, K, start) => {
    const result = K === width ? out : out.subarray(0, K);
    if (start) result.set(start);
    else result.fill(0);
    if (result instanceof Float64Array) addRows64(result, K, v as Float64Array, at, P, w.data as Float64Array, column, width, order);
    else addRows32(result, K, v as Float32Array, at, P, w.data as Float32Array, column, width, order);
    return result;
  };
}

/**
 * out [K] += v[at, at+P) · w, whose rows of K start at `start` and are `stride` apart. Each pass handles four rows: one load and store of
 * `out` for four products. A function used with both kinds of arrays would run at a third of the speed; float32 is rarely used, so its
 * version is shorter.
 */
function addRows64(
  out: Float64Array,
  K: number,
  v: Float64Array,
  at: number,
  P: number,
  w: Float64Array,
  start: number,
  stride: number,
  order: number,
): void {
  const first = order > 0 ? 0 : P - 1;
  let j = 0;
  for (; j + 3 < P; j += 4) {
    const p0 = first + order * j;
    const a = v[at + p0];
    const b = v[at + p0 + order];
    const c = v[at + p0 + 2 * order];
    const d = v[at + p0 + 3 * order];
    const ra = start + p0 * stride;
    const rb = ra + order * stride;
    const rc = rb + order * stride;
    const rd = rc + order * stride;
    for (let k = 0; k < K; k++) out[k] += a * w[ra + k] + b * w[rb + k] + c * w[rc + k] + d * w[rd + k];
  }
  for (; j < P; j++) {
    const p = first + order * j;
    const a = v[at + p];
    const r = start + p * stride;
    for (let k = 0; k < K; k++) out[k] += a * w[r + k];
  }
}

function addRows32(
  out: Float32Array,
  K: number,
  v: Float32Array,
  at: number,
  P: number,
  w: Float32Array,
  start: number,
  stride: number,
  order: number,
): void {
  const first = order > 0 ? 0 : P - 1;
  for (let j = 0; j < P; ) {
    const rows = j + 3 < P ? 4 : 1;
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += v[at + first + order * (j + i)] * w[start + (first + order * (j + i)) * stride + k];
      out[k] += sum;
    }
    j += rows;
  }
}
