import { RnnError } from '../errors.js';
import { derived, lazy, load, precisionOf } from './lazy.js';
import { allocate, doublesOf, type FloatArray, type Part, type Precision, type Tensor } from './types.js';

export type { FloatArray, IntegerType, Precision, Tensor } from './types.js';
export { allocate, doublesOf, precisionOf };

/** A tensor over existing data. @throws Error when the sizes disagree: that is a bug of the caller, not of the user */
export function tensor(shape: readonly number[], data: FloatArray): Tensor {
  if (sizeOf(shape) !== data.length) throw new Error(`tensor [${shape}] needs ${sizeOf(shape)} values, got ${data.length}`);
  return { shape, data };
}

/** Zeros of the given shape. */
export function zeros(shape: readonly number[], precision: Precision = 'f32'): Tensor {
  return { shape, data: allocate(sizeOf(shape), precision) };
}

/** Number of elements, exact below 2^53. Use `exactSize` for shapes that come from outside. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Number of elements as an exact integer, for unchecked shapes. */
export function exactSize(shape: readonly (number | bigint)[]): bigint {
  let exact = 1;
  for (const n of shape) exact *= Number(n);
  // if the product is an integer below 2^53, so were all intermediate products: they were exact
  if (Number.isSafeInteger(exact) && exact > 0) return BigInt(exact);
  return shape.reduce<bigint>((size, n) => size * BigInt(n), 1n);
}

/** The same values in the wanted precision; the tensor itself when it already has it. Rounds to nearest when going to float32. */
export function toPrecision(t: Tensor, precision: Precision): Tensor {
  if (precisionOf(t) === precision) return t;
  const converted = () => (precision === 'f32' ? new Float32Array(load(t)) : new Float64Array(load(t)));
  const { part } = t;
  const some: Part | undefined = part && ((first, count, out = allocate(count, precision)) => filled(out, part(first, count)));
  return t.load ? lazy(t.shape, precision, converted, some) : { shape: t.shape, data: converted() };
}

function filled(out: FloatArray, numbers: FloatArray): FloatArray {
  out.set(numbers);
  return out;
}

/** The same data under another shape of the same size. */
export function reshape(t: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== sizeOf(t.shape)) {
    throw new RnnError('shape', 'E_RESHAPE', `cannot read ${formatShape(t.shape)} as ${formatShape(shape)}`);
  }
  // parts must be whole rows of t as well
  const inRows = rowOf(shape) % rowOf(t.shape) === 0;
  return derived(shape, [t], ([numbers]) => numbers, inRows ? ([part]) => part : undefined);
}

/** Numbers of the shortest part that is asked for. */
function rowOf(shape: readonly number[]): number {
  return shape.length > 1 ? shape[shape.length - 1] : 1;
}

/** `[4, 10, 3]` */
export function formatShape(shape: readonly (number | bigint | string | null)[]): string {
  return `[${shape.map(n => n ?? '?').join(', ')}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Row `index` of the first axis, sharing the data: [R, …] -> […] */
export function sliceRow(t: Tensor, index: number): Tensor {
  const [, ...rest] = t.shape;
  const width = sizeOf(rest);
  return derived(
    rest,
    [t],
    ([numbers]) => numbers.subarray(index * width, (index + 1) * width),
    ([part]) =>
      (first, count, out) =>
        part(index * width + first, count, out),
  );
}
