import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { alike, fixed, int, notRun, op, type Rule, type Rules, self, step, stepsSoFar, upTo } from './rule.js';
import { arg, axes, axis, type Call, isTensor, number, numbers, type Operand, rankOf } from './wiring.js';

/** Angles, distances, quantiles, and what is largest so far. */

const keepdims = (call: Call): { keepdims: number } => ({ keepdims: arg(call, 'keepdim') === true ? 1 : 0 });

/** The angle of (x, y): that of y/x, half a turn further where x is negative. */
const atan2: Rule = call => {
  const [y, x] = [self(call), self(call, 'other')];
  const both = step(call, 'And', [step(call, 'Equal', [x, 0]), step(call, 'Equal', [y, 0])]);
  const angle = step(call, 'Atan', [step(call, 'Div', [y, step(call, 'Where', [both, 1, x])])]);
  const half = step(call, 'Where', [step(call, 'Less', [y, 0]), -Math.PI, Math.PI]);
  return op(call, 'Add', [angle, step(call, 'Where', [step(call, 'Less', [x, 0]), half, 0])]);
};

const squared = (call: Call, x: Operand): string => step(call, 'Mul', [x, x]);

/** A norm over axes. @param difference what it is of */
function normOf(call: Call, difference: Operand, dims: readonly number[], kept: { keepdims: number }, order: number): string {
  if (order !== 1 && order !== 2) throw notRun(`${call.node.target} of order ${order}`);
  return op(call, order === 2 ? 'ReduceL2' : 'ReduceL1', dims.length > 0 ? [difference, int(dims)] : [difference], kept);
}

const norm: Rule = call => normOf(call, self(call), axes(call, 'dim'), keepdims(call), Number(arg(call, 'p') ?? arg(call, 'ord') ?? 2));

/** The value below which a share of an axis lies, between two numbers of it. */
const quantile =
  (ofNumbers: boolean): Rule =>
  call => {
    if (String(arg(call, 'interpolation') ?? 'linear') !== 'linear') throw notRun(`${call.node.target} with interpolation`);
    const whole = (arg(call, 'dim') ?? null) === null;
    const x = whole ? step(call, 'Reshape', [self(call), int([-1])]) : self(call);
    const dim = whole ? 0 : axis(call);
    const n = whole ? upTo(rankOf(call)).reduce((total, i) => total * fixed(call, i), 1) : fixed(call, dim);
    const given = arg(call, 'q');
    const q = isTensor(given) ? Array.from(call.wiring.tensor(given, 'the shares of quantile').tensor.data) : [number(call, 'q')];
    const [low, high] = [Math.floor, Math.ceil].map(end => q.map(share => end(share * (n - 1))));
    const sorted = step(call, 'TopK', [x, int([n])], { axis: dim, largest: 0 });
    const rank = whole ? 1 : rankOf(call);
    const [below, above] = [low, high].map(places => step(call, 'Gather', [sorted, int(places)], { axis: dim }));
    const between = {
      type: 'float',
      shape: [q.length, ...upTo(rank - 1 - dim).map(() => 1)],
      data: q.map((share, i) => share * (n - 1) - low[i]),
    };
    const values = step(call, 'Add', [below, step(call, 'Mul', [step(call, 'Sub', [above, below]), between])]);
    const kept = arg(call, 'keepdim') === true && !whole;
    if (!isTensor(given) || q.length === 1) {
      const one = isTensor(given) && ofNumbers ? [0] : [];
      const flat = kept ? values : step(call, 'Squeeze', [values, int([dim])]);
      return one.length > 0 ? op(call, 'Unsqueeze', [flat, int(one)]) : flat;
    }
    if (kept) throw notRun(`${call.node.target} with keepdim`);
    return op(call, 'Transpose', [values], { perm: [dim, ...upTo(rank).filter(i => i !== dim)] });
  };

/** The largest of the steps so far, and the last place where it stood. */
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

/** Σ(x − mean)²/(n − correction) or its root, and as a second output the mean. */
const spread =
  (root: boolean): Rule =>
  call => {
    const dims = axes(call, 'dim').length > 0 ? axes(call, 'dim') : upTo(rankOf(call));
    const kept = keepdims(call);
    const correction = arg(call, 'unbiased') === false ? 0 : number(call, 'correction', 1);
    const away = step(call, 'Sub', [self(call), step(call, 'ReduceMean', [self(call), int(dims)], { keepdims: 1 })]);
    const mean = step(call, 'ReduceMean', [squared(call, away), int(dims)], kept);
    const n = correction === 0 ? 1 : dims.reduce((total, dim) => total * fixed(call, dim), 1);
    const variance = correction === 0 ? mean : step(call, 'Mul', [mean, n / (n - correction)]);
    const second = call.node.outputs[1];
    if (second) call.wiring.set(second, { value: step(call, 'ReduceMean', [self(call), int(dims)], kept) });
    return root ? op(call, 'Sqrt', [variance]) : variance;
  };

/** Of the numbers that are none left out. */
const withoutNaN =
  (mean: boolean): Rule =>
  call => {
    const dims = axes(call, 'dim');
    const over = dims.length > 0 ? [int(dims)] : [];
    const nan = step(call, 'IsNaN', [self(call)]);
    const sum = step(call, 'ReduceSum', [step(call, 'Where', [nan, 0, self(call)]), ...over], keepdims(call));
    if (!mean) return sum;
    const count = step(call, 'Cast', [step(call, 'Not', [nan])], { to: ONNX_TYPES.f32 });
    return op(call, 'Div', [sum, step(call, 'ReduceSum', [count, ...over], keepdims(call))]);
  };

/** x where a condition holds, else a formula. */
const unless =
  (is: (call: Call, x: Operand) => Operand, value: number, formula: (call: Call, x: Operand) => Operand): Rule =>
  call => {
    const x = self(call);
    return op(call, 'Where', [is(call, x), value, formula(call, x)]);
  };
const isZero = (call: Call, x: Operand): Operand => step(call, 'Equal', [x, 0]);

/** Matrices one after the other. */
function chained(call: Call, name: string): Operand {
  const list = (arg(call, name) as readonly { tensor: string }[]) ?? [];
  return list.map(t => call.wiring.operand(t)).reduce((a, b) => step(call, 'MatMul', [a, b]));
}

export const MEASURES: Rules = {
  ...alike('atan2 arctan2', () => atan2),
  hypot: call => op(call, 'Sqrt', [step(call, 'Add', [squared(call, self(call)), squared(call, self(call, 'other'))])]),
  norm,
  linalg_vector_norm: norm,
  dist: call => normOf(call, step(call, 'Sub', [self(call), self(call, 'other')]), [], { keepdims: 0 }, number(call, 'p', 2)),
  /** ‖x1 − x2 + ε‖ over the last axis */
  pairwise_distance(call) {
    const away = step(call, 'Add', [step(call, 'Sub', [self(call, 'x1'), self(call, 'x2')]), number(call, 'eps', 1e-6)]);
    return normOf(call, away, [-1], keepdims(call), number(call, 'p', 2));
  },
  linalg_norm(call) {
    const given = axes(call, 'dim');
    if ((arg(call, 'ord') ?? null) !== null && (given.length > 1 || rankOf(call) > 1))
      throw notRun(`${call.node.target} of matrices with ord`);
    return norm(call);
  },
  quantile: quantile(true),
  nanmean: withoutNaN(true),
  nansum: withoutNaN(false),
  cummax: extremeSoFar('ReduceMax', 'ArgMax', -Infinity),
  cummin: extremeSoFar('ReduceMin', 'ArgMin', Infinity),
  ...alike('var var_mean', () => spread(false)),
  ...alike('std std_mean', () => spread(true)),
  /** |a − b| ≤ atol + rtol·|b| */
  isclose(call) {
    const [a, b] = [self(call), self(call, 'other')];
    if (arg(call, 'equal_nan') === true) throw notRun(`${call.node.target} with equal_nan`);
    const allowed = step(call, 'Add', [
      step(call, 'Mul', [step(call, 'Abs', [b]), number(call, 'rtol', 1e-5)]),
      number(call, 'atol', 1e-8),
    ]);
    const near = step(call, 'LessOrEqual', [step(call, 'Abs', [step(call, 'Sub', [a, b])]), allowed]);
    return op(call, 'Or', [near, step(call, 'Equal', [a, b])]);
  },
  isinf: call => op(call, 'IsInf', [self(call)]),
  isfinite: call => op(call, 'Not', [step(call, 'Or', [step(call, 'IsInf', [self(call)]), step(call, 'IsNaN', [self(call)])])]),
  logical_xor: call => op(call, 'Xor', [self(call), self(call, 'other')]),
  count_nonzero(call) {
    const truths = step(call, 'Cast', [step(call, 'Not', [isZero(call, self(call))])], { to: ONNX_TYPES.i64 });
    const dims = axes(call, 'dim');
    return op(call, 'ReduceSum', dims.length > 0 ? [truths, int(dims)] : [truths], { keepdims: 0 });
  },
  /** sin(πx)/(πx) */
  sinc: unless(isZero, 1, (call, x) => {
    const turn = step(call, 'Mul', [x, Math.PI]);
    return step(call, 'Div', [step(call, 'Sin', [turn]), turn]);
  }),
  /** a·log(b), 0 where a is 0 */
  ...alike('xlogy special_xlogy', () => unless(isZero, 0, (call, x) => step(call, 'Mul', [x, step(call, 'Log', [self(call, 'other')])]))),
  ...alike('special_expit', () => call => op(call, 'Sigmoid', [self(call)])),
  ...alike('logit special_logit', () => call => {
    if ((arg(call, 'eps') ?? null) !== null) throw notRun(`${call.node.target} with eps`);
    return op(call, 'Log', [step(call, 'Div', [self(call), step(call, 'Sub', [1, self(call)])])]);
  }),
  heaviside(call) {
    const x = self(call);
    const above = step(call, 'Where', [step(call, 'Greater', [x, 0]), 1, 0]);
    return op(call, 'Where', [isZero(call, x), self(call, 'values'), above]);
  },
  /** Σ over the axes of a and b that are named, in order */
  tensordot(call) {
    const [a, b] = ['self', 'other'].map(name => rankOf(call, name));
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    const left = letters.slice(0, a);
    const right = letters.slice(a, a + b);
    const from = numbers(call, 'dims_self') as number[];
    (numbers(call, 'dims_other') as number[]).forEach((dim, i) => {
      right[dim < 0 ? dim + b : dim] = left[from[i] < 0 ? from[i] + a : from[i]];
    });
    const out = [...left.filter(l => !right.includes(l)), ...right.filter(l => !left.includes(l))];
    const equation = `${left.join('')},${right.join('')}->${out.join('')}`;
    return op(call, 'Einsum', [self(call), self(call, 'other')], { equation });
  },
  chain_matmul: call => chained(call, 'matrices'),
  linalg_multi_dot: call => chained(call, 'tensors'),
};
