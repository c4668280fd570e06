import { ONNX_TYPES } from '../../formats/onnx/types.js';
import type { Call } from './call.js';
import { alike, type Rule, type Rules, range, stepsSoFar } from './rule.js';
import { int, type Operand } from './wiring.js';

/** Angles, distances, norms, quantiles, and cumulative extremes. */

const squared = (call: Call, x: Operand): string => call.step('Mul', [x, x]);

/** The norm of a difference over axes. */
function normOf(call: Call, difference: Operand, dims: readonly number[], kept: { keepdims: number }, order: number): string {
  if (order !== 1 && order !== 2) throw call.unsupported(`of order ${order}`);
  return call.op(order === 2 ? 'ReduceL2' : 'ReduceL1', dims.length > 0 ? [difference, int(dims)] : [difference], kept);
}

const norm: Rule = call => normOf(call, call.operand(), call.axes('dim'), call.keptDims(), Number(call.arg('p') ?? call.arg('ord') ?? 2));

/** The cumulative maximum or minimum, and the last index at which it occurs. */
const extremeSoFar =
  (reduction: string, place: string, unseen: number): Rule =>
  call => {
    const dim = call.axis();
    const pairs = stepsSoFar(call, dim, unseen);
    const second = call.node.outputs[1];
    const where = { axis: dim + 1, keepdims: 0, select_last_index: 1 };
    if (second) call.wiring.set(second, { value: call.step(place, [pairs], where) });
    return call.op(reduction, [pairs, int([dim + 1])], { keepdims: 0 });
  };

/** Σ(x − mean)²/(n − correction), or its square root; the second output is the mean. */
const spread =
  (root: boolean): Rule =>
  call => {
    const dims = call.axes('dim').length > 0 ? call.axes('dim') : range(call.rank());
    const kept = call.keptDims();
    const correction = call.arg('unbiased') === false ? 0 : call.number('correction', 1);
    const away = call.step('Sub', [call.operand(), call.step('ReduceMean', [call.operand(), int(dims)], { keepdims: 1 })]);
    const mean = call.step('ReduceMean', [squared(call, away), int(dims)], kept);
    const n = correction === 0 ? 1 : dims.reduce((total, dim) => total * call.size(dim), 1);
    const variance = correction === 0 ? mean : call.step('Mul', [mean, n / (n - correction)]);
    const second = call.node.outputs[1];
    if (second) call.wiring.set(second, { value: call.step('ReduceMean', [call.operand(), int(dims)], kept) });
    return root ? call.op('Sqrt', [variance]) : variance;
  };

/** x where a condition holds, elsewhere a formula. */
const unless =
  (is: (call: Call, x: Operand) => Operand, value: number, formula: (call: Call, x: Operand) => Operand): Rule =>
  call => {
    const x = call.operand();
    return call.op('Where', [is(call, x), value, formula(call, x)]);
  };
const isZero = (call: Call, x: Operand): Operand => call.step('Equal', [x, 0]);

/** The product of a list of matrices. */
function chained(call: Call, name: string): Operand {
  return call
    .tensors(name)
    .map(({ value }) => value)
    .reduce((a, b) => call.step('MatMul', [a, b]));
}

export const MEASURES: Rules = {
  norm,
  linalg_vector_norm: norm,
  dist: call => normOf(call, call.step('Sub', [call.operand(), call.operand('other')]), [], { keepdims: 0 }, call.number('p', 2)),
  /** ‖x1 − x2 + ε‖ over the last axis */
  pairwise_distance(call) {
    const away = call.step('Add', [call.step('Sub', [call.operand('x1'), call.operand('x2')]), call.number('eps', 1e-6)]);
    return normOf(call, away, [-1], call.keptDims(), call.number('p', 2));
  },
  linalg_norm(call) {
    const given = call.axes('dim');
    if (call.has('ord') && (given.length > 1 || call.rank() > 1)) throw call.unsupported('of matrices with ord');
    return norm(call);
  },
  cummax: extremeSoFar('ReduceMax', 'ArgMax', -Infinity),
  cummin: extremeSoFar('ReduceMin', 'ArgMin', Infinity),
  ...alike('var var_mean', () => spread(false)),
  ...alike('std std_mean', () => spread(true)),
  count_nonzero(call) {
    const truths = call.step('Cast', [call.step('Not', [isZero(call, call.operand())])], { to: ONNX_TYPES.i64 });
    const dims = call.axes('dim');
    return call.op('ReduceSum', dims.length > 0 ? [truths, int(dims)] : [truths], { keepdims: 0 });
  },
  /** a·log(b), 0 where a is 0 */
  ...alike('xlogy special_xlogy', () => unless(isZero, 0, (call, x) => call.step('Mul', [x, call.step('Log', [call.operand('other')])]))),
  ...alike('special_expit', () => call => call.op('Sigmoid', [call.operand()])),
  ...alike('logit special_logit', () => call => {
    if (call.has('eps')) throw call.unsupported('with eps');
    return call.op('Log', [call.step('Div', [call.operand(), call.step('Sub', [1, call.operand()])])]);
  }),
  heaviside(call) {
    const x = call.operand();
    const above = call.step('Where', [call.step('Greater', [x, 0]), 1, 0]);
    return call.op('Where', [isZero(call, x), call.operand('values'), above]);
  },
  chain_matmul: call => chained(call, 'matrices'),
  linalg_multi_dot: call => chained(call, 'tensors'),
};
