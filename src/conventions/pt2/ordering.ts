import { ONNX_TYPES } from '../../formats/onnx/types.js';
import type { Call } from './call.js';
import { alike, type Rule, type Rules, range, stepsSoFar } from './rule.js';
import { int, type Operand } from './wiring.js';

/** Operators that sort, count and mark. */

/** Sorts all values along an axis. @returns [values, indices] */
function inOrder(call: Call, dim: number, descending: boolean): [string, string] {
  const name = call.step('TopK', [call.operand(), int([call.size(dim)])], { axis: dim, largest: descending ? 1 : 0 });
  return [name, `${name}/1`];
}

const sorted: Rule = call => {
  for (const name of ['stable', 'sorted']) call.arg(name);
  return call.setOutputs(inOrder(call, call.axis('dim', 'self', -1), call.arg('descending') === true));
};

/** The k-th smallest value along an axis, and its index. @param place returns k − 1 for T values */
const ranked =
  (place: (call: Call, T: number) => number): Rule =>
  call => {
    const dim = call.axis('dim', 'self', -1);
    const picked = call.arg('keepdim') === true ? int([place(call, call.size(dim))]) : int(place(call, call.size(dim)));
    const picks = inOrder(call, dim, false).map(value => call.step('Gather', [value, picked], { axis: dim }));
    return call.setOutputs(picks);
  };

/** The median along an axis; of an even number, the lower of the middle two. */
const median: Rule = call => {
  if (!call.node.args.has('dim') && call.rank() !== 1) throw call.unsupported('without an axis');
  return ranked((_, T) => Math.floor((T - 1) / 2))(call);
};

/** Writes values at `index` along an axis; only the leading part of the source, in the shape of the index, is used. */
const scatter =
  (reduction: string): Rule =>
  call => {
    if (call.has('reduce')) throw call.unsupported('with reduce');
    const dim = call.axis();
    const index = call.operand('index');
    const source = call.node.args.has('src')
      ? asFarAs(call, 'src', 'index')
      : call.step('Expand', [call.operand('value'), call.step('Shape', [index])]);
    return call.op('ScatterElements', [call.operand(), index, source], { axis: dim, reduction });
  };

/** The leading part of a tensor in the shape of another one. */
function asFarAs(call: Call, name: string, other: string): Operand {
  const [own, wanted] = [call.sizes(name), call.sizes(other)];
  const cut = range(own.length).filter(i => typeof wanted[i] === 'number' && own[i] !== wanted[i]);
  if (cut.length === 0) return call.operand(name);
  const ends = cut.map(i => wanted[i] as number);
  return call.step('Slice', [call.operand(name), int(cut.map(() => 0)), int(ends), int(cut)]);
}

/** The distance of each row of x1 to each row of x2. */
const distances: Rule = call => {
  if (call.number('p', 2) !== 2) throw call.unsupported('with p');
  call.arg('compute_mode');
  const rank = call.rank('x1');
  const [a, b] = [
    call.step('Unsqueeze', [call.operand('x1'), int([rank - 1])]),
    call.step('Unsqueeze', [call.operand('x2'), int([rank - 2])]),
  ];
  return call.op('ReduceL2', [call.step('Sub', [a, b]), int([-1])], { keepdims: 0 });
};

/** The number of boundaries below a value; with `right`, also of those equal to it. */
const placed =
  (boundaries: string): Rule =>
  call => {
    const right = call.arg('right') === true;
    call.arg('out_int32');
    const x = call.step('Unsqueeze', [call.operand(), int([call.rank()])]);
    const below = call.step(right ? 'GreaterOrEqual' : 'Greater', [x, call.operand(boundaries)]);
    return call.op('ReduceSum', [call.step('Cast', [below], { to: ONNX_TYPES.i64 }), int([-1])], { keepdims: 0 });
  };

export const ORDERING: Rules = {
  ...alike('cdist _cdist_forward', () => distances),
  ...alike('mv:vec dot:tensor vdot:other', name => call => call.op('MatMul', [call.operand(), call.operand(name)])),
  sort: sorted,
  argsort(call) {
    call.arg('stable');
    return inOrder(call, call.axis('dim', 'self', -1), call.arg('descending') === true)[1];
  },
  median,
  kthvalue: ranked(call => call.number('k') - 1),
  one_hot(call) {
    const classes = call.number('num_classes', -1);
    if (classes < 0) throw call.unsupported('of an unknown number of classes');
    return call.op('OneHot', [call.operand(), int([classes]), int([0, 1])], { axis: -1 });
  },
  scatter: scatter('none'),
  scatter_add: scatter('add'),
  bucketize: placed('boundaries'),
  searchsorted(call) {
    if (call.rank('sorted_sequence') !== 1 || (call.arg('sorter') ?? call.arg('side') ?? null) !== null)
      throw call.unsupported('of several axes');
    return placed('sorted_sequence')(call);
  },
  /** Windows along an axis, as a new last axis. */
  unfold(call) {
    const dim = call.axis('dimension');
    const [size, by] = [call.number('size'), call.number('step')];
    const count = Math.floor((call.size(dim) - size) / by) + 1;
    const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * by + (i % size));
    const picked: Operand = call.step('Gather', [call.operand(), { type: 'int', shape: [count, size], data: places }], { axis: dim });
    const rank = call.sizes().length + 1;
    const perm = [...range(rank).filter(i => i !== dim + 1), dim + 1];
    return call.op('Transpose', [picked], { perm });
  },
  /** The cumulative log Σ exp; each step subtracts the maximum of its own prefix */
  logcumsumexp(call) {
    const dim = call.axis();
    return call.op('ReduceLogSumExp', [stepsSoFar(call, dim, -Infinity), int([dim + 1])], { keepdims: 0 });
  },
  cumprod: call => call.op('CumProd', [call.operand(), int(call.axis())]),
};
