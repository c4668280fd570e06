import type { CellFunction } from '../activations/activation.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { tanh } from '../numerics/tanh.js';

/**
 * f of z[from, to), in place; a function of rows sees `width` numbers at a time. V8 calls a function it does not know with boxed numbers, at several times the cost; those that nearly every call
 * means have loops of their own, in which they are known.
 */
export function applyTo(f: CellFunction, z: Float64Array, from: number, to: number, width: number): void {
  if (f === sigmoid) sigmoids(z, from, to);
  else if (f === tanh) tanhs(z, from, to);
  else if ('row' in f) for (let k = from; k < to; k += width) f.row(z, k, k + width, z);
  else for (let k = from; k < to; k++) z[k] = f(z[k]);
}

function sigmoids(z: Float64Array, from: number, to: number): void {
  for (let k = from; k < to; k++) z[k] = sigmoid(z[k]);
}

function tanhs(z: Float64Array, from: number, to: number): void {
  for (let k = from; k < to; k++) z[k] = tanh(z[k]);
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
