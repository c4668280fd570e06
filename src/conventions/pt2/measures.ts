import { ONNX_TYPES } from '../../formats/onnx/types.js';
import {
  alike,
  fixedSize,
  int,
  isGiven,
  keptDims,
  op,
  type Rule,
  type Rules,
  range,
  self,
  step,
  stepsSoFar,
  tensorsOf,
  unsupportedOperator,
} from './rule.js';
import { arg, axes, axis, type Call, number, type Operand, rankOf } from './wiring.js';

/** Angles, distances, norms, quantiles, and cumulative extremes. */

const squared = (call: Call, x: Operand): string => step(call, 'Mul', [x, x]);

/** The norm of a difference over axes. */
function normOf(call: Call, difference: Operand, dims: readonly number[], kept: { keepdims: number }, order: number): string {
  if (order !== 1 && order !== 2) throw unsupportedOperator(`${call.node.target} of order ${order}`);
  return op(call, order === 2 ? 'ReduceL2' : 'ReduceL1', dims.length > 0 ? [difference, int(dims)] : [difference], kept);
}

const norm: Rule = call => normOf(call, self(call), axes(call, 'dim'), keptDims(call), Number(arg(call, 'p') ?? arg(call, 'ord') ?? 2));

/** The cumulative maximum or minimum, and the last index at which it occurs. */
const extremeSoFar =
  (reduction: string, place: string, unseen: number): Rule =>
  call => {
    const dim = axis(call);
    const pairs = stepsSoFar(call, dim, unseen);
    const second = call.node.outputs[1];
    const where = { axis: dim + 1, keepdims: 0, select_last_index: 1 };
    if (second) call.wiring.set(second, { value: step(call, place, [pairs], where) });
    return op(call, reduction, [pairs, int([dim + 1])], { keepdims: 0 });
  };

/** Σ(x − mean)²/(n − correction), or its square root; the second output is the mean. */
const spread =
  (root: boolean): Rule =>
  call => {
    const dims = axes(call, 'dim').length > 0 ? axes(call, 'dim') : range(rankOf(call));
    const kept = keptDims(call);
    const correction = arg(call, 'unbiased') === false ? 0 : number(call, 'correction', 1);
    const away = step(call, 'Sub', [self(call), step(call, 'ReduceMean', [self(call), int(dims)], { keepdims: 1 })]);
    const mean = step(call, 'ReduceMean', [squared(call, away), int(dims)], kept);
    const n = correction === 0 ? 1 : dims.reduce((total, dim) => total * fixedSize(call, dim), 1);
    const variance = correction === 0 ? mean : step(call, 'Mul', [mean, n / (n - correction)]);
    const second = call.node.outputs[1];
    if (second) call.wiring.set(second, { value: step(call, 'ReduceMean', [self(call), int(dims)], kept) });
    return root ? op(call, 'Sqrt', [variance]) : variance;
  };

/** x where a condition holds, elsewhere a formula. */
const unless =
  (is: (call: Call, x: Operand) => Operand, value: number, formula: (call: Call, x: Operand) => Operand): Rule =>
  call => {
    const x = self(call);
    return op(call, 'Where', [is(call, x), value, formula(call, x)]);
  };
const isZero = (call: Call, x: Operand): Operand => step(call, 'Equal', [x, 0]);

/** The product of a list of matrices. */
function chained(call: Call, name: string): Operand {
  return tensorsOf(call, name)
    .map(({ value }) => value)
    .reduce((a, b) => step(call, 'MatMul', [a, b]));
}

export const MEASURES: Rules = {
  norm,
  linalg_vector_norm: norm,
  dist: call => normOf(call, step(call, 'Sub', [self(call), self(call, 'other')]), [], { keepdims: 0 }, number(call, 'p', 2)),
  /** ‖x1 − x2 + ε‖ over the last axis */
  pairwise_distance(call) {
    const away = step(call, 'Add', [step(call, 'Sub', [self(call, 'x1'), self(call, 'x2')]), number(call, 'eps', 1e-6)]);
    return normOf(call, away, [-1], keptDims(call), number(call, 'p', 2));
  },
  linalg_norm(call) {
    const given = axes(call, 'dim');
    if (isGiven(call, 'ord') && (given.length > 1 || rankOf(call) > 1))
      throw unsupportedOperator(`${call.node.target} of matrices with ord`);
    return norm(call);
  },
  cummax: extremeSoFar('ReduceMax', 'ArgMax', -Infinity),
  cummin: extremeSoFar('ReduceMin', 'ArgMin', Infinity),
  ...alike('var var_mean', () => spread(false)),
  ...alike('std std_mean', () => spread(true)),
  count_nonzero(call) {
    const truths = step(call, 'Cast', [step(call, 'Not', [isZero(call, self(call))])], { to: ONNX_TYPES.i64 });
    const dims = axes(call, 'dim');
    return op(call, 'ReduceSum', dims.length > 0 ? [truths, int(dims)] : [truths], { keepdims: 0 });
  },
  /** a·log(b), 0 where a is 0 */
  ...alike('xlogy special_xlogy', () => unless(isZero, 0, (call, x) => step(call, 'Mul', [x, step(call, 'Log', [self(call, 'other')])]))),
  ...alike('special_expit', () => call => op(call, 'Sigmoid', [self(call)])),
  ...alike('logit special_logit', () => call => {
    if (isGiven(call, 'eps')) throw unsupportedOperator(`${call.node.target} with eps`);
    return op(call, 'Log', [step(call, 'Div', [self(call), step(call, 'Sub', [1, self(call)])])]);
  }),
  heaviside(call) {
    const x = self(call);
    const above = step(call, 'Where', [step(call, 'Greater', [x, 0]), 1, 0]);
    return op(call, 'Where', [isZero(call, x), self(call, 'values'), above]);
  },
  chain_matmul: call => chained(call, 'matrices'),
  linalg_multi_dot: call => chained(call, 'tensors'),
};
