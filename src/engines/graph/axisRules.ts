import { ONNX_DTYPES } from '../../formats/onnx/types.js';
import type { Dim, DimShape } from '../../layers/layer.js';
import { multiplied } from '../../layers/operatorNumbers.js';
import { nodeLabel } from '../../ops/attributes.js';
import { axisOf } from '../../ops/value.js';
import { type Axis, added, attribute, type Call, type Flow, numbers, type Rule, settle } from './flows.js';
import { notExpressible } from './notExpressible.js';

/** Rules for operators that move axes: how the letters of the axes change. Selecting the last step of a sequence or flattening it becomes a layer. */
export const AXIS_RULES: Readonly<Record<string, Rule>> = {
  Cast: cast,
  Transpose(call) {
    const { axes } = call.x;
    const perm = attribute<readonly number[]>(
      call,
      'perm',
      axes.map((_, i) => axes.length - 1 - i),
    );
    if (perm.length !== axes.length) throw notExpressible('perm of Transpose does not have the rank of its input');
    return { ...call.x, axes: perm.map(i => axes[i]) };
  },
  Squeeze(call) {
    const { axes } = call.x;
    const ones = axes.flatMap((a, i) => (a === 'one' ? [i] : []));
    const drop = numbers(call, 1, ones).map(a => axisOf(a, axes.length));
    if (drop.some(i => axes[i] !== 'one')) throw notExpressible('Squeeze drops an axis that is not of size 1');
    return { ...call.x, axes: axes.filter((_, i) => !drop.includes(i)) };
  },
  Unsqueeze(call) {
    const { x, to } = call;
    const at = numbers(call, 1).map(a => axisOf(a, to.length));
    const rest = [...x.axes];
    return { ...x, axes: to.map((_, i) => (at.includes(i) ? 'one' : rest.shift()!)) };
  },
  Gather: picked,
  Slice: sliced,
  Reshape: reshaped,
  Flatten: reshaped,
};

/** A Cast that changes nothing: of real numbers to floats, or of token numbers to integers. Any other would round. */
function cast(call: Call): Flow {
  const { x, node, draft } = call;
  const kept = x.layer === draft.input.name && !draft.input.F ? /^i(32|64)$/ : /^b?f\d+$/;
  if (kept.test(ONNX_DTYPES.get(attribute<number>(call, 'to', 0)) ?? '')) return x;
  throw notExpressible(`${nodeLabel(node)} changes the numbers`);
}

/** Gather of one index: selects a direction, the last step, or the only element of an axis. */
function picked(call: Call): Flow {
  const { x, to } = call;
  const index = numbers(call, 1);
  const axis = axisOf(attribute<number>(call, 'axis', 0), x.axes.length);
  if (index.length !== 1) throw notExpressible('Gather picks several rows');
  return at(call, x, axis, index[0], to.length === x.axes.length ? ['one'] : []);
}

/** Selects one index of an axis. @param left the axes that replace it: none, or one of size 1 */
function at(call: Call, x: Flow, axis: number, index: number, left: readonly Axis[]): Flow {
  const axes = x.axes.toSpliced(axis, 1, ...left);
  switch (x.axes[axis]) {
    case 'one':
      return { ...x, axes };
    case 'dirs':
      if (index < -2 || index > 1) throw notExpressible(`there is no direction ${index}`);
      return { ...x, axes, part: index === 0 || index === -2 ? 'forward' : 'backward' };
    case 'T':
      if (index !== -1) throw notExpressible(`Gather picks step ${index}`);
      if (axes.filter(a => a !== 'one').join() !== 'N,F')
        throw notExpressible('Gather picks the last step of a value that is not [N, T, F]');
      return added(call, { kind: 'last' }, [settle(x, call.draft)], axes, `${x.layer}_last`);
    default:
      throw notExpressible('Gather picks features or samples');
  }
}

const FAR = 2 ** 31 - 1;

/** A Slice that keeps the whole axis, selects a direction or the last step, or reverses time. */
function sliced(call: Call): Flow {
  const [starts, ends] = [numbers(call, 1), numbers(call, 2)];
  const axes = numbers(
    call,
    3,
    starts.map((_, i) => i),
  );
  const steps = numbers(call, 4, []);
  let { x } = call;
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(given, x.axes.length);
    const [start, end, step] = [starts[i], ends[i], steps[i] ?? 1];
    if (step === 1 && start === 0 && end >= FAR) continue;
    const isTime = x.axes[axis] === 'T';
    const isOne = isTime ? start === -1 && end >= FAR : x.axes[axis] === 'dirs' && call.to[axis].size === 1;
    if (isTime && step === -1 && start === -1 && end < -FAR) x = { ...x, flipped: !x.flipped };
    else if (step === 1 && isOne) x = at(call, x, axis, start, ['one']);
    else throw notExpressible(`${call.node.opType} takes part of an axis`);
  }
  return x;
}

/** A Reshape that joins directions and features, removes or adds axes of size 1, or flattens [N, T, F] to [N, T·F], which is a layer. */
function reshaped(call: Call): Flow {
  const { op, x, from, to } = call;
  if (attribute<number>(call, 'allowzero', 0) === 1 && to.some(d => d.size === 0)) throw notExpressible('Reshape gives an empty tensor');
  const kept = x.axes.flatMap((axis, i) => (axis === 'one' ? [] : [{ axis, size: from[i] }]));
  const pair = kept.findIndex(({ axis }, i) => axis === 'dirs' && kept[i + 1]?.axis === 'F');
  const merges = pair >= 0 && kept.length - 1 === to.length;
  const next = merges ? kept.toSpliced(pair, 2, { axis: 'F', size: multiplied(kept[pair].size, kept[pair + 1].size) }) : kept;
  const axes = next.map(({ axis }) => axis);
  if (next.length === to.length && next.every(({ size }, i) => same(size, to[i]) || isRest(next, to, i)))
    return { ...x, axes, ...(merges ? { merge: 'concat' } : {}) };
  const [N, T, F] = kept.map(({ size }) => size);
  if (axes.join() !== 'N,T,F' || to.length !== 2 || !same(N, to[0]) || to[1].size !== multiplied(T, F).size)
    throw notExpressible(`${op} from [${x.axes.join(', ')}] to ${to.length} axes`);
  return added(call, { kind: 'flatten' }, [settle(x, call.draft)], ['N', 'F']);
}

const same = (a: Dim, b: Dim) => a.size === b.size && (a.size !== null || a.symbol === b.symbol);

/** Whether axis i of `to` is the size that remains (-1): it is open, all other axes are unchanged, and it is not a plain letter or product of letters, which would be another size. */
function isRest(next: readonly { readonly size: Dim }[], to: DimShape, i: number): boolean {
  return to[i].size === null && !/^\w+(\*\w+)*$/.test(to[i].symbol) && next.every(({ size }, k) => k === i || same(size, to[k]));
}
