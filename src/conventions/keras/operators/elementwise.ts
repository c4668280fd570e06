import { add, choose, div, LARGEST_FLOAT, less, mul, not, number, sub } from './arithmetic.js';
import { alike, type OperatorCall, of, one, type Rule, wrongArgument } from './call.js';
import { BFLOAT16, BOOL, cast, type Expression, FLOAT, FLOAT16, INT, identity, ints, node, type Operand, sliced } from './expression.js';
import { arctan2, expm1, inverseErf, isNegative, ln2, log1p, logAddExp, modulo, noNumber, pi } from './formulas.js';

/** Elementwise operators. */

/** Arithmetic of two tensors in floats, which for integers gives the same numbers as in Keras. */
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

const scaled = (by: number): Rule => of(x => mul(x, number(by)));

const ln10 = Math.LN10;

/** Replaces NaN, ∞ and −∞; by default by 0 and the largest and lowest float32. */
const nanToNum: Rule = of((x, call) => {
  const known = choose(noNumber(x), number(call.number(-1, 'nan', 0)), x);
  const infinite = (y: Operand, only: 'detect_negative' | 'detect_positive') => node('IsInf', [y], { [only]: 0 });
  const above = choose(infinite(known, 'detect_negative'), number(call.number(1, 'posinf', LARGEST_FLOAT)), known);
  return choose(infinite(above, 'detect_positive'), number(call.number(2, 'neginf', -LARGEST_FLOAT)), above);
});

/** The operator applied to two numbers; if one of them is NaN, the other. */
const ignoringNaN =
  (op: string): Rule =>
  call => {
    const [a, b] = [call.float(0, 'x1'), call.float(1, 'x2')];
    return choose(noNumber(a), b, choose(noNumber(b), a, node(op, [a, b])));
  };

const LARGEST: Readonly<Record<string, readonly [number, number]>> = Object.fromEntries(
  [8, 16, 32].flatMap(bits => [
    [`int${bits}`, [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]],
    [`uint${bits}`, [0, 2 ** bits - 1]],
  ]),
);

const whole =
  (op: string): Rule =>
  call =>
    node(op, [cast(call.operand(0, 'x'), INT), cast(call.operand(1, 'y'), INT)]);
/** ⌊x·2^by⌋ of integers, with `by` negated for a shift to the right. */
const shifted = (sign: 1 | -1): Rule =>
  both((x, by) => cast(node('Floor', [mul(x, node('Pow', [number(2), sign === 1 ? by : node('Neg', [by])]))]), INT));
const inverted: Rule = call => sub(node('Neg', [cast(call.operand(0, 'x'), INT)]), { constant: { type: 'int', value: 1 } });

const finite = (x: Operand): Expression => not(node('Or', [node('IsNaN', [x]), node('IsInf', [x])]));

/** A cast. Integers of 8 and 16 bits wrap around at the cast; later operators treat them as unbounded integers. */
function castOf(x: Operand, dtype: string): Expression {
  const types: Readonly<Record<string, number>> = { bool: BOOL, float16: FLOAT16, bfloat16: BFLOAT16 };
  const [, sign, bits] = /^(u?)int(8|16|32)$/.exec(dtype) ?? [];
  if (!bits || dtype === 'int32') return cast(x, types[dtype] ?? (dtype.includes('int') ? INT : FLOAT));
  const [all, half] = [ints(2 ** Number(bits)), ints(2 ** (Number(bits) - 1))];
  const whole = cast(x, INT);
  return sign ? node('Mod', [whole, all]) : sub(node('Mod', [add(whole, half), all]), half);
}

/** Fills the shape of x with one number, in the requested type. */
const like = (made: (one: Expression, call: OperatorCall) => Expression): Rule =>
  of((x, call) => {
    const dtype = call.given(-1, 'dtype') ?? null;
    const y = made(node('Pow', [x, number(0)]), call);
    return dtype === null || String(dtype).startsWith('float') ? y : castOf(y, String(dtype));
  });

const castTo: Rule = call => castOf(call.operand(0, 'x'), String(call.given(1, 'dtype') ?? 'float32'));

function softmaxOn(op: string): Rule {
  return call => node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', -1) });
}

const gelu: Rule = call => node('Gelu', [call.operand(0, 'x')], { approximate: call.flag(1, 'approximate', true) ? 'tanh' : 'none' });
const silu: Rule = of(x => mul(x, node('Sigmoid', [x])));
/** x/6 + 0.5, clipped to [0, 1] */
const hardSigmoid = one('HardSigmoid', { alpha: 1 / 6, beta: 0.5 });
/** 0 below −1, x above 1, (x + 1)²/4 in between */
const sparsePlus: Rule = of(x => {
  const raised = add(x, number(1));
  const middle = mul(number(0.25), mul(raised, raised));
  return choose(less(x, number(-1)), number(0), choose(less(x, number(1)), middle, x));
});

const shrink = (soft: boolean): Rule =>
  of((x, call) => {
    const lambd = call.number(1, 'threshold', 0.5);
    return node('Shrink', [x], { lambd, bias: soft ? lambd : 0 });
  });

/** |a − b| ≤ atol + rtol·|b| */
const isClose: Rule = call => {
  const [a, b] = [call.float(0, 'x1'), call.float(1, 'x2')];
  const allowed = add(number(call.number(3, 'atol', 1e-8)), mul(number(call.number(2, 'rtol', 1e-5)), node('Abs', [b])));
  const close = node('Or', [node('Equal', [a, b]), node('LessOrEqual', [node('Abs', [sub(a, b)]), allowed])]);
  return call.flag(-1, 'equal_nan') ? node('Or', [close, node('And', [noNumber(a), noNumber(b)])]) : close;
};

export const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  AllClose: call => cast(node('ReduceMin', [cast(isClose(call), FLOAT)], { keepdims: 0 }), BOOL),
  ...alike('Abs Absolute:Abs Fabs:Abs Exp Log Sqrt Negative:Neg Sign Floor Ceil Sin Cos Erf Isnan:IsNaN Isinf:IsInf', one),
  ...alike('Tanh Sigmoid Relu Selu HardSwish HardSilu:HardSwish Mish Softplus Softsign', one),
  ...alike('Identity Copy:Identity ConvertToTensor:Identity Real:Identity Conj:Identity Conjugate:Identity', one),
  ...alike('Tan Sinh Cosh Arcsin:Asin Arccos:Acos Arctan:Atan Arcsinh:Asinh Arccosh:Acosh Arctanh:Atanh Reciprocal', op =>
    of(x => node(op, [x])),
  ),
  ...alike('Add Subtract:Sub Multiply:Mul Divide:Div TrueDivide:Div Power:Pow Maximum:Max Minimum:Min', two),
  ...alike('Equal Greater GreaterEqual:GreaterOrEqual Less LessEqual:LessOrEqual', compared),
  ...alike('LogicalAnd:And LogicalOr:Or LogicalXor:Xor', logical),
  ...alike('BitwiseAnd BitwiseOr BitwiseXor', whole),
  ...alike('BitwiseNot BitwiseInvert', () => inverted),
  ...alike('BitwiseLeftShift LeftShift', () => shifted(1)),
  ...alike('BitwiseRightShift RightShift', () => shifted(-1)),
  ...alike('Fmax:Max Fmin:Min', ignoringNaN),
  ...alike('Softmax LogSoftmax', softmaxOn),
  ...alike('Silu Swish', () => silu),
  DivideNoNan: both((x, y) => choose(node('Equal', [y, number(0)]), number(0), div(x, y))),
  FloorDivide: both((x, y) => node('Floor', [div(x, y)])),
  Mod: both(modulo),
  Fmod: both((x, y) => node('Mod', [x, y], { fmod: 1 })),
  Logaddexp: both(logAddExp),
  Logaddexp2: both((x, y) => div(logAddExp(mul(x, number(ln2)), mul(y, number(ln2))), number(ln2))),
  Ldexp: both((x, y) => mul(x, node('Pow', [number(2), y]))),
  Isclose: isClose,
  /** The first choice whose condition is true. */
  Select(call) {
    const [conditions, choices] = [call.operands(0, 'condlist'), call.operands(1, 'choicelist')];
    if (conditions.length !== choices.length) throw wrongArgument('choicelist', `${choices.length} for ${conditions.length} conditions`);
    const otherwise = !call.has(2, 'default') ? number(0) : call.operand(2, 'default');
    const chosen = conditions.reduceRight<Operand>((rest, condition, i) => choose(cast(condition, BOOL), choices[i], rest), otherwise);
    return identity(chosen);
  },
  Hypot: both((x, y) => node('Sqrt', [add(mul(x, x), mul(y, y))])),
  NotEqual: call => not(compared('Equal')(call)),
  LogicalNot: call => not(cast(call.operand(0, 'x'), BOOL)),
  Where: call => choose(cast(call.operand(0, 'condition'), BOOL), call.operand(1, 'x1'), call.operand(2, 'x2')),
  Isposinf: one('IsInf', { detect_negative: 0 }),
  Isneginf: one('IsInf', { detect_positive: 0 }),
  Isfinite: of(finite),
  Isreal: of(x => node('Or', [noNumber(x), not(noNumber(x))])),
  NanToNum: nanToNum,
  Cast: castTo,
  /** A cast that clips to the range of the type. */
  SaturateCast(call) {
    const range = LARGEST[String(call.given(-1, 'dtype'))];
    const x = call.float(0, 'x');
    return castOf(range ? node('Clip', [x, number(range[0]), number(range[1])]) : x, String(call.given(-1, 'dtype') ?? 'float32'));
  },
  StopGradient: call => node('Identity', [call.operand(0, 'variable')]),
  Exp2: of(x => node('Pow', [number(2), x])),
  Log2: of(x => div(node('Log', [x]), number(ln2))),
  Log10: of(x => div(node('Log', [x]), number(ln10))),
  Log1p: of(log1p),
  Expm1: of(expm1),
  Rsqrt: of(x => node('Reciprocal', [node('Sqrt', [x])])),
  Square: of(x => mul(x, x)),
  /** Rounds to a number of decimals. */
  Round(call) {
    const scale = 10 ** call.number(1, 'decimals', 0);
    const x = call.float(0, 'x');
    return scale === 1 ? node('Round', [x]) : div(node('Round', [mul(x, number(scale))]), number(scale));
  },
  Cbrt: of(x => mul(node('Sign', [x]), node('Pow', [node('Abs', [x]), number(1 / 3)]))),
  Sinc: of(x => choose(node('Equal', [x, number(0)]), number(1), div(node('Sin', [mul(x, number(pi))]), mul(x, number(pi))))),
  Signbit: of(isNegative),
  Heaviside: both((x, y) => choose(node('Equal', [x, number(0)]), y, choose(noNumber(x), x, cast(less(number(0), x), FLOAT)))),
  Trunc: of(x => choose(less(x, number(0)), node('Ceil', [x]), node('Floor', [x]))),
  Arctan2: both(arctan2),
  Angle: of(x => choose(less(x, number(0)), number(pi), mul(x, number(0)))),
  Imag: of(x => sub(x, x)),
  Array: call => (!call.has(-1, 'dtype') ? one('Identity')(call) : castTo(call)),
  Deg2rad: scaled(Math.PI / 180),
  Rad2deg: scaled(180 / Math.PI),
  Erfinv: inverseErf,
  Erfc: of(x => sub(number(1), node('Erf', [x]))),
  Relu6: of(x => node('Clip', [x, number(0), number(6)])),
  HardTanh: of(x => node('Clip', [x, number(-1), number(1)])),
  LeakyRelu: of((x, call) => node('LeakyRelu', [x], { alpha: call.number(1, 'negative_slope', 0.2) })),
  Elu: of((x, call) => node('Elu', [x], { alpha: call.number(1, 'alpha', 1) })),
  Celu: of((x, call) => node('Celu', [x], { alpha: call.number(1, 'alpha', 1) })),
  Gelu: gelu,
  LogSigmoid: of(x => node('Neg', [node('Softplus', [node('Neg', [x])])])),
  HardSigmoid: hardSigmoid,
  HardShrink: shrink(false),
  SoftShrink: shrink(true),
  TanhShrink: of(x => sub(x, node('Tanh', [x]))),
  Threshold: of((x, call) => choose(node('Greater', [x, number(call.number(1, 'threshold', 0))]), x, call.operand(2, 'default_value'))),
  Squareplus: of((x, call) => mul(add(x, node('Sqrt', [add(mul(x, x), call.operand(1, 'b'))])), number(0.5))),
  SparsePlus: sparsePlus,
  SparseSigmoid: of(x => node('Clip', [mul(add(x, number(1)), number(0.5)), number(0), number(1)])),
  Clip: call => node('Clip', [call.operand(0, 'x'), call.operand(1, 'x_min'), call.operand(2, 'x_max')]),
  /** The first half of an axis times the sigmoid of the second half. */
  Glu(call) {
    const x = call.operand(0, 'x');
    const { axis } = call.axis(1, 'axis', -1);
    const half = call.size(axis, 'axis') / 2;
    return mul(sliced(x, axis, 0, half), node('Sigmoid', [sliced(x, axis, half, 2 * half)]));
  },
  OnesLike: like(one => one),
  ZerosLike: like(one => sub(one, number(1))),
  EmptyLike: like(one => sub(one, number(1))),
  FullLike: like((one, call) => mul(one, call.float(1, 'fill_value'))),
};
