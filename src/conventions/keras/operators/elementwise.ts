import {
  axisOf,
  BFLOAT16,
  BOOL,
  cast,
  type Expression,
  FLOAT,
  FLOAT16,
  INT,
  node,
  type Operand,
  of,
  one,
  type Rule,
  sizeOf,
  sliced,
} from './call.js';

/** Operators on single numbers. */

/** Arithmetic of two tensors, in floats: what Keras gives for whole numbers is the same number. */
const two =
  (op: string): Rule =>
  call =>
    node(op, [call.float(0, 'x1'), call.float(1, 'x2')]);

const both =
  (f: (x1: Operand, x2: Operand) => Expression): Rule =>
  call =>
    f(call.float(0, 'x1'), call.float(1, 'x2'));

const compared =
  (op: string): Rule =>
  call =>
    node(op, [call.operand(0, 'x1'), call.operand(1, 'x2')]);

const logical =
  (op: string): Rule =>
  call =>
    node(op, [cast(call.operand(0, 'x1'), BOOL), cast(call.operand(1, 'x2'), BOOL)]);

const constant = (value: number): Operand => ({ constant: value });
const add = (a: Operand, b: Operand): Expression => node('Add', [a, b]);
const sub = (a: Operand, b: Operand): Expression => node('Sub', [a, b]);
const mul = (a: Operand, b: Operand): Expression => node('Mul', [a, b]);
const div = (a: Operand, b: Operand): Expression => node('Div', [a, b]);
const not = (a: Operand): Expression => node('Not', [a]);
const less = (a: Operand, b: Operand): Expression => node('Less', [a, b]);
const choose = (condition: Operand, a: Operand, b: Operand): Expression => node('Where', [condition, a, b]);
const scaled = (by: number): Rule => of(x => mul(x, constant(by)));

/** The remainder with the divisor's sign, as Python has it: of one with the dividend's, plus the divisor where the signs differ. */
function modulo(x: Operand, y: Operand): Expression {
  const rest = node('Mod', [x, y], { fmod: 1 });
  return choose(less(mul(rest, y), constant(0)), add(rest, y), rest);
}

const ln2 = Math.LN2;
const ln10 = Math.LN10;

/** log(exp(a) + exp(b)), less the larger first, so that no exp overflows */
function logAddExp(a: Operand, b: Operand): Expression {
  const apart = node('Neg', [node('Abs', [sub(a, b)])]);
  return add(node('Max', [a, b]), node('Log', [add(node('Exp', [apart]), constant(1))]));
}

/** With the numbers that stand for NaN, ∞ and −∞; an infinity for which nothing is given is the largest float32. */
const nanToNum: Rule = of((x, call) => {
  const largest = 3.4028234663852886e38;
  const infinite = (only: 'detect_negative' | 'detect_positive') => node('IsInf', [x], { [only]: 0 });
  const above = choose(infinite('detect_negative'), constant(call.number(1, 'posinf', largest)), x);
  const below = choose(infinite('detect_positive'), constant(call.number(2, 'neginf', -largest)), above);
  return choose(node('IsNaN', [x]), constant(call.number(-1, 'nan', 0)), below);
});

const finite = (x: Operand): Expression => not(node('Or', [node('IsNaN', [x]), node('IsInf', [x])]));

const clip: Rule = call => node('Clip', [call.operand(0, 'x'), call.operand(1, 'x_min'), call.operand(2, 'x_max')]);

const castTo: Rule = call => {
  const dtype = String(call.given(1, 'dtype') ?? 'float32');
  const types: Readonly<Record<string, number>> = { bool: BOOL, float16: FLOAT16, bfloat16: BFLOAT16 };
  return cast(call.operand(0, 'x'), types[dtype] ?? (dtype.includes('int') ? INT : FLOAT));
};

function softmaxOn(op: string): Rule {
  return call => node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', -1) });
}

const gelu: Rule = call =>
  node('Gelu', [call.operand(0, 'x')], { approximate: (call.given(1, 'approximate') ?? true) === true ? 'tanh' : 'none' });
const silu: Rule = of(x => mul(x, node('Sigmoid', [x])));
/** x/6 + 0.5 within 0 and 1 */
const hardSigmoid = one('HardSigmoid', { alpha: 1 / 6, beta: 0.5 });
/** 0 below −1, x above 1, (x + 1)²/4 between */
const sparsePlus: Rule = of(x => {
  const raised = add(x, constant(1));
  const middle = mul(constant(0.25), mul(raised, raised));
  return choose(less(x, constant(-1)), constant(0), choose(less(x, constant(1)), middle, x));
});

/** The first half of an axis times the sigmoid of the second. */
const glu: Rule = call => {
  const x = call.operand(0, 'x');
  const { axis } = axisOf(call, 1, 'axis', -1);
  const half = sizeOf(call, axis, 'axis') / 2;
  return mul(sliced(x, axis, 0, half), node('Sigmoid', [sliced(x, axis, half, 2 * half)]));
};

const shrink = (soft: boolean): Rule =>
  of((x, call) => {
    const lambd = call.number(1, 'threshold', 0.5);
    return node('Shrink', [x], { lambd, bias: soft ? lambd : 0 });
  });

export const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  Add: two('Add'),
  Subtract: two('Sub'),
  Multiply: two('Mul'),
  Divide: two('Div'),
  TrueDivide: two('Div'),
  DivideNoNan: both((x, y) => choose(node('Equal', [y, constant(0)]), constant(0), div(x, y))),
  FloorDivide: both((x, y) => node('Floor', [div(x, y)])),
  Mod: both(modulo),
  Fmod: both((x, y) => node('Mod', [x, y], { fmod: 1 })),
  Power: two('Pow'),
  Maximum: two('Max'),
  Minimum: two('Min'),
  Logaddexp: both(logAddExp),
  Hypot: both((x, y) => node('Sqrt', [add(mul(x, x), mul(y, y))])),
  Equal: compared('Equal'),
  NotEqual: call => not(compared('Equal')(call)),
  Greater: compared('Greater'),
  GreaterEqual: compared('GreaterOrEqual'),
  Less: compared('Less'),
  LessEqual: compared('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  LogicalNot: call => not(cast(call.operand(0, 'x'), BOOL)),
  Where: call => choose(cast(call.operand(0, 'condition'), BOOL), call.operand(1, 'x1'), call.operand(2, 'x2')),
  Isnan: one('IsNaN'),
  Isinf: one('IsInf'),
  Isposinf: one('IsInf', { detect_negative: 0 }),
  Isneginf: one('IsInf', { detect_positive: 0 }),
  Isfinite: of(finite),
  NanToNum: nanToNum,
  Cast: castTo,
  Identity: one('Identity'),
  Copy: one('Identity'),
  ConvertToTensor: one('Identity'),
  StopGradient: call => node('Identity', [call.operand(0, 'variable')]),
  Negative: one('Neg'),
  Abs: one('Abs'),
  Absolute: one('Abs'),
  Fabs: one('Abs'),
  Exp: one('Exp'),
  Exp2: of(x => node('Pow', [constant(2), x])),
  Log: one('Log'),
  Log2: of(x => div(node('Log', [x]), constant(ln2))),
  Log10: of(x => div(node('Log', [x]), constant(ln10))),
  Log1p: of(x => node('Log', [add(x, constant(1))])),
  Expm1: of(x => sub(node('Exp', [x]), constant(1))),
  Sqrt: one('Sqrt'),
  Rsqrt: of(x => node('Reciprocal', [node('Sqrt', [x])])),
  Square: of(x => mul(x, x)),
  Reciprocal: of(x => node('Reciprocal', [x])),
  Sign: one('Sign'),
  Floor: one('Floor'),
  Ceil: one('Ceil'),
  Round: one('Round'),
  Trunc: of(x => choose(less(x, constant(0)), node('Ceil', [x]), node('Floor', [x]))),
  Sin: one('Sin'),
  Cos: one('Cos'),
  Deg2rad: scaled(Math.PI / 180),
  Rad2deg: scaled(180 / Math.PI),
  Erf: one('Erf'),
  Erfc: of(x => sub(constant(1), node('Erf', [x]))),
  Tanh: one('Tanh'),
  Sigmoid: one('Sigmoid'),
  Relu: one('Relu'),
  Relu6: of(x => node('Clip', [x, constant(0), constant(6)])),
  HardTanh: of(x => node('Clip', [x, constant(-1), constant(1)])),
  LeakyRelu: of((x, call) => node('LeakyRelu', [x], { alpha: call.number(1, 'negative_slope', 0.2) })),
  Elu: of((x, call) => node('Elu', [x], { alpha: call.number(1, 'alpha', 1) })),
  Celu: of((x, call) => node('Celu', [x], { alpha: call.number(1, 'alpha', 1) })),
  Selu: one('Selu'),
  Gelu: gelu,
  Silu: silu,
  Swish: silu,
  LogSigmoid: of(x => node('Neg', [node('Softplus', [node('Neg', [x])])])),
  HardSigmoid: hardSigmoid,
  HardSilu: one('HardSwish'),
  HardSwish: one('HardSwish'),
  HardShrink: shrink(false),
  SoftShrink: shrink(true),
  TanhShrink: of(x => sub(x, node('Tanh', [x]))),
  Threshold: of((x, call) => choose(node('Greater', [x, constant(call.number(1, 'threshold', 0))]), x, call.operand(2, 'default_value'))),
  Squareplus: of((x, call) => mul(add(x, node('Sqrt', [add(mul(x, x), call.operand(1, 'b'))])), constant(0.5))),
  SparsePlus: sparsePlus,
  SparseSigmoid: of(x => node('Clip', [mul(add(x, constant(1)), constant(0.5)), constant(0), constant(1)])),
  Mish: one('Mish'),
  Softplus: one('Softplus'),
  Softsign: one('Softsign'),
  Clip: clip,
  Glu: glu,
  Softmax: softmaxOn('Softmax'),
  LogSoftmax: softmaxOn('LogSoftmax'),
  OnesLike: of(x => node('Pow', [x, constant(0)])),
  ZerosLike: of(x => sub(node('Pow', [x, constant(0)]), constant(1))),
  FullLike: of((x, call) => mul(node('Pow', [x, constant(0)]), call.float(1, 'fill_value'))),
};
