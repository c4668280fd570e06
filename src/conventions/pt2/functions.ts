import { alike, int, isGiven, one, op, type Rule, type Rules, self, step, unsupportedOperator } from './rule.js';
import { arg, number, numbers, rankOf } from './wiring.js';

/** Elementwise functions, and functions along one axis. */

const silu: Rule = call => op(call, 'Mul', [self(call), step(call, 'Sigmoid', [self(call)])]);
const leaky: Rule = call => op(call, 'LeakyRelu', [self(call)], { alpha: number(call, 'negative_slope', 0.01) });
/** PyTorch's α, scale and input_scale; ONNX has only α. */
const elu: Rule = call => {
  if (number(call, 'scale', 1) !== 1 || number(call, 'input_scale', 1) !== 1) throw unsupportedOperator(`${call.node.target} with scale`);
  return op(call, 'Elu', [self(call)], { alpha: number(call, 'alpha', 1) });
};

/** @param low @param high names of arguments, or numbers */
const clamped =
  (low: string | number, high: string | number): Rule =>
  call => {
    const [least, most] = [low, high].map(end => (typeof end === 'number' ? end : (arg(call, end) ?? null)));
    const bounded = least === null ? self(call) : step(call, 'Max', [self(call), call.wiring.operand(least)]);
    return most === null ? bounded : op(call, 'Min', [bounded, call.wiring.operand(most)]);
  };

/** One slope, or one per channel (axis 1). */
const prelu: Rule = call => {
  const weight = call.wiring.tensor(arg(call, 'weight'), 'the slopes of prelu').tensor;
  const [count] = weight.shape.length === 0 ? [1] : weight.shape;
  const shape = count === 1 ? [1] : [count, ...new Array<number>(Math.max(0, rankOf(call) - 2)).fill(1)];
  return op(call, 'PRelu', [self(call), { type: 'float', shape, data: Array.from(weight.data) }]);
};

/** self + value·(a op b) */
const plus =
  (name: 'Mul' | 'Div'): Rule =>
  call => {
    const other = step(call, name, [self(call, 'tensor1'), self(call, 'tensor2')]);
    return op(call, 'Add', [self(call), step(call, 'Mul', [other, number(call, 'value', 1)])]);
  };

/** x / √(mean(x²) + ε) · weight over the last axes */
const rmsNorm: Rule = call => {
  const dims = int((numbers(call, 'normalized_shape') as number[]).map((_, i) => -1 - i));
  const x = self(call, 'input');
  const mean = step(call, 'ReduceMean', [step(call, 'Mul', [x, x]), dims], { keepdims: 1 });
  const root = step(call, 'Sqrt', [step(call, 'Add', [mean, number(call, 'eps', FLOAT32_EPSILON)])]);
  const y = step(call, 'Div', [x, root]);
  return isGiven(call, 'weight') ? op(call, 'Mul', [y, self(call, 'weight')]) : y;
};
const FLOAT32_EPSILON = 2 ** -23;

export const FUNCTIONS: Rules = {
  ...alike('relu sigmoid tanh selu softsign mish hardswish:HardSwish', one),
  ...alike('sin cos tan asin acos atan sinh cosh asinh acosh atanh', one),
  ...alike('arcsin:Asin arccos:Acos arctan:Atan arcsinh:Asinh arccosh:Acosh arctanh:Atanh', one),
  silu,
  elu,
  leaky_relu: leaky,
  hardtanh: clamped('min_val', 'max_val'),
  ...alike('clamp clamp_min clamp_max', () => clamped('min', 'max')),
  ...alike('rms_norm _fused_rms_norm', () => rmsNorm),
  /** g · v / ‖v‖, the norm over all axes but one */
  _weight_norm(call) {
    const dim = number(call, 'dim', 0);
    const others = Array.from({ length: rankOf(call, 'v') }, (_, i) => i).filter(i => i !== dim);
    const length = step(call, 'ReduceL2', [self(call, 'v'), { type: 'int', value: others }], { keepdims: 1 });
    return op(call, 'Mul', [self(call, 'v'), step(call, 'Div', [self(call, 'g'), length])]);
  },
  gelu: call => op(call, 'Gelu', [self(call)], { approximate: String(arg(call, 'approximate') ?? 'none') }),
  /** log(1 + exp(βx))/β, and x where βx > threshold (in float32 the same from 20 on). */
  softplus(call) {
    const beta = number(call, 'beta', 1);
    const most = number(call, 'threshold', 20) / beta;
    if (most * beta < 15) {
      const curve = step(call, 'Div', [step(call, 'Softplus', [step(call, 'Mul', [self(call), beta])]), beta]);
      return op(call, 'Where', [step(call, 'Greater', [self(call), most]), self(call), curve]);
    }
    if (beta === 1) return op(call, 'Softplus', [self(call)]);
    return op(call, 'Div', [step(call, 'Softplus', [step(call, 'Mul', [self(call), beta])]), beta]);
  },
  prelu,
  /** In evaluation mode the slope is the mean of its two bounds. */
  rrelu(call) {
    if (arg(call, 'training') === true) throw unsupportedOperator(`${call.node.target} in training mode`);
    return op(call, 'LeakyRelu', [self(call)], { alpha: (number(call, 'lower', 1 / 8) + number(call, 'upper', 1 / 3)) / 2 });
  },
  /** a + weight·(b − a) */
  lerp(call) {
    const way = step(call, 'Sub', [self(call, 'end'), self(call)]);
    return op(call, 'Add', [self(call), step(call, 'Mul', [self(call, 'weight'), way])]);
  },
  addcmul: plus('Mul'),
  addcdiv: plus('Div'),
  /** y[…, k] = Σ x1[…, i]·W[k, i, j]·x2[…, j] + b[k] */
  bilinear(call) {
    const lead = 'abcdefgh'.slice(0, rankOf(call, 'input1') - 1);
    const equation = `${lead}i,kij,${lead}j->${lead}k`;
    const y = step(call, 'Einsum', [self(call, 'input1'), self(call, 'weight'), self(call, 'input2')], { equation });
    return isGiven(call, 'bias') ? op(call, 'Add', [y, self(call, 'bias')]) : y;
  },
};
