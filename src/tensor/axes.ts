import { allocate, type FloatArray, precisionOf, sizeOf, type Tensor } from './tensor.js';

/** Permutes, pads and crops axes of tensors of any rank. Values are copied, never changed. */

/** Distance between neighbours along each axis, in C order. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Axis `order[i]` of t becomes axis i: [N, C, T] with [0, 2, 1] -> [N, T, C] */
export function permuteAxes(t: Tensor, order: readonly number[]): Tensor {
  if (order.every((from, to) => from === to)) return t;
  const from = stridesOf(t.shape);
  const shape = order.map(axis => t.shape[axis]);
  const steps = order.map(axis => from[axis]);
  return { shape, data: copyStrided(t.data, shape, steps, 0, allocate(t.data.length, precisionOf(t))) };
}

/** Pads each axis with `value`, [before, after]; a negative number crops. */
export function padAxes(t: Tensor, pads: readonly (readonly [before: number, behind: number])[], value = 0): Tensor {
  if (pads.every(([before, behind]) => before === 0 && behind === 0)) return t;
  const shape = t.shape.map((size, axis) => Math.max(0, size + pads[axis][0] + pads[axis][1]));
  const data = allocate(sizeOf(shape), precisionOf(t));
  if (value !== 0) data.fill(value);
  const [from, to] = [stridesOf(t.shape), stridesOf(shape)];
  const copy = (axis: number, a: number, b: number): void => {
    const before = pads[axis][0];
    const first = Math.max(0, -before);
    const count = Math.min(t.shape[axis] - first, shape[axis] - Math.max(0, before));
    const start = b + Math.max(0, before) * to[axis];
    if (axis === shape.length - 1) {
      if (count > 0) data.set(t.data.subarray(a + first, a + first + count), start);
      return;
    }
    for (let i = 0; i < count; i++) copy(axis + 1, a + (first + i) * from[axis], start + i * to[axis]);
  };
  copy(0, 0, 0);
  return { shape, data };
}

/**
 * Selects slices along an axis: slice k of the result is slice from(k) of t, or zeros if t has no such slice. `block` is the flat index over the
 * axes before it; for axis 1, the sample.
 */
export function takeAlong(t: Tensor, axis: number, count: number, from: (k: number, block: number) => number): Tensor {
  const size = t.shape[axis];
  const width = sizeOf(t.shape.slice(axis + 1));
  const shape = t.shape.map((n, a) => (a === axis ? count : n));
  const data = allocate(sizeOf(shape), precisionOf(t));
  for (let row = 0; row * width < data.length; row++) {
    const block = Math.floor(row / count);
    const source = from(row % count, block);
    if (source < 0 || source >= size) continue;
    const at = (block * size + source) * width;
    // a view of a few numbers costs more than copying them one by one
    if (width > NARROW) data.set(t.data.subarray(at, at + width), row * width);
    else for (let k = 0; k < width; k++) data[row * width + k] = t.data[at + k];
  }
  return { shape, data };
}

const NARROW = 8;

/** Copies the values at `start` + Σ index·step for every index of `shape`, in C order: transposes, slices and broadcasts alike. */
export function copyStrided<T extends FloatArray>(
  from: FloatArray,
  shape: readonly number[],
  steps: readonly number[],
  start: number,
  out: T,
): T {
  const last = shape.length - 1;
  let at = 0;
  const walk = (axis: number, place: number): void => {
    const [size, step] = [shape[axis], steps[axis]];
    if (axis === last) for (let i = 0; i < size; i++) out[at++] = from[place + i * step];
    else for (let i = 0; i < size; i++) walk(axis + 1, place + i * step);
  };
  if (last < 0) out[0] = from[start];
  else if (out.length > 0) walk(0, start);
  return out;
}

/** Returns `starts` (positions on the other axes) and `offsets` (positions along `axes`), both in C order; their sums are the indices of all values. */
export function placesAlong(shape: readonly number[], axes: readonly number[]): { starts: Int32Array; offsets: Int32Array } {
  const strides = stridesOf(shape);
  const along = (wanted: (axis: number) => boolean) => {
    let places = Int32Array.of(0);
    shape.forEach((size, axis) => {
      if (!wanted(axis)) return;
      const next = new Int32Array(places.length * size);
      for (let p = 0, k = 0; p < places.length; p++) for (let i = 0; i < size; i++) next[k++] = places[p] + i * strides[axis];
      places = next;
    });
    return places;
  };
  return { starts: along(axis => !axes.includes(axis)), offsets: along(axis => axes.includes(axis)) };
}
