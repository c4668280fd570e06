import { derived, type Part, partOf } from './lazy.js';
import { allocate, type FloatArray, type Precision, precisionOf, sizeOf, type Tensor } from './tensor.js';
import { rememberPermuted, rememberTurned, turnedBack } from './turnedBack.js';

/** Copies that move values without changing them. */

/** [A, B] -> [B, A] */
export function transpose(t: Tensor): Tensor {
  const before = turnedBack(t);
  if (before) return before;
  const turned = transposed(t);
  rememberTurned(turned, t);
  return turned;
}

function transposed(t: Tensor): Tensor {
  const [A, B] = t.shape;
  return derived(
    [B, A],
    [t],
    ([numbers], precision) => turned(partOf(numbers), [A, B], 0, allocate(A * B, precision), precision),
    ([part], precision) =>
      (first, count, out = allocate(count, precision)) =>
        turned(part, [A, B], first / A, out, precision),
  );
}

/** Rows that are transposed together, so that writes to the result are contiguous. */
const TOGETHER = 16;
/** Numbers that are read at a time. */
const PIECE = 2 ** 18;

/** Copies columns of a matrix, from `from` on, as rows into `out`, as many as it has room for. */
function turned(part: Part, [A, B]: readonly number[], from: number, out: FloatArray, precision: Precision): FloatArray {
  const to = from + out.length / Math.max(1, A);
  const most = Math.min(A, Math.max(TOGETHER, Math.floor(PIECE / Math.max(1, B))));
  const buffer = allocate(most * B, precision);
  for (let row = 0; row < A; row += most) {
    const rows = Math.min(most, A - row);
    const numbers = part(row * B, rows * B, buffer.subarray(0, rows * B));
    for (let r = 0; r < rows; r += TOGETHER) {
      const end = Math.min(rows, r + TOGETHER);
      for (let b = from; b < to; b++) {
        const at = (b - from) * A + row;
        for (let k = r; k < end; k++) out[at + k] = numbers[k * B + b];
      }
    }
  }
  return out;
}

/** Gives t the kind of another tensor. */
function ofKind({ kind }: Tensor, t: Tensor): Tensor {
  return kind === undefined ? t : { kind, ...t };
}

/** Axes 0 and 1 swapped: batch-major [N, T, …] <-> time-major [T, N, …] */
export function swapBatchAndTime(t: Tensor): Tensor {
  const [A, B, ...rest] = t.shape;
  const width = sizeOf(rest);
  const data = allocate(t.data.length, precisionOf(t));
  for (let a = 0; a < A; a++) {
    for (let b = 0; b < B; b++) data.set(t.data.subarray((a * B + b) * width, (a * B + b + 1) * width), (b * A + a) * width);
  }
  return ofKind(t, { shape: [B, A, ...rest], data });
}

/** Reverses the time axis of [N, T, …]. */
export function flipTime(t: Tensor): Tensor {
  const [N, T, ...rest] = t.shape;
  const M = rest.reduce((product, n) => product * n, 1);
  const data = allocate(t.data.length, precisionOf(t));
  for (let n = 0; n < N; n++) {
    for (let s = 0; s < T; s++) data.set(t.data.subarray((n * T + s) * M, (n * T + s + 1) * M), (n * T + T - 1 - s) * M);
  }
  return { shape: t.shape, data };
}

/** Concatenates tensors along the last axis: [..., A], [..., B] -> [..., A+B]. */
export function concatLast(parts: readonly Tensor[]): Tensor {
  const widths = parts.map(p => p.shape[p.shape.length - 1]);
  const width = widths.reduce((sum, w) => sum + w, 0);
  const lead = parts[0].shape.slice(0, -1);
  const rows = sizeOf(lead);
  return derived([...lead, width], parts as [Tensor, ...Tensor[]], (all, precision) => {
    const data = allocate(rows * width, precision);
    let column = 0;
    all.forEach((part, i) => {
      for (let r = 0; r < rows; r++) data.set(part.subarray(r * widths[i], (r + 1) * widths[i]), r * width + column);
      column += widths[i];
    });
    return data;
  });
}

/** Columns [from, to) of the last axis: [..., W] -> [..., to−from] */
export function sliceLast(t: Tensor, from: number, to: number): Tensor {
  const lead = t.shape.slice(0, -1);
  const width = t.shape[t.shape.length - 1];
  const rows = sizeOf(lead);
  return derived([...lead, to - from], [t], ([numbers], precision) => {
    const data = allocate(rows * (to - from), precision);
    for (let r = 0; r < rows; r++) data.set(numbers.subarray(r * width + from, r * width + to), r * (to - from));
    return data;
  });
}

/** Rows [from, to) of the first axis, sharing the data. */
export function sliceFirst(t: Tensor, from: number, to: number): Tensor {
  const [, ...rest] = t.shape;
  const width = sizeOf(rest);
  return ofKind(t, { shape: [to - from, ...rest], data: t.data.subarray(from * width, to * width) });
}

/** [N, T, …] -> its steps [from, to) */
export function stepsOf(t: Tensor, from: number, to: number): Tensor {
  const [N, T, ...rest] = t.shape;
  const width = sizeOf(rest);
  const data = allocate(N * (to - from) * width, precisionOf(t));
  for (let n = 0; n < N; n++) data.set(t.data.subarray((n * T + from) * width, (n * T + to) * width), n * (to - from) * width);
  return { shape: [N, to - from, ...rest], data };
}

/** Concatenates tensors along the first axis. */
export function concatFirst(parts: readonly Tensor[]): Tensor {
  const shape = [parts.reduce((sum, p) => sum + p.shape[0], 0), ...parts[0].shape.slice(1)];
  const sizes = parts.map(p => sizeOf(p.shape));
  const joined = (all: readonly Part[], first: number, out: FloatArray): FloatArray => {
    let start = 0;
    all.forEach((part, i) => {
      const from = Math.max(first, start);
      const count = Math.min(first + out.length, start + sizes[i]) - from;
      if (count > 0) part(from - start, count, out.subarray(from - first, from - first + count));
      start += sizes[i];
    });
    return out;
  };
  return derived(
    shape,
    parts as [Tensor, ...Tensor[]],
    (all, precision) => joined(all.map(partOf), 0, allocate(sizeOf(shape), precision)),
    parts.every(p => precisionOf(p) === precisionOf(parts[0]))
      ? (all, precision) =>
          (first, count, out = allocate(count, precision)) =>
            joined(all, first, out)
      : undefined,
  );
}

/**
 * Permutes equal column blocks of the last axis: block j of the result is block `order[j]` of `t`.
 * Used to change gate orders: [..., G·M] with order [0, 2, 1, 3].
 */
export function permuteBlocks(t: Tensor, order: readonly number[]): Tensor {
  if (order.every((from, to) => from === to)) return t;
  const permuted = permutedBlocks(t, order);
  rememberPermuted(permuted, t, order);
  return permuted;
}

function permutedBlocks(t: Tensor, order: readonly number[]): Tensor {
  const row = t.shape[t.shape.length - 1];
  const width = row / order.length;
  const permuted = (numbers: FloatArray, out: FloatArray, precision: Precision) => {
    const old = allocate(row, precision);
    for (let at = 0; at < numbers.length; at += row) {
      old.set(numbers.subarray(at, at + row));
      for (let to = 0; to < order.length; to++) {
        out.set(old.subarray(order[to] * width, (order[to] + 1) * width), at + to * width);
      }
    }
    return out;
  };
  return derived(
    t.shape,
    [t],
    ([numbers], precision) => permuted(numbers, allocate(numbers.length, precision), precision),
    ([part], precision) =>
      (first, count, out = allocate(count, precision)) =>
        permuted(part(first, count, out), out, precision),
  );
}
