import { ONNX_TYPES } from '../../formats/onnx/types.js';
import {
  alike,
  fixedSize,
  int,
  isGiven,
  op,
  type Rule,
  type Rules,
  range,
  self,
  setOutputs,
  sizesOf,
  step,
  stepsSoFar,
  unsupportedOperator,
} from './rule.js';
import { arg, axis, type Call, number, type Operand, rankOf } from './wiring.js';

/** Operators that sort, count and mark. */

/** Sorts all values along an axis. @returns [values, indices] */
function inOrder(call: Call, dim: number, descending: boolean): [string, string] {
  const name = step(call, 'TopK', [self(call), int([fixedSize(call, dim)])], { axis: dim, largest: descending ? 1 : 0 });
  return [name, `${name}/1`];
}

const sorted: Rule = call => {
  for (const name of ['stable', 'sorted']) arg(call, name);
  return setOutputs(call, inOrder(call, axis(call, 'dim', 'self', -1), arg(call, 'descending') === true));
};

/** The k-th smallest value along an axis, and its index. @param place returns k − 1 for T values */
const ranked =
  (place: (call: Call, T: number) => number): Rule =>
  call => {
    const dim = axis(call, 'dim', 'self', -1);
    const picked = arg(call, 'keepdim') === true ? int([place(call, fixedSize(call, dim))]) : int(place(call, fixedSize(call, dim)));
    const picks = inOrder(call, dim, false).map(value => step(call, 'Gather', [value, picked], { axis: dim }));
    return setOutputs(call, picks);
  };

/** The median along an axis; of an even number, the lower of the middle two. */
const median: Rule = call => {
  if (!call.node.args.has('dim') && rankOf(call) !== 1) throw unsupportedOperator(`${call.node.target} without an axis`);
  return ranked((_, T) => Math.floor((T - 1) / 2))(call);
};

/** Writes values at `index` along an axis; only the leading part of the source, in the shape of the index, is used. */
const scatter =
  (reduction: string): Rule =>
  call => {
    if (isGiven(call, 'reduce')) throw unsupportedOperator(`${call.node.target} with reduce`);
    const dim = axis(call);
    const index = self(call, 'index');
    const source = call.node.args.has('src')
      ? asFarAs(call, 'src', 'index')
      : step(call, 'Expand', [self(call, 'value'), step(call, 'Shape', [index])]);
    return op(call, 'ScatterElements', [self(call), index, source], { axis: dim, reduction });
  };

/** The leading part of a tensor in the shape of another one. */
function asFarAs(call: Call, name: string, other: string): Operand {
  const [own, wanted] = [sizesOf(call, name), sizesOf(call, other)];
  const cut = range(own.length).filter(i => typeof wanted[i] === 'number' && own[i] !== wanted[i]);
  if (cut.length === 0) return self(call, name);
  const ends = cut.map(i => wanted[i] as number);
  return step(call, 'Slice', [self(call, name), int(cut.map(() => 0)), int(ends), int(cut)]);
}

/** The distance of each row of x1 to each row of x2. */
const distances: Rule = call => {
  if (number(call, 'p', 2) !== 2) throw unsupportedOperator(`${call.node.target} with p`);
  arg(call, 'compute_mode');
  const rank = rankOf(call, 'x1');
  const [a, b] = [
    step(call, 'Unsqueeze', [self(call, 'x1'), int([rank - 1])]),
    step(call, 'Unsqueeze', [self(call, 'x2'), int([rank - 2])]),
  ];
  return op(call, 'ReduceL2', [step(call, 'Sub', [a, b]), int([-1])], { keepdims: 0 });
};

/** The number of boundaries below a value; with `right`, also of those equal to it. */
const placed =
  (boundaries: string): Rule =>
  call => {
    const right = arg(call, 'right') === true;
    arg(call, 'out_int32');
    const x = step(call, 'Unsqueeze', [self(call), int([rankOf(call)])]);
    const below = step(call, right ? 'GreaterOrEqual' : 'Greater', [x, self(call, boundaries)]);
    return op(call, 'ReduceSum', [step(call, 'Cast', [below], { to: ONNX_TYPES.i64 }), int([-1])], { keepdims: 0 });
  };

export const ORDERING: Rules = {
  ...alike('cdist _cdist_forward', () => distances),
  ...alike('mv:vec dot:tensor vdot:other', name => call => op(call, 'MatMul', [self(call), self(call, name)])),
  sort: sorted,
  argsort(call) {
    arg(call, 'stable');
    return inOrder(call, axis(call, 'dim', 'self', -1), arg(call, 'descending') === true)[1];
  },
  median,
  kthvalue: ranked(call => number(call, 'k') - 1),
  one_hot(call) {
    const classes = number(call, 'num_classes', -1);
    if (classes < 0) throw unsupportedOperator(`${call.node.target} of an unknown number of classes`);
    return op(call, 'OneHot', [self(call), int([classes]), int([0, 1])], { axis: -1 });
  },
  scatter: scatter('none'),
  scatter_add: scatter('add'),
  bucketize: placed('boundaries'),
  searchsorted(call) {
    if (rankOf(call, 'sorted_sequence') !== 1 || (arg(call, 'sorter') ?? arg(call, 'side') ?? null) !== null)
      throw unsupportedOperator(`${call.node.target} of several axes`);
    return placed('sorted_sequence')(call);
  },
  /** Windows along an axis, as a new last axis. */
  unfold(call) {
    const dim = axis(call, 'dimension');
    const [size, by] = [number(call, 'size'), number(call, 'step')];
    const count = Math.floor((fixedSize(call, dim) - size) / by) + 1;
    const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * by + (i % size));
    const picked: Operand = step(call, 'Gather', [self(call), { type: 'int', shape: [count, size], data: places }], { axis: dim });
    const rank = sizesOf(call).length + 1;
    const perm = [...range(rank).filter(i => i !== dim + 1), dim + 1];
    return op(call, 'Transpose', [picked], { perm });
  },
  /** The cumulative log Σ exp; each step subtracts the maximum of its own prefix */
  logcumsumexp(call) {
    const dim = axis(call);
    return op(call, 'ReduceLogSumExp', [stepsSoFar(call, dim, -Infinity), int([dim + 1])], { keepdims: 0 });
  },
  cumprod: call => op(call, 'CumProd', [self(call), int(axis(call))]),
};
