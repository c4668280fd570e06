import { RnnError } from '../errors.js';
import { intOf } from './attributes.js';
import { MOVEMENT } from './movement.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { claim } from './room.js';
import { axisOf, type GraphValue, gatherStrided, shapeError, stridesOf } from './value.js';

/** Operators on sequences of tensors and on optional values, neither of which can be the output of a graph. */
export const SEQUENCES: Operators = {
  SequenceConstruct: plain(call => sequence(call.inputs.map((_, i) => need(call, i)))),
  SequenceEmpty: plain(() => sequence([]), ['dtype']),
  SequenceLength: plain(call => ({ kind: 'int', shape: [], data: Float64Array.of(itemsOf(call).length) })),
  SequenceAt: plain(call => {
    const items = itemsOf(call);
    return items[axisOf(need(call, 1).data[0], items.length)];
  }),
  SequenceInsert: plain(call => {
    const items = [...itemsOf(call)];
    items.splice(place(call, 2, items.length + 1), 0, need(call, 1));
    return sequence(items);
  }),
  SequenceErase: plain(call => {
    const items = itemsOf(call);
    const at = items.length === 0 ? 0 : place(call, 1, items.length);
    return sequence(items.filter((_, i) => i !== at));
  }),
  ConcatFromSequence: plain(concatFromSequence, ['axis', 'new_axis']),
  SplitToSequence: plain(splitToSequence, ['axis', 'keepdims']),
  OptionalHasElement: plain(call => ({ kind: 'bool', shape: [], data: Float64Array.of(call.inputs[0] ? 1 : 0) })),
  OptionalGetElement: plain(call => need(call, 0)),
};

function sequence(items: readonly GraphValue[]): GraphValue {
  return { kind: 'int', shape: [items.length], data: new Float64Array(items.length), items };
}

/** @throws RnnError E_ONNX_TYPE */
function itemsOf(call: Call): readonly GraphValue[] {
  const { items } = need(call, 0);
  if (items) return items;
  throw new RnnError('format', 'E_ONNX_TYPE', `${call.node.opType} needs a sequence`, {
    expected: 'a sequence of tensors',
    found: 'a tensor',
  });
}

/** Returns input i as an index below `count`; the last index if it is left out. */
function place(call: Call, i: number, count: number): number {
  return call.inputs[i] ? axisOf(need(call, i).data[0], count) : count - 1;
}

/** Joins the tensors of a sequence along an existing axis or a new one. */
function concatFromSequence(call: Call): GraphValue {
  const items = itemsOf(call);
  if (items.length === 0) throw shapeError('an empty sequence cannot be joined', '0 tensors', 'at least 1 tensor');
  const fresh = intOf(call.node, 'new_axis') === 1;
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, items[0].shape.length + (fresh ? 1 : 0));
  const inputs = fresh ? items.map(t => ({ ...t, shape: [...t.shape.slice(0, axis), 1, ...t.shape.slice(axis)] })) : items;
  const attributes = new Map([['axis', { type: 'int', value: BigInt(axis) }] as const]);
  return MOVEMENT.Concat.run({ ...call, node: { ...call.node, opType: 'Concat', attributes }, inputs })[0];
}

/** Splits a tensor into parts of the given sizes, of one size (the last may be smaller), or of size 1; with keepdims 0, that axis is dropped. */
function splitToSequence(call: Call): GraphValue {
  const [x, given] = [need(call, 0), call.inputs[1]];
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const n = x.shape[axis];
  const drop = !given && intOf(call.node, 'keepdims') === 0;
  const sizes = given ? Array.from(given.data) : [1];
  const several = given !== undefined && given.shape.length > 0;
  if (sizes.some(v => !(v > 0)) || (several && sizes.reduce((a, b) => a + b, 0) !== n))
    throw shapeError(
      'the sizes of the parts do not add up to the axis',
      `[${sizes.join(', ')}]`,
      `sizes of at least 1 that add up to ${n}`,
    );
  const [each] = sizes;
  claim(several ? 0 : 300 * Math.ceil(n / each));
  const parts = several ? sizes : Array.from({ length: Math.ceil(n / each) }, (_, i) => Math.min(each, n - i * each));
  const strides = stridesOf(x.shape);
  let from = 0;
  return sequence(
    parts.map(size => {
      const start = from * strides[axis];
      from += size;
      const shape = x.shape.map((m, i) => (i === axis ? size : m));
      const part = gatherStrided(x, shape, strides, start);
      return drop ? { ...part, shape: shape.filter((_, i) => i !== axis) } : part;
    }),
  );
}
