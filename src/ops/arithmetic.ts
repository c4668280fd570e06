import { activate, activations } from '../activations/index.js';
import { arccos, arcsin, arctan } from '../numerics/arctan.js';
import { erf } from '../numerics/erf.js';
import { exp } from '../numerics/exp.js';
import { expm1 } from '../numerics/expm1.js';
import { halfToEven } from '../numerics/halfToEven.js';
import { log } from '../numerics/log.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { sineCosine } from '../numerics/trig.js';
import { type FloatArray, sizeOf } from '../tensor/tensor.js';
import { floatOf, intOf, textOf } from './attributes.js';
import { cast, castLike, constant } from './casts.js';
import { binary, combine, compared, each, fold, unary } from './elementwise.js';
import { type Call, need, type Operator, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, broadcastShape, broadcastTo, type GraphValue, inOrder } from './value.js';

/** Operators on single numbers, with NumPy's broadcasting. */
export const ARITHMETIC: Operators = {
  Constant: plain(constant, ['value', 'value_float', 'value_floats', 'value_int', 'value_ints']),
  Cast: plain(cast, ['to', 'saturate']),
  CastLike: plain(castLike, ['saturate']),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: plain(call => combine(call, call.inputs.every(v => v?.kind === 'int') ? (a, b) => Math.trunc(a / b) : (a, b) => a / b)),
  Pow: plain(call => combine(call, need(call, 0).kind === 'int' ? (a, b) => Math.trunc(raised(a, b)) : raised)),
  Max: plain(call => fold(call, (a, b) => Math.max(a, b))),
  Min: plain(call => fold(call, (a, b) => Math.min(a, b))),
  Sum: plain(call => fold(call, (a, b) => a + b)),
  Mean: plain(mean),
  Equal: compared((a, b) => a === b),
  Less: compared((a, b) => a < b),
  LessOrEqual: compared((a, b) => a <= b),
  Greater: compared((a, b) => a > b),
  GreaterOrEqual: compared((a, b) => a >= b),
  And: compared((a, b) => a !== 0 && b !== 0),
  Or: compared((a, b) => a !== 0 || b !== 0),
  Not: plain(call => ({ ...unary(need(call, 0), call, v => (v === 0 ? 1 : 0)), kind: 'bool' })),
  Where: plain(where),
  Neg: each(v => -v),
  Abs: each(Math.abs),
  Sqrt: each(Math.sqrt),
  Exp: each(exp),
  Log: each(log),
  Erf: each(erf),
  Reciprocal: each(v => 1 / v),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each(halfToEven),
  Sign: each(Math.sign),
  Sin: each(v => angle(v).sin),
  Cos: each(v => angle(v).cos),
  Tan: each(v => angle(v).sin / angle(v).cos),
  Sinh: each(v => (expm1(v) - expm1(-v)) / 2),
  Cosh: each(v => (exp(v) + exp(-v)) / 2),
  Asin: each(arcsin),
  Acos: each(arccos),
  Atan: each(arctan),
  Asinh: each(v => (Math.abs(v) < 1e-5 ? v : Math.sign(v) * log(Math.abs(v) + Math.hypot(v, 1)))),
  Acosh: each(v => log(v + Math.sqrt((v - 1) * (v + 1)))),
  Atanh: each(v => (Math.abs(v) < 1e-5 ? v : log((1 + v) / (1 - v)) / 2)),
  IsInf: plain(isInfinite, ['detect_negative', 'detect_positive']),
  IsNaN: plain(call => ({ ...unary(need(call, 0), call, v => (Number.isNaN(v) ? 1 : 0)), kind: 'bool' })),
  Mod: plain(remainder, ['fmod']),
  Xor: compared((a, b) => (a !== 0) !== (b !== 0)),
  PRelu: binary((a, slope) => (a < 0 ? a * slope : a)),
  Shrink: plain(shrink, ['bias', 'lambd']),
  Selu: plain(selu, ['alpha', 'gamma']),
  Mish: plain(call => named(call, 'mish')),
  HardSwish: plain(call => named(call, 'hard_silu')),
  Swish: plain(swish, ['alpha']),
  SwiGLU: plain(call => combine({ ...call, inputs: [swish(call), need(call, 1)] }, (a, b) => a * b), ['alpha']),
  Clip: plain(clip, ['min', 'max']),
  Gelu: plain(gelu, ['approximate']),
  ...activationOperators(),
  Softmax: plain(call => alongAxis(call, 'softmax'), ['axis']),
  LogSoftmax: plain(call => alongAxis(call, 'log_softmax'), ['axis']),
  Hardmax: plain(call => alongAxis(call, 'hardmax'), ['axis']),
};

/** ONNX's activation operators, from our registry of activations, with its parameters alpha and beta. */
function activationOperators(): Record<string, Operator> {
  const operators: Record<string, Operator> = {};
  for (const activation of activations) {
    if (activation.kind !== 'elementwise' || activation.onnx === undefined || activation.onnx === 'Identity') continue;
    const names = ['alpha', 'beta'].slice(0, activation.onnxParameters?.length ?? 0);
    operators[activation.onnx] = plain(call => {
      const given = (activation.onnxParameters ?? []).map((p, i) => [p.name, floatOf(call.node, names[i]) ?? p.default]);
      return unary(need(call, 0), call, activation.create({ ...activation.parameters, ...Object.fromEntries(given) }));
    }, names);
  }
  return operators;
}

/** Sine and cosine. Beyond ±100,000 the last bits depend on the machine. */
function angle(v: number): { readonly sin: number; readonly cos: number } {
  return Math.abs(v) > 1e5 ? { sin: Math.sin(v), cos: Math.cos(v) } : sineCosine(v);
}

/** a^b: repeated products for small integer exponents, Math.sqrt for 0.5, exp and log for all others. */
export function raised(a: number, b: number): number {
  if (b === 0.5) return Math.sqrt(a);
  if (Number.isInteger(b) && Math.abs(b) <= 64) {
    let product = 1;
    for (let i = 0; i < Math.abs(b); i++) product *= a;
    return b < 0 ? 1 / product : product;
  }
  if (a < 0) return Number.isInteger(b) ? exp(b * log(-a)) * (b % 2 === 0 ? 1 : -1) : Number.NaN;
  if (a === 0) return b > 0 ? 0 : Number.POSITIVE_INFINITY;
  return exp(b * log(a));
}

/** Elementwise mean of all inputs. */
function mean(call: Call): GraphValue {
  const sum = fold(call, (a, b) => a + b);
  return unary(sum, call, v => v / call.inputs.length);
}

function isInfinite(call: Call): GraphValue {
  const [below, above] = ['detect_negative', 'detect_positive'].map(name => intOf(call.node, name) !== 0);
  const found = (v: number) => (v === Number.POSITIVE_INFINITY ? above : v === Number.NEGATIVE_INFINITY && below);
  return { ...unary(need(call, 0), call, v => (found(v) ? 1 : 0)), kind: 'bool' };
}

function where(call: Call): GraphValue {
  const [condition, a, b] = [need(call, 0), need(call, 1), need(call, 2)];
  const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
  const [c, x, y] = [condition, a, b].map(v => broadcastTo(v, shape));
  const data = allocateShape(shape, a.kind, call.kernels.precision);
  for (let k = 0; k < data.length; k++) data[k] = c.data[k] === 0 ? y.data[k] : x.data[k];
  return { kind: a.kind, type: a.type, shape, data };
}

function clip(call: Call): GraphValue {
  const old = call.opset < 11;
  const least = (old ? floatOf(call.node, 'min') : call.inputs[1]?.data[0]) ?? -Infinity;
  const most = (old ? floatOf(call.node, 'max') : call.inputs[2]?.data[0]) ?? Infinity;
  return unary(need(call, 0), call, v => Math.min(Math.max(v, least), most));
}

/** An activation of the registry by our name. */
function named(call: Call, name: string): GraphValue {
  const x = need(call, 0);
  const data = allocateShape(x.shape, x.kind, call.kernels.precision);
  activate(name, x.data, 1, data);
  return { ...x, data };
}

function gelu(call: Call): GraphValue {
  return named(call, textOf(call.node, 'approximate') === 'tanh' ? 'gelu_tanh' : 'gelu');
}

/** The defaults are those of the specification, rounded to float32 there. */
function selu(call: Call): GraphValue {
  const alpha = floatOf(call.node, 'alpha') ?? Math.fround(1.6732632423543772);
  const gamma = floatOf(call.node, 'gamma') ?? Math.fround(1.0507009873554805);
  return unary(need(call, 0), call, v => gamma * (v > 0 ? v : alpha * expm1(v)));
}

/** x·sigmoid(alpha·x) */
function swish(call: Call): GraphValue {
  const alpha = floatOf(call.node, 'alpha') ?? 1;
  return unary(need(call, 0), call, v => v * sigmoid(alpha * v));
}

function shrink(call: Call): GraphValue {
  const bias = floatOf(call.node, 'bias') ?? 0;
  const lambd = floatOf(call.node, 'lambd') ?? 0.5;
  return unary(need(call, 0), call, v => (v < -lambd ? v + bias : v > lambd ? v - bias : 0));
}

/** Mod. The result has the sign of the divisor, as in Python; with fmod that of the dividend, as in C. */
function remainder(call: Call): GraphValue {
  const c = intOf(call.node, 'fmod') === 1;
  return combine(call, (a, b) => {
    const rest = a % b;
    return c || rest === 0 || rest < 0 === b < 0 ? rest : rest + b;
  });
}

/** Applies an activation along one axis (default: the last). Before opset 13, over all axes from `axis` (default: 1) on. */
function alongAxis(call: Call, name: string): GraphValue {
  const x = need(call, 0);
  const rank = x.shape.length;
  const axis = axisOf(intOf(call.node, 'axis') ?? (call.opset < 13 ? Math.min(1, rank - 1) : -1), rank);
  const y = (v: GraphValue, width: number): GraphValue => {
    const data = allocateShape(v.shape, v.kind, call.kernels.precision);
    if (name === 'hardmax') largestOnly(v.data, width, data);
    else activate(name, v.data, width, data);
    return { ...v, data };
  };
  if (call.opset < 13) return y(x, sizeOf(x.shape.slice(axis)));
  if (axis === rank - 1) return y(x, x.shape[axis]);
  return swapped(y(swapped(x, axis), x.shape[axis]), axis);
}

/** Hardmax: 1 at the first maximum of each row, 0 elsewhere. */
function largestOnly(x: FloatArray, width: number, out: FloatArray): void {
  for (let r = 0; r < x.length; r += width) {
    let at = r;
    for (let k = r; k < r + width; k++) if (x[k] > x[at]) at = k;
    out[at] = 1;
  }
}

/** Swaps `axis` and the last axis. */
function swapped(x: GraphValue, axis: number): GraphValue {
  const order = x.shape.map((_, i) => i);
  [order[axis], order[order.length - 1]] = [order[order.length - 1], order[axis]];
  return inOrder(x, order);
}
