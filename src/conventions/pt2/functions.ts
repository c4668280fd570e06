import { alike, one, type Rule, type Rules } from './rule.js';
import { int } from './wiring.js';

/** Elementwise functions, and functions along one axis. */

const silu: Rule = call => call.op('Mul', [call.operand(), call.step('Sigmoid', [call.operand()])]);
const leaky: Rule = call => call.op('LeakyRelu', [call.operand()], { alpha: call.number('negative_slope', 0.01) });
/** PyTorch's α, scale and input_scale; ONNX has only α. */
const elu: Rule = call => {
  if (call.number('scale', 1) !== 1 || call.number('input_scale', 1) !== 1) throw call.unsupported('with scale');
  return call.op('Elu', [call.operand()], { alpha: call.number('alpha', 1) });
};

/** @param low @param high names of arguments, or numbers */
const clamped =
  (low: string | number, high: string | number): Rule =>
  call => {
    const [least, most] = [low, high].map(end => (typeof end === 'number' ? end : (call.arg(end) ?? null)));
    const bounded = least === null ? call.operand() : call.step('Max', [call.operand(), call.wiring.operand(least)]);
    return most === null ? bounded : call.op('Min', [bounded, call.wiring.operand(most)]);
  };

/** One slope, or one per channel (axis 1). */
const prelu: Rule = call => {
  const weight = call.wiring.tensor(call.arg('weight'), 'the slopes of prelu').tensor;
  const [count] = weight.shape.length === 0 ? [1] : weight.shape;
  const shape = count === 1 ? [1] : [count, ...new Array<number>(Math.max(0, call.rank() - 2)).fill(1)];
  return call.op('PRelu', [call.operand(), { type: 'float', shape, data: Array.from(weight.data) }]);
};

/** self + value·(a op b) */
const plus =
  (name: 'Mul' | 'Div'): Rule =>
  call => {
    const other = call.step(name, [call.operand('tensor1'), call.operand('tensor2')]);
    return call.op('Add', [call.operand(), call.step('Mul', [other, call.number('value', 1)])]);
  };

/** x / √(mean(x²) + ε) · weight over the last axes */
const rmsNorm: Rule = call => {
  const dims = int((call.numbers('normalized_shape') as number[]).map((_, i) => -1 - i));
  const x = call.operand('input');
  const mean = call.step('ReduceMean', [call.step('Mul', [x, x]), dims], { keepdims: 1 });
  const root = call.step('Sqrt', [call.step('Add', [mean, call.number('eps', FLOAT32_EPSILON)])]);
  const y = call.step('Div', [x, root]);
  return call.has('weight') ? call.op('Mul', [y, call.operand('weight')]) : y;
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
    const dim = call.number('dim', 0);
    const others = Array.from({ length: call.rank('v') }, (_, i) => i).filter(i => i !== dim);
    const length = call.step('ReduceL2', [call.operand('v'), { type: 'int', value: others }], { keepdims: 1 });
    return call.op('Mul', [call.operand('v'), call.step('Div', [call.operand('g'), length])]);
  },
  gelu: call => call.op('Gelu', [call.operand()], { approximate: String(call.arg('approximate') ?? 'none') }),
  /** log(1 + exp(βx))/β, and x where βx > threshold (in float32 the same from 20 on). */
  softplus(call) {
    const beta = call.number('beta', 1);
    const most = call.number('threshold', 20) / beta;
    if (most * beta < 15) {
      const curve = call.step('Div', [call.step('Softplus', [call.step('Mul', [call.operand(), beta])]), beta]);
      return call.op('Where', [call.step('Greater', [call.operand(), most]), call.operand(), curve]);
    }
    if (beta === 1) return call.op('Softplus', [call.operand()]);
    return call.op('Div', [call.step('Softplus', [call.step('Mul', [call.operand(), beta])]), beta]);
  },
  prelu,
  /** In evaluation mode the slope is the mean of its two bounds. */
  rrelu(call) {
    if (call.arg('training') === true) throw call.unsupported('in training mode');
    return call.op('LeakyRelu', [call.operand()], { alpha: (call.number('lower', 1 / 8) + call.number('upper', 1 / 3)) / 2 });
  },
  /** a + weight·(b − a) */
  lerp(call) {
    const way = call.step('Sub', [call.operand('end'), call.operand()]);
    return call.op('Add', [call.operand(), call.step('Mul', [call.operand('weight'), way])]);
  },
  addcmul: plus('Mul'),
  addcdiv: plus('Div'),
  /** The product of three tensors, each without the axes of its `expand`, summed over `sumdim`: what a bilinear layer consists of. */
  _trilinear(call) {
    const lacking = ['expand1', 'expand2', 'expand3'].map(name => call.numbers(name));
    const letters = [...'abcdefghijkl'].slice(0, call.rank('i1') + lacking[0].length);
    const without = (dims: readonly unknown[]) => letters.filter((_, axis) => !dims.includes(axis)).join('');
    const equation = `${lacking.map(without).join(',')}->${without(call.numbers('sumdim'))}`;
    // how PyTorch divides the work
    call.arg('unroll_dim');
    return call.op('Einsum', [call.operand('i1'), call.operand('i2'), call.operand('i3')], { equation });
  },
  /** y[…, k] = Σ x1[…, i]·W[k, i, j]·x2[…, j] + b[k] */
  bilinear(call) {
    const lead = 'abcdefgh'.slice(0, call.rank('input1') - 1);
    const equation = `${lead}i,kij,${lead}j->${lead}k`;
    const y = call.step('Einsum', [call.operand('input1'), call.operand('weight'), call.operand('input2')], { equation });
    return call.has('bias') ? call.op('Add', [y, call.operand('bias')]) : y;
  },
};
