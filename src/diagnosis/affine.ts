import type { RecurrenceArgs } from '../layers/layer.js';
import { allocate, type FloatArray, type Precision, type Tensor } from '../tensor/tensor.js';
import { type ProductOptions, withProducts } from './products.js';

/** x·W + b of all steps, computed before the loop. */

const ROWS_AT_ONCE = 64;

/** x [..., D] · W [D, K] + b [K] */
export function affine(x: Tensor, W: Tensor, b: Tensor | undefined, options: ProductOptions): Tensor {
  const [D, K] = W.shape;
  if (x.shape[x.shape.length - 1] !== D || x.data.length % D !== 0 || (b && b.shape[b.shape.length - 1] !== K)) throw new Mismatch();
  const rows = x.data.length / D;
  const data = allocate(rows * K, options.precision);
  withProducts(options, Math.min(rows, ROWS_AT_ONCE), productsOf => {
    const products = productsOf(W);
    if (!products.rows) for (let r = 0; r < rows; r++) data.set(products.row(x.data, r * D, 0, K, b?.data), r * K);
    else
      for (let r = 0; r < rows; r += ROWS_AT_ONCE) {
        const count = Math.min(rows - r, ROWS_AT_ONCE);
        const list = Array.from({ length: count }, (_, i) => x.data.subarray((r + i) * D, (r + i + 1) * D));
        data.set(products.rows(list, K, b?.data), r * K);
      }
  });
  return { shape: [...x.shape.slice(0, -1), K], data };
}

/** Thrown if a change leaves weights and sizes that do not fit together, so that it cannot have happened here. */
export class Mismatch extends Error {}

interface Projection {
  readonly x: FloatArray;
  readonly bias: FloatArray | undefined;
  readonly resetAfter: boolean;
  readonly order: number;
  readonly data: FloatArray;
}

/** The last x·Wx + b of each input weight array: most mistakes change neither x nor Wx nor the bias. */
const projections = new WeakMap<FloatArray, Projection>();

export function projected(
  { x, weights, options: { resetAfter } }: RecurrenceArgs,
  bias: Tensor | undefined,
  options: ProductOptions,
): FloatArray {
  const key = weights.kernel!.data;
  const [given, { order }] = [weights.bias?.data, options];
  const known = projections.get(key);
  if (known && known.x === x.data && known.bias === given && known.resetAfter === resetAfter && known.order === order) {
    return known.data;
  }
  const { data } = affine(x, weights.kernel!, bias, options);
  projections.set(key, { x: x.data, bias: given, resetAfter, order, data });
  return data;
}

/** Sums two bias rows, except where the cell keeps the recurrent one separate, inside r ⊙ (…) of the GRU. */
export function biasesOf({ cell, options, weights }: RecurrenceArgs, precision: Precision): [Tensor | undefined, FloatArray | undefined] {
  const bias = weights.bias;
  if (!bias || bias.shape.length === 1) return [bias, undefined];
  const width = bias.shape[1];
  const [input, recurrent] = [bias.data.subarray(0, width), bias.data.subarray(width)];
  if (cell.recurrentBiasApart?.(options)) return [{ shape: [width], data: input }, recurrent];
  const sum = allocate(width, precision);
  for (let k = 0; k < width; k++) sum[k] = input[k] + recurrent[k];
  return [{ shape: [width], data: sum }, undefined];
}
