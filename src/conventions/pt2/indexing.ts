import { BOOL, isWhole } from './program.js';
import type { Rules } from './rule.js';
import { int, isTensor, type Operand } from './wiring.js';

/** Operators that select elements by index. */

export const INDEXING: Rules = {
  /** x[i], x[:, i], x[i, j]: integer indices along one axis, or together along the first axes. */
  index(call) {
    const given = call.arg('indices');
    const list = Array.isArray(given) ? given : [];
    const places = list.flatMap((one, i) => (isTensor(one) ? [{ i, one }] : []));
    if (places.length === 0 || places.some(({ one }) => !isWhole(call.wiring.typeNumber(one))))
      throw call.unsupported('with a boolean index');
    const values = places.map(({ one }) => call.wiring.operand(one));
    if (places.length === 1) return call.op('Gather', [call.operand(), values[0]], { axis: places[0].i });
    if (places.some(({ i }, k) => i !== k)) throw call.unsupported('along axes other than the first');
    // broadcasts all indices to each other
    const zero = (value: Operand) => call.step('Mul', [value, int(0)]);
    const all = values.map((value, i) => values.reduce<Operand>((sum, v, k) => (k === i ? sum : call.step('Add', [sum, zero(v)])), value));
    const parts = all.map(value => call.step('Unsqueeze', [value, int([-1])]));
    return call.op('GatherND', [call.operand(), call.step('Concat', parts, { axis: -1 })]);
  },
  /** x[mask] = one number */
  index_put(call) {
    const [given, values] = [call.arg('indices'), call.node.args.get('values')];
    const [mask, ...others] = Array.isArray(given) ? given : [];
    if (
      !isTensor(mask) ||
      call.wiring.typeNumber(mask) !== BOOL ||
      others.length > 0 ||
      !isTensor(values) ||
      call.wiring.sizes(values.tensor).length > 0 ||
      call.arg('accumulate') === true
    )
      throw call.unsupported('of more than one number with a boolean index');
    const missing = call.sizes().length - call.wiring.sizes(mask.tensor).length;
    const truths = call.wiring.operand(mask);
    const last = Array.from({ length: missing }, (_, i) => -1 - i);
    const wide = missing > 0 ? call.step('Unsqueeze', [truths, int(last)]) : truths;
    return call.op('Where', [wide, call.operand('values'), call.operand()]);
  },
  /** One output for each index of an axis. */
  unbind(call) {
    const dim = call.axis('dim', 'self', 0);
    const values = Array.from({ length: call.size(dim) }, (_, i) => call.step('Gather', [call.operand(), int(i)], { axis: dim }));
    return call.setOutputs(values);
  },
  narrow(call) {
    const [start, length] = [call.number('start'), call.number('length')];
    const dim = call.axis();
    const from = start < 0 ? start + call.size(dim) : start;
    return call.slice(call.operand(), dim, [from, from + length, 1], call.node.outputs[0] ?? 'narrow');
  },
  /** Repeats each element of an axis. */
  repeat_interleave(call) {
    const times = call.number('repeats');
    if (!call.has('dim')) throw call.unsupported('without an axis');
    const dim = call.axis();
    const data = Array.from({ length: call.size(dim) * times }, (_, i) => Math.floor(i / times));
    call.arg('output_size');
    return call.op('Gather', [call.operand(), { type: 'int', shape: [data.length], data }], { axis: dim });
  },
  /** [N, C·b², H, W] -> [N, C, H·b, W·b] */
  pixel_shuffle(call) {
    if (call.sizes().length !== 4) throw call.unsupported('of an input that is not [N, C, H, W]');
    return call.op('DepthToSpace', [call.operand()], { blocksize: call.number('upscale_factor'), mode: 'CRD' });
  },
};
