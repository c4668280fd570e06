import type { Product } from '../../layers/layer.js';
import { rowPieces } from '../../tensor/lazy.js';
import { type FloatArray, precisionOf, type Tensor } from '../../tensor/tensor.js';
import { ASIDE_BYTES, ifThereIsRoom, type Kernel, roomIn } from './kernel.js';
import { accumulate } from './matmul.js';

/** Below this many weights a call into WASM costs more than it saves. */
const LEAST_WEIGHTS = 64;
/** Bytes of the rows that are copied through WASM memory at a time. */
const ROW_BYTES = 2 ** 20;

/**
 * Prepares the product with w [D, K] for repeated use: packed for the WASM kernel if there is one, else with the loop of matmul.ts. Either way
 * every element starts at its bias (or 0) and is summed over d in order, so the bits are the same, in float32 and in float64.
 * The packed weights are in the kernel's memory until its next `reset`.
 */
export function productWith(w: Tensor, bias: FloatArray | undefined, kernel: Kernel | undefined): Product {
  const [D, K] = w.shape;
  if (kernel && precisionOf(w) === 'f32' && (kernel.fast || D * K >= LEAST_WEIGHTS)) return packed(w, bias, kernel);
  return (kernel && precisionOf(w) === 'f64' && D * K >= LEAST_WEIGHTS && packed64(w, bias, kernel)) || plain(w, bias);
}

function plain(w: Tensor, bias: FloatArray | undefined): Product {
  const [D, K] = w.shape;
  return (out, x, R) => {
    startAt(bias, out.data, out.start, out.stride, K, R);
    accumulate(out, x, w.data, R, D, K);
  };
}

/** Sets `rows` rows of K sums to their start values: the bias, or 0. */
function startAt(bias: FloatArray | undefined, sums: FloatArray, at: number, stride: number, K: number, rows: number): void {
  if (!bias && stride === K) sums.fill(0, at, at + rows * K);
  else
    for (let r = 0; r < rows; r++, at += stride)
      if (bias) sums.set(bias, at);
      else sums.fill(0, at, at + K);
}

/** The float64 product on the kernel; undefined if WASM cannot have that much memory. */
function packed64(w: Tensor, bias: FloatArray | undefined, kernel: Kernel): Product | undefined {
  const [D, K] = w.shape;
  const padded = Math.ceil(K / 4) * 4;
  const most = Math.max(5, Math.floor(ROW_BYTES / (8 * (D + padded))));
  const room = ifThereIsRoom(() => ({ panels: panels64(w, kernel), rowsAt: kernel.take(8 * most * (D + padded)) }));
  if (!room) return undefined;
  const { panels, rowsAt } = room;
  return (out, x, R) => {
    for (let from = 0; from < R; from += most) {
      const rows = Math.min(most, R - from);
      const sums = rowsAt + 8 * rows * D;
      const numbers = kernel.doubles();
      copyRows(numbers, rowsAt / 8, D, x.data, x.start + from * x.stride, x.stride, D, rows);
      startAt(bias, numbers, sums / 8, padded, K, rows);
      kernel.run.addProduct64(rowsAt, 8 * D, rows, D, panels, K, sums, 8 * padded);
      copyRows(out.data, out.start + from * out.stride, out.stride, numbers, sums / 8, padded, K, rows);
    }
  };
}

/** Packs w [D, K] into panels of four columns for addProduct64. @returns their address @throws RangeError as `take` */
export function panels64(w: Tensor, kernel: Kernel): number {
  const [D, K] = w.shape;
  const padded = Math.ceil(K / 4) * 4;
  const panels = kernel.take(8 * D * padded);
  const to = kernel
    .doubles()
    .subarray(panels / 8, panels / 8 + D * padded)
    .fill(0);
  const from = w.data;
  for (let k = 0; k < K; k += 4)
    for (let d = 0, at = k * D; d < D; d++, at += 4) for (let j = 0; j < 4 && k + j < K; j++) to[at + j] = from[d * K + k + j];
  return panels;
}

function packed(w: Tensor, bias: FloatArray | undefined, kernel: Kernel): Product {
  const [D, K] = w.shape;
  const padded = Math.ceil(K / 4) * 4;
  const panels = kernel.take(4 * padded * (D + 1));
  const aside = kernel.take(ASIDE_BYTES);
  const mark = kernel.mark();
  const start = bias ? kernel.take(4 * K) : 0;
  if (bias) kernel.floats().set(bias, start / 4);
  for (const { from, count, numbers } of rowPieces(w, roomIn(kernel)))
    kernel.run.packMatrix(numbers.byteOffset, start, D, K, from, count, panels);
  kernel.release(mark);

  const most = Math.max(5, Math.floor(ROW_BYTES / (4 * (D + padded))));
  let room = 0;
  let rowsOfRoom = 0;
  return (out, x, R) => {
    if (rowsOfRoom < Math.min(R, most)) {
      rowsOfRoom = Math.min(R, most);
      room = kernel.take(4 * rowsOfRoom * (D + padded));
    }
    // overlapping rows (of a sliding window) are copied once
    const stride = Math.min(x.stride, D);
    for (let from = 0; from < R; from += rowsOfRoom) {
      const rows = Math.min(rowsOfRoom, R - from);
      const result = room + 4 * rows * D;
      if (stride < D) copyRows(kernel.floats(), room / 4, 0, x.data, x.start + from * stride, 0, (rows - 1) * stride + D, 1);
      else copyRows(kernel.floats(), room / 4, D, x.data, x.start + from * x.stride, x.stride, D, rows);
      kernel.run.matrixProduct(room, 4 * stride, rows, D, panels, K, result, 4 * padded, aside);
      copyRows(out.data, out.start + from * out.stride, out.stride, kernel.floats(), result / 4, padded, K, rows);
    }
  };
}

/** Copies `rows` rows of `width` numbers between matrices with different strides. */
function copyRows(
  to: FloatArray,
  at: number,
  stride: number,
  from: FloatArray,
  start: number,
  step: number,
  width: number,
  rows: number,
): void {
  if (stride === width && step === width) {
    to.set(from.subarray(start, start + rows * width), at);
    return;
  }
  for (let r = 0; r < rows; r++) to.set(from.subarray(start + r * step, start + r * step + width), at + r * stride);
}
