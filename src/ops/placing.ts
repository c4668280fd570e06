import { RnnError } from '../errors.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { choice, intOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { claim } from './room.js';
import { rowOf } from './selection.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue, isInteger, shapeError, stridesOf } from './value.js';

/** Operators that write values at computed positions, or return positions. */
export const PLACING: Operators = {
  ScatterND: plain(scatterRows, ['reduction']),
  ScatterElements: plain(scatterElements, ['axis', 'reduction']),
  OneHot: plain(oneHot, ['axis']),
  TopK: { attributes: ['axis', 'largest', 'sorted'], run: topK },
  NonZero: plain(nonZero),
  Trilu: plain(triangle, ['upper']),
  EyeLike: plain(eyeLike, ['dtype', 'k']),
  Compress: plain(compress, ['axis']),
  Scatter: plain(scatterElements, ['axis']),
};

const REDUCTIONS: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

const reductionOf = ({ node }: Call) => choice(node, 'reduction', textOf(node, 'reduction') ?? 'none', REDUCTIONS);

/** y = x, and y[indices[r]] = updates[r] */
function scatterRows(call: Call): GraphValue {
  const [x, index, updates] = [0, 1, 2].map(i => need(call, i));
  const join = reductionOf(call);
  const q = index.shape[index.shape.length - 1] ?? 0;
  const expected = [...index.shape.slice(0, -1), ...x.shape.slice(q)];
  if (q > x.shape.length || formatShape(updates.shape) !== formatShape(expected))
    throw shapeError('the updates have the wrong shape', formatShape(updates.shape), formatShape(expected));
  const width = sizeOf(x.shape.slice(q));
  const strides = stridesOf(x.shape);
  const data = x.data.slice();
  for (let r = 0; r * width < updates.data.length; r++) {
    let at = 0;
    for (let a = 0; a < q; a++) at += rowOf(index.data[r * q + a], x.shape[a]) * strides[a];
    for (let k = 0; k < width; k++) data[at + k] = join(data[at + k], updates.data[r * width + k]);
  }
  return { ...x, data };
}

/** y = x, and y[i, indices[i, j], k] = updates[i, j, k] for axis 1 */
function scatterElements(call: Call): GraphValue {
  const [x, index, updates] = [0, 1, 2].map(i => need(call, i));
  const join = reductionOf(call);
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const fits = index.shape.length === x.shape.length && index.shape.every((n, i) => i === axis || n <= x.shape[i]);
  if (!fits || formatShape(index.shape) !== formatShape(updates.shape))
    throw shapeError(
      'the indices do not fit inside the input, or differ in shape from the updates',
      `${formatShape(index.shape)} and ${formatShape(updates.shape)}`,
      formatShape(x.shape),
    );
  const [strides, own] = [stridesOf(x.shape), stridesOf(index.shape)];
  const data = x.data.slice();
  for (let k = 0; k < index.data.length; k++) {
    const at = own.reduce((sum, step, a) => {
      const i = a === axis ? rowOf(index.data[k], x.shape[a]) : Math.floor(k / step) % index.shape[a];
      return sum + i * strides[a];
    }, 0);
    data[at] = join(data[at], updates.data[k]);
  }
  return { ...x, data };
}

/** Inputs: indices, depth, [off, on]. An index that is out of range sets nothing. */
function oneHot(call: Call): GraphValue {
  const [index, depth, values] = [0, 1, 2].map(i => need(call, i));
  if (values.data.length !== 2 || values.shape.length !== 1)
    throw shapeError('values must hold two numbers, off and on', formatShape(values.shape), formatShape([2]));
  if (depth.data.length !== 1) throw shapeError('depth must be a single number', formatShape(depth.shape), formatShape([]));
  const n = depth.data[0];
  const axis = axisOf(intOf(call.node, 'axis') ?? -1, index.shape.length + 1);
  const shape = [...index.shape.slice(0, axis), n, ...index.shape.slice(axis)];
  const data = allocateShape(shape, values.kind, call.kernels.precision).fill(values.data[0]);
  const width = sizeOf(index.shape.slice(axis));
  for (let k = 0; k < index.data.length; k++) {
    const at = index.data[k] < 0 ? index.data[k] + n : index.data[k];
    if (at >= 0 && at < n) data[(Math.floor(k / width) * n + at) * width + (k % width)] = values.data[1];
  }
  return { kind: values.kind, shape, data };
}

/** The k largest (or smallest) elements along an axis, sorted; of equal ones the earlier first. */
function topK(call: Call): GraphValue[] {
  const [x, count] = [need(call, 0), need(call, 1)];
  const axis = axisOf(intOf(call.node, 'axis') ?? -1, x.shape.length);
  const sign = intOf(call.node, 'largest') === 0 ? 1 : -1;
  const [n, k] = [x.shape[axis], count.data[0]];
  if (k < 0 || k > n) throw shapeError(`k = ${k} is out of range`, `axis of ${n}`, `0 to ${n}`);
  const shape = x.shape.map((size, i) => (i === axis ? k : size));
  const [values, places] = [allocateShape(shape, x.kind, call.kernels.precision), allocateShape(shape, 'int', 'f64')];
  const width = sizeOf(x.shape.slice(axis + 1));
  // memory for sorting
  claim(24 * n);
  for (let r = 0; r < (n === 0 ? 0 : x.data.length / n); r++) {
    const [outer, inner] = [Math.floor(r / width), r % width];
    const at = (i: number) => x.data[(outer * n + i) * width + inner];
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => sign * (at(i) - at(j)) || i - j);
    order.slice(0, k).forEach((i, place) => {
      values[(outer * k + place) * width + inner] = at(i);
      places[(outer * k + place) * width + inner] = i;
    });
  }
  return [
    { kind: x.kind, type: x.type, shape, data: values },
    { kind: 'int', shape, data: places },
  ];
}

/** The indices of nonzero elements in order, [rank, count]. */
function nonZero(call: Call): GraphValue {
  const x = need(call, 0);
  let count = 0;
  for (const v of x.data) if (v !== 0) count++;
  const shape = [x.shape.length, count];
  const data = allocateShape(shape, 'int', 'f64');
  const strides = stridesOf(x.shape);
  let at = 0;
  for (let k = 0; k < x.data.length; k++) {
    if (x.data[k] === 0) continue;
    strides.forEach((step, a) => {
      data[a * count + at] = Math.floor(k / step) % x.shape[a];
    });
    at++;
  }
  return { kind: 'int', shape, data };
}

/** Trilu: keeps elements on and above diagonal k (upper) or on and below it; others become 0. */
function triangle(call: Call): GraphValue {
  const x = need(call, 0);
  const k = call.inputs[1]?.data[0] ?? 0;
  const upper = (intOf(call.node, 'upper') ?? 1) === 1;
  const [rows, columns] = x.shape.slice(-2);
  const kept = broadcastTo(
    {
      kind: 'int',
      shape: [rows, columns],
      data: Float64Array.from({ length: rows * columns }, (_, i) => (i % columns) - Math.floor(i / columns)),
    },
    x.shape,
  );
  const data = x.data.map((v: number, i: number) => ((upper ? kept.data[i] >= k : kept.data[i] <= k) ? v : 0)) as GraphValue['data'];
  return { ...x, data };
}

/** Ones on diagonal k, in the shape of x. @throws RnnError E_ONNX_TYPE */
function eyeLike(call: Call): GraphValue {
  const x = need(call, 0);
  if (x.shape.length !== 2) throw shapeError('EyeLike needs a matrix', formatShape(x.shape), '[rows, columns]');
  const [rows, columns] = x.shape;
  const k = intOf(call.node, 'k') ?? 0;
  const asked = intOf(call.node, 'dtype');
  const type = asked === undefined ? undefined : ONNX_DTYPES.get(asked);
  if (asked !== undefined && !type)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `EyeLike of type ${asked} is not supported`, {
      expected: 'floats, integers, booleans',
    });
  const kind = type === undefined ? x.kind : type === 'bool' ? 'bool' : isInteger(type) ? 'int' : 'float';
  const data = allocateShape(x.shape, kind, call.kernels.precision);
  for (let r = 0; r < rows; r++) if (r + k >= 0 && r + k < columns) data[r * columns + r + k] = 1;
  return { kind, type: type && isInteger(type) ? type : x.type, shape: x.shape, data };
}

/** The slices along an axis, or without one the elements of flattened x, for which the condition is true. */
function compress(call: Call): GraphValue {
  const [x, condition] = [need(call, 0), need(call, 1)];
  const given = intOf(call.node, 'axis');
  const axis = given === undefined ? 0 : axisOf(given, x.shape.length);
  const shape = given === undefined ? [x.data.length] : x.shape;
  if (condition.data.length > shape[axis])
    throw shapeError('the condition is longer than the axis', String(condition.data.length), `at most ${shape[axis]}`);
  const kept = Array.from(condition.data.keys()).filter(i => condition.data[i] !== 0);
  const width = sizeOf(shape.slice(axis + 1));
  const out = shape.map((n, i) => (i === axis ? kept.length : n));
  const data = allocateShape(out, x.kind, call.kernels.precision);
  for (let at = 0; at < data.length; at++) {
    const [row, k] = [Math.floor(at / width), at % width];
    data[at] = x.data[(Math.floor(row / kept.length) * shape[axis] + kept[row % kept.length]) * width + k];
  }
  return { ...x, shape: out, data };
}
