import type { CellFunction } from '../activations/activation.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { tanh } from '../numerics/tanh.js';

/**
 * f of z[from, to), in place; a function of rows sees `width` numbers at a time. V8 calls a function it does not know with boxed numbers, at several times the cost; those that nearly every call
 * means have loops of their own, in which they are known. Four numbers a turn make this longer than what V8 puts into its callers: with three copies of it, a cell's step takes V8 five times as long
 * to compile, and it is compiled again for every new f.
 */
export function applyTo(f: CellFunction, z: Float64Array, from: number, to: number, width: number): void {
  let k = from;
  if (f === sigmoid) {
    for (; k + 3 < to; k += 4) {
      z[k] = sigmoid(z[k]);
      z[k + 1] = sigmoid(z[k + 1]);
      z[k + 2] = sigmoid(z[k + 2]);
      z[k + 3] = sigmoid(z[k + 3]);
    }
    for (; k < to; k++) z[k] = sigmoid(z[k]);
  } else if (f === tanh) {
    for (; k + 3 < to; k += 4) {
      z[k] = tanh(z[k]);
      z[k + 1] = tanh(z[k + 1]);
      z[k + 2] = tanh(z[k + 2]);
      z[k + 3] = tanh(z[k + 3]);
    }
    for (; k < to; k++) z[k] = tanh(z[k]);
  } else if ('row' in f) for (; k < to; k += width) f.row(z, k, k + width, z);
  else {
    for (; k + 3 < to; k += 4) {
      z[k] = f(z[k]);
      z[k + 1] = f(z[k + 1]);
      z[k + 2] = f(z[k + 2]);
      z[k + 3] = f(z[k + 3]);
    }
    for (; k < to; k++) z[k] = f(z[k]);
  }
}

/** ONNX `clip`: z[from, to) held within [−limit, limit]; NaN passes. */
export function clampTo(limit: number | null, z: Float64Array, from: number, to: number): void {
  if (limit === null) return;
  for (let k = from; k < to; k++) if (z[k] > limit) z[k] = limit;
  for (let k = from; k < to; k++) if (z[k] < -limit) z[k] = -limit;
}

let room = new Float64Array(64);

/** A row of `length` numbers in float64, whatever the network's precision: sums are rounded only when they are stored. Valid until the next call. */
export function rowOf(length: number): Float64Array {
  if (room.length < length) room = new Float64Array(2 * length);
  return room;
}
