import { allocate, precisionOf, sizeOf, type Tensor } from './tensor.js';

/** Copies that move values without changing them. */

/** [A, B] -> [B, A] */
export function transpose(t: Tensor): Tensor {
  const [A, B] = t.shape;
  const data = allocate(t.data.length, precisionOf(t));
  for (let a = 0; a < A; a++) for (let b = 0; b < B; b++) data[b * A + a] = t.data[a * B + b];
  return { shape: [B, A], data };
}

/** Axes 0 and 1 swapped: batch-major [N, T, …] <-> time-major [T, N, …] */
export function swapBatchAndTime(t: Tensor): Tensor {
  const [A, B, ...rest] = t.shape;
  const width = sizeOf(rest);
  const data = allocate(t.data.length, precisionOf(t));
  for (let a = 0; a < A; a++) {
    for (let b = 0; b < B; b++) data.set(t.data.subarray((a * B + b) * width, (a * B + b + 1) * width), (b * A + a) * width);
  }
  return { shape: [B, A, ...rest], data };
}

/** [N, T, M] with the time axis turned round. */
export function flipTime(t: Tensor): Tensor {
  const [N, T, M] = t.shape;
  const data = allocate(t.data.length, precisionOf(t));
  for (let n = 0; n < N; n++) {
    for (let s = 0; s < T; s++) data.set(t.data.subarray((n * T + s) * M, (n * T + s + 1) * M), (n * T + T - 1 - s) * M);
  }
  return { shape: t.shape, data };
}

/** Tensors of equal leading shape side by side on the last axis: [..., A], [..., B] -> [..., A+B] */
export function concatLast(parts: readonly Tensor[]): Tensor {
  const widths = parts.map(p => p.shape[p.shape.length - 1]);
  const width = widths.reduce((sum, w) => sum + w, 0);
  const lead = parts[0].shape.slice(0, -1);
  const rows = sizeOf(lead);
  const data = allocate(rows * width, precisionOf(parts[0]));
  let column = 0;
  parts.forEach((part, i) => {
    for (let r = 0; r < rows; r++) data.set(part.data.subarray(r * widths[i], (r + 1) * widths[i]), r * width + column);
    column += widths[i];
  });
  return { shape: [...lead, width], data };
}

/** Columns [from, to) of the last axis: [..., W] -> [..., to−from] */
export function sliceLast(t: Tensor, from: number, to: number): Tensor {
  const lead = t.shape.slice(0, -1);
  const width = t.shape[t.shape.length - 1];
  const rows = sizeOf(lead);
  const data = allocate(rows * (to - from), precisionOf(t));
  for (let r = 0; r < rows; r++) data.set(t.data.subarray(r * width + from, r * width + to), r * (to - from));
  return { shape: [...lead, to - from], data };
}

/** Rows [from, to) of the first axis, sharing the data. */
export function sliceFirst(t: Tensor, from: number, to: number): Tensor {
  const [, ...rest] = t.shape;
  const width = sizeOf(rest);
  return { shape: [to - from, ...rest], data: t.data.subarray(from * width, to * width) };
}

/** Tensors of equal trailing shape one after the other on the first axis. */
export function concatFirst(parts: readonly Tensor[]): Tensor {
  const data = allocate(
    parts.reduce((sum, p) => sum + p.data.length, 0),
    precisionOf(parts[0]),
  );
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { shape: [parts.reduce((sum, p) => sum + p.shape[0], 0), ...parts[0].shape.slice(1)], data };
}

/**
 * Equal column blocks of the last axis in another order: block j of the result is block `order[j]` of `t`.
 * Gate orders are changed with this: [..., G·M] with order [0, 2, 1, 3].
 */
export function permuteBlocks(t: Tensor, order: readonly number[]): Tensor {
  if (order.every((from, to) => from === to)) return t;
  const width = t.shape[t.shape.length - 1] / order.length;
  return concatLast(order.map(block => sliceLast(t, block * width, (block + 1) * width)));
}
