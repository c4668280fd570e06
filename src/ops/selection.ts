import { formatShape, sizeOf } from '../tensor/tensor.js';
import { intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, type GraphValue, shapeError, stridesOf } from './value.js';

/** Operators that select values by indices or lengths, such as the last real step of a padded sequence, or reverse sequences. */
export const SELECTION: Operators = {
  GatherElements: plain(gatherElements, ['axis']),
  GatherND: plain(gatherRows, ['batch_dims']),
  ReverseSequence: plain(reverseSequence, ['batch_axis', 'time_axis']),
};

export function rowOf(asked: number, n: number): number {
  const at = asked < 0 ? asked + n : asked;
  if (Number.isInteger(at) && at >= 0 && at < n) return at;
  throw shapeError(`index ${asked} is out of range`, String(asked), `${-n} to ${n - 1}`);
}

/** out[i, j, k] = x[i, index[i, j, k], k] for axis 1: torch.gather. */
function gatherElements(call: Call): GraphValue {
  const [x, index] = [need(call, 0), need(call, 1)];
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const fits = index.shape.length === x.shape.length && index.shape.every((n, i) => i === axis || n <= x.shape[i]);
  if (!fits) throw shapeError('the indices do not fit inside the input', formatShape(index.shape), formatShape(x.shape));
  const strides = stridesOf(x.shape);
  const own = stridesOf(index.shape);
  const data = allocateShape(index.shape, x.kind, call.kernels.precision);
  for (let k = 0; k < data.length; k++) {
    let at = 0;
    for (let a = 0; a < strides.length; a++) {
      const i = Math.floor(k / own[a]) % index.shape[a];
      at += (a === axis ? rowOf(index.data[k], x.shape[axis]) : i) * strides[a];
    }
    data[k] = x.data[at];
  }
  return { kind: x.kind, type: x.type, shape: index.shape, data };
}

/** GatherND: the last axis of the indices [..., q] holds indices into q axes of x, x[i, j] for q = 2; these follow the `batch_dims` axes that both share. */
function gatherRows(call: Call): GraphValue {
  const [x, index] = [need(call, 0), need(call, 1)];
  const both = intOf(call.node, 'batch_dims') ?? 0;
  const q = index.shape[index.shape.length - 1] ?? 0;
  const most = x.shape.length - both;
  if (q < 1 || q > most) throw shapeError('the last axis of the indices has the wrong size', String(q), `1 to ${most}`);
  const batch = x.shape.slice(0, both);
  if (both < 0 || both >= index.shape.length || batch.some((n, i) => n !== index.shape[i]))
    throw shapeError(`the first ${both} axes of input and indices differ`, formatShape(index.shape), formatShape(batch));
  const width = sizeOf(x.shape.slice(both + q));
  const strides = stridesOf(x.shape).slice(both);
  const shape = [...index.shape.slice(0, -1), ...x.shape.slice(both + q)];
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const rows = index.data.length / q;
  // rows of indices, and numbers of x, per position of the shared axes
  const [each, inside] = [rows / Math.max(1, sizeOf(batch)), sizeOf(x.shape.slice(both))];
  for (let r = 0; r < rows; r++) {
    let at = Math.floor(r / each) * inside;
    for (let a = 0; a < q; a++) at += rowOf(index.data[r * q + a], x.shape[both + a]) * strides[a];
    data.set(x.data.subarray(at, at + width), r * width);
  }
  return { kind: x.kind, type: x.type, shape, data };
}

/** Reverses the first `lengths[n]` steps of every sample; the others stay. Time and batch are the first two axes. */
function reverseSequence(call: Call): GraphValue {
  const [x, lengths] = [need(call, 0), need(call, 1)];
  const batch = axisOf(intOf(call.node, 'batch_axis') ?? 1, x.shape.length);
  const time = axisOf(intOf(call.node, 'time_axis') ?? 0, x.shape.length);
  if (batch + time !== 1) throw shapeError('batch_axis and time_axis must be the first two axes', `${batch} and ${time}`, '0 and 1');
  const [N, T] = [x.shape[batch], x.shape[time]];
  if (lengths.data.length !== N)
    throw shapeError('sequence_lens needs one length per sample', formatShape(lengths.shape), formatShape([N]));
  const width = sizeOf(x.shape.slice(2));
  const place = (n: number, t: number) => (time === 0 ? t * N + n : n * T + t) * width;
  const data = allocateShape(x.shape, x.kind, call.kernels.precision);
  for (let n = 0; n < N; n++) {
    const length = lengths.data[n];
    if (!Number.isInteger(length) || length < 0 || length > T)
      throw shapeError(`a length of ${length} is out of range`, String(length), `0 to ${T}`);
    for (let t = 0; t < T; t++) {
      const from = place(n, t < length ? length - 1 - t : t);
      data.set(x.data.subarray(from, from + width), place(n, t));
    }
  }
  return { ...x, data };
}
