import { formatShape } from '../tensor/tensor.js';
import { choice, floatOf, intsOf, textOf } from './attributes.js';
import { type Call, integers, need, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, type GraphValue, shapeError, stridesOf } from './value.js';

/** Pad: adds elements before and after every axis: a constant, the edge, a reflection, or wrapped around. Negative pads crop. */
export const PADDING: Operators = { Pad: plain(pad, ['mode', 'pads', 'value']) };

type Source = (at: number, size: number) => number;

/** For each mode, the input index for position `at` relative to the input; −1 for the constant. */
const MODES: Readonly<Record<string, Source>> = {
  constant: (at, size) => (at < 0 || at >= size ? -1 : at),
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  reflect: (at, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const inside = ((at % period) + period) % period;
    return inside < size ? inside : period - inside;
  },
  wrap: (at, size) => ((at % size) + size) % size,
};

function pad(call: Call): GraphValue {
  const x = need(call, 0);
  const rank = x.shape.length;
  const given = call.inputs[1] ? integers(call.inputs[1]) : (intsOf(call.node, 'pads') ?? []);
  const axes = call.inputs[3] ? integers(call.inputs[3]).map(a => axisOf(a, rank)) : x.shape.map((_, i) => i);
  if (given.length !== 2 * axes.length)
    throw shapeError('pads needs two numbers for each axis', formatShape([given.length]), `${2 * axes.length} numbers`);
  const sourceOf = choice(call.node, 'mode', textOf(call.node, 'mode') ?? 'constant', MODES);
  const value = call.inputs[2]?.data[0] ?? floatOf(call.node, 'value') ?? 0;
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, i) => {
    before[axis] = given[i];
    after[axis] = given[i + axes.length];
  });
  const shape = x.shape.map((n, i) => n + before[i] + after[i]);
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const strides = stridesOf(x.shape);
  const outStrides = stridesOf(shape);
  for (let k = 0; k < data.length; k++) {
    let from = 0;
    for (let axis = 0; axis < rank && from >= 0; axis++) {
      const source = sourceOf((Math.floor(k / outStrides[axis]) % shape[axis]) - before[axis], x.shape[axis]);
      from = source < 0 ? -1 : from + source * strides[axis];
    }
    data[k] = from < 0 ? value : x.data[from];
  }
  return { kind: x.kind, type: x.type, shape, data };
}
