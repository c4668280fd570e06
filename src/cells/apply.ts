import type { CellFunction } from '../activations/activation.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { tanh } from '../numerics/tanh.js';

/**
 * Applies f to z[from, to) in place; a row function gets `width` numbers at a time.
 * V8 boxes the numbers it passes to a function that it cannot inline, at several times the cost. The most common functions therefore have
 * loops of their own. Unrolling four numbers makes this function too long to be inlined into its callers, on purpose: with three copies of
 * it, a cell's step takes V8 five times as long to compile, and it is compiled again for every new f.
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

/** ONNX `clip`: clamps z[from, to) to [−limit, limit] in place. NaN stays NaN. */
export function clampTo(limit: number | null, z: Float64Array, from: number, to: number): void {
  if (limit === null) return;
  for (let k = from; k < to; k++) if (z[k] > limit) z[k] = limit;
  for (let k = from; k < to; k++) if (z[k] < -limit) z[k] = -limit;
}

let room = new Float64Array(64);

/**
 * Returns a scratch row of at least `length` numbers, valid until the next call. It is float64 whatever the network's precision: sums are
 * rounded only when they are stored.
 */
export function rowOf(length: number): Float64Array {
  if (room.length < length) room = new Float64Array(2 * length);
  return room;
}
