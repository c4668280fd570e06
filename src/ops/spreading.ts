import { formatShape, sizeOf } from '../tensor/tensor.js';
import { intOf, intsOf, textOf } from './attributes.js';
import { type Call, integers, need, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, type GraphValue, shapeError, stridesOf } from './value.js';
import { slide, windowAxes } from './windows.js';

/** Operators that put numbers back to where they came from: windows into an image, maxima to their positions, steps into a cache. */
export const SPREADING: Operators = {
  Col2Im: plain(columnsToImage, ['dilations', 'pads', 'strides']),
  MaxUnpool: plain(maxUnpool, ['kernel_shape', 'pads', 'strides']),
  CenterCropPad: plain(centerCropPad, ['axes']),
  TensorScatter: plain(writeIntoCache, ['axis', 'mode']),
};

/** Inputs: columns [N, C·window, positions], size of the image, size of the window. Output: [N, C, …image], the sum where windows overlap. */
function columnsToImage(call: Call): GraphValue {
  const x = need(call, 0);
  const [image, window] = [integers(need(call, 1)), integers(need(call, 2))];
  const axes = windowAxes(call, image, window);
  const [N, rows, places] = x.shape;
  const [K, count, size] = [sizeOf(window), axes.reduce((n, a) => n * a.out, 1), sizeOf(image)];
  const C = rows / K;
  if (x.shape.length !== 3 || !Number.isInteger(C) || places !== count)
    throw shapeError('the columns do not match the image', formatShape(x.shape), `[N, C·${K}, ${count}]`);
  const data = allocateShape([N, C, ...image], x.kind, call.kernels.precision);
  slide(axes, (out, at) => {
    for (let n = 0; n < N * C; n++) for (let k = 0; k < K; k++) if (at[k] >= 0) data[n * size + at[k]] += x.data[(n * K + k) * count + out];
  });
  return { kind: x.kind, type: x.type, shape: [N, C, ...image], data };
}

/** Inputs: x, the indices from MaxPool, the output shape (default: from strides and window). Other elements are zero. */
function maxUnpool(call: Call): GraphValue {
  const [x, places] = [need(call, 0), need(call, 1)];
  const window = intsOf(call.node, 'kernel_shape') ?? [];
  const strides = intsOf(call.node, 'strides') ?? window.map(() => 1);
  const pads = intsOf(call.node, 'pads') ?? window.flatMap(() => [0, 0]);
  const rank = window.length;
  if (x.shape.length !== rank + 2 || places.data.length !== x.data.length || strides.length !== rank || pads.length !== 2 * rank)
    throw shapeError('the indices, strides or pads do not match the input', formatShape(places.shape), formatShape(x.shape));
  const whole = x.shape.map((n, i) => (i < 2 ? n : (n - 1) * strides[i - 2] - pads[i - 2] - pads[i - 2 + rank] + window[i - 2]));
  const shape = call.inputs[2] ? integers(call.inputs[2]) : whole;
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const [from, to] = [stridesOf(whole), stridesOf(shape)];
  places.data.forEach((place, k) => {
    const index = whole.map((n, axis) => Math.floor(place / from[axis]) % n);
    if (!(place >= 0 && place < sizeOf(whole)) || index.some((i, axis) => i >= shape[axis]))
      throw shapeError('an index lies outside the output', String(place), `0 to ${sizeOf(whole) - 1}`);
    data[index.reduce((at, i, axis) => at + i * to[axis], 0)] = x.data[k];
  });
  return { kind: x.kind, type: x.type, shape, data };
}

/** CenterCropPad: crops each axis to its middle, or pads it with zeros on both sides. */
function centerCropPad(call: Call): GraphValue {
  const x = need(call, 0);
  const sizes = integers(need(call, 1));
  const axes = intsOf(call.node, 'axes')?.map(a => axisOf(a, x.shape.length)) ?? x.shape.map((_, i) => i);
  if (sizes.length !== axes.length) throw shapeError('expected one size for each axis', formatShape(sizes), `${axes.length} numbers`);
  const shape = x.shape.map((n, axis) => (axes.includes(axis) ? sizes[axes.indexOf(axis)] : n));
  const before = x.shape.map((n, axis) => (n >= shape[axis] ? -Math.floor((n - shape[axis]) / 2) : Math.floor((shape[axis] - n) / 2)));
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const [own, from] = [stridesOf(shape), stridesOf(x.shape)];
  for (let k = 0; k < data.length; k++) {
    const index = shape.map((n, axis) => (Math.floor(k / own[axis]) % n) - before[axis]);
    if (index.every((i, axis) => i >= 0 && i < x.shape[axis])) data[k] = x.data[index.reduce((at, i, axis) => at + i * from[axis], 0)];
  }
  return { kind: x.kind, type: x.type, shape, data };
}

/** Inputs: cache [N, …, S, …], an update with fewer steps, the first step that each sample writes (default: 0). */
function writeIntoCache(call: Call): GraphValue {
  const [cache, update] = [need(call, 0), need(call, 1)];
  const axis = axisOf(intOf(call.node, 'axis') ?? -2, cache.shape.length);
  const around = textOf(call.node, 'mode') === 'circular';
  const [S, T] = [cache.shape[axis], update.shape[axis]];
  if (axis === 0 || T > S || cache.shape.some((n, i) => i !== axis && n !== update.shape[i]))
    throw shapeError('the update does not match the cache', formatShape(update.shape), formatShape(cache.shape));
  const width = sizeOf(cache.shape.slice(axis + 1));
  const rows = sizeOf(cache.shape.slice(1, axis));
  const data = cache.data.slice();
  for (let r = 0; r < cache.shape[0] * rows; r++) {
    const first = call.inputs[2]?.data[Math.floor(r / rows)] ?? 0;
    for (let t = 0; t < T; t++) {
      const to = around ? (first + t) % S : first + t;
      if (!(to >= 0 && to < S)) throw shapeError('the update extends beyond the cache', String(to), `0 to ${S - 1}`);
      data.set(update.data.subarray((r * T + t) * width, (r * T + t + 1) * width), (r * S + to) * width);
    }
  }
  return { ...cache, data };
}
