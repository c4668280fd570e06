import { BOOL, isWhole } from './program.js';
import { fixedSize, int, isGiven, op, type Rules, self, setOutputs, sizesOf, slice, step, unsupportedOperator } from './rule.js';
import { arg, axis, isTensor, number, type Operand } from './wiring.js';

/** Operators that select elements by index. */

export const INDEXING: Rules = {
  /** x[i], x[:, i], x[i, j]: integer indices along one axis, or together along the first axes. */
  index(call) {
    const given = arg(call, 'indices');
    const list = Array.isArray(given) ? given : [];
    const places = list.flatMap((one, i) => (isTensor(one) ? [{ i, one }] : []));
    if (places.length === 0 || places.some(({ one }) => !isWhole(call.wiring.typeNumber(one))))
      throw unsupportedOperator(`${call.node.target} with a boolean index`);
    const values = places.map(({ one }) => call.wiring.operand(one));
    if (places.length === 1) return op(call, 'Gather', [self(call), values[0]], { axis: places[0].i });
    if (places.some(({ i }, k) => i !== k)) throw unsupportedOperator(`${call.node.target} along axes other than the first`);
    // broadcasts all indices to each other
    const zero = (value: Operand) => step(call, 'Mul', [value, int(0)]);
    const all = values.map((value, i) => values.reduce<Operand>((sum, v, k) => (k === i ? sum : step(call, 'Add', [sum, zero(v)])), value));
    const parts = all.map(value => step(call, 'Unsqueeze', [value, int([-1])]));
    return op(call, 'GatherND', [self(call), step(call, 'Concat', parts, { axis: -1 })]);
  },
  /** x[mask] = one number */
  index_put(call) {
    const [given, values] = [arg(call, 'indices'), call.node.args.get('values')];
    const [mask, ...others] = Array.isArray(given) ? given : [];
    if (
      !isTensor(mask) ||
      call.wiring.typeNumber(mask) !== BOOL ||
      others.length > 0 ||
      !isTensor(values) ||
      call.wiring.sizes(values.tensor).length > 0 ||
      arg(call, 'accumulate') === true
    )
      throw unsupportedOperator(`${call.node.target} of more than one number with a boolean index`);
    const missing = sizesOf(call).length - call.wiring.sizes(mask.tensor).length;
    const truths = call.wiring.operand(mask);
    const last = Array.from({ length: missing }, (_, i) => -1 - i);
    const wide = missing > 0 ? step(call, 'Unsqueeze', [truths, int(last)]) : truths;
    return op(call, 'Where', [wide, self(call, 'values'), self(call)]);
  },
  /** One output for each index of an axis. */
  unbind(call) {
    const dim = axis(call, 'dim', 'self', 0);
    const values = Array.from({ length: fixedSize(call, dim) }, (_, i) => step(call, 'Gather', [self(call), int(i)], { axis: dim }));
    return setOutputs(call, values);
  },
  narrow(call) {
    const [start, length] = [number(call, 'start'), number(call, 'length')];
    const dim = axis(call);
    const from = start < 0 ? start + fixedSize(call, dim) : start;
    return slice(call, self(call), dim, [from, from + length, 1], call.node.outputs[0] ?? 'narrow');
  },
  /** Repeats each element of an axis. */
  repeat_interleave(call) {
    const times = number(call, 'repeats');
    if (!isGiven(call, 'dim')) throw unsupportedOperator(`${call.node.target} without an axis`);
    const dim = axis(call);
    const data = Array.from({ length: fixedSize(call, dim) * times }, (_, i) => Math.floor(i / times));
    arg(call, 'output_size');
    return op(call, 'Gather', [self(call), { type: 'int', shape: [data.length], data }], { axis: dim });
  },
  /** [N, C·b², H, W] -> [N, C, H·b, W·b] */
  pixel_shuffle(call) {
    if (sizesOf(call).length !== 4) throw unsupportedOperator(`${call.node.target} of an input that is not [N, C, H, W]`);
    return op(call, 'DepthToSpace', [self(call)], { blocksize: number(call, 'upscale_factor'), mode: 'CRD' });
  },
};
