import { activate, activations } from '../activations/index.js';
import { RnnError } from '../errors.js';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '../formats/bytes/half.js';
import type { DType } from '../formats/format.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { arccos, arcsin, arctan } from '../numerics/arctan.js';
import { erf } from '../numerics/erf.js';
import { exp } from '../numerics/exp.js';
import { expm1 } from '../numerics/expm1.js';
import { halfToEven } from '../numerics/halfToEven.js';
import { log } from '../numerics/log.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { sineCosine } from '../numerics/trig.js';
import { type FloatArray, sizeOf } from '../tensor/tensor.js';
import { floatOf, intOf, intsOf, tensorOf, textOf } from './attributes.js';
import { type Call, need, type Operator, type Operators, plain } from './operator.js';
import {
  allocateShape,
  axisOf,
  broadcastShape,
  broadcastTo,
  fromOnnx,
  type GraphValue,
  held,
  inOrder,
  isInteger,
  shapeError,
  wrapped,
} from './value.js';

/** Operators on single numbers, with NumPy's broadcasting. */
export const ARITHMETIC: Operators = {
  Constant: plain(constant, ['value', 'value_float', 'value_floats', 'value_int', 'value_ints']),
  Cast: plain(cast, ['to', 'saturate']),
  CastLike: plain(castLike, ['saturate']),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: plain(call => combine(call, call.inputs.every(v => v?.kind === 'int') ? (a, b) => Math.trunc(a / b) : (a, b) => a / b)),
  Pow: binary(raised),
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

/** ONNX's activations as operators of their own, from the registry; alpha and beta as there. */
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

function constant({ node, kernels }: Call): GraphValue {
  const t = tensorOf(node, 'value');
  if (t) return fromOnnx(t, kernels.precision);
  const float = floatOf(node, 'value_float');
  if (float !== undefined) return { kind: 'float', shape: [], data: allocateShape([], 'float', kernels.precision).fill(float) };
  const int = intOf(node, 'value_int');
  if (int !== undefined) return { kind: 'int', shape: [], data: Float64Array.of(int) };
  const list = intsOf(node, 'value_ints');
  if (list) return { kind: 'int', shape: [list.length], data: Float64Array.from(list) };
  const floats = node.attributes.get('value_floats');
  if (floats?.type !== 'floats') throw shapeError('a Constant has no value', 'nothing', 'value');
  const data = allocateShape([floats.value.length], 'float', kernels.precision);
  data.set(floats.value);
  return { kind: 'float', shape: [floats.value.length], data };
}

function cast(call: Call): GraphValue {
  const to = intOf(call.node, 'to') ?? 0;
  return castTo(call, need(call, 0), ONNX_DTYPES.get(to), `type ${to}`);
}

/** Whole numbers wrap round in a type that is too narrow for them. */
function castTo(call: Call, x: GraphValue, type: DType | undefined, shown: string): GraphValue {
  const { shape } = x;
  if (!type)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `Cast to ${shown} is not run here`, { expected: 'floats, integers, booleans' });
  if (type === 'bool') return { kind: 'bool', shape, data: Float64Array.from(x.data, v => (v === 0 ? 0 : 1)) };
  if (isInteger(type)) {
    const narrow = (v: number) => (!type.endsWith('64') && Number.isFinite(v) ? wrapped(BigInt(v), type) : v);
    return { kind: 'int', type, shape, data: Float64Array.from(x.data, v => narrow(Math.trunc(v))) };
  }
  const data = allocateShape(shape, 'float', call.kernels.precision);
  if (type === 'f16') data.set(x.data.map(v => f16ToNumber(numberToF16(v))));
  else if (type === 'bf16') data.set(x.data.map(v => bf16ToNumber(numberToBf16(v))));
  else data.set(x.data);
  return { kind: 'float', shape, data };
}

function castLike(call: Call): GraphValue {
  const like = need(call, 1);
  const type = like.kind === 'float' ? 'f32' : like.kind === 'bool' ? 'bool' : (like.type ?? 'i64');
  return castTo(call, need(call, 0), type, 'another type');
}

/** Beyond ±100,000 with the last bits of this machine. */
function angle(v: number): { readonly sin: number; readonly cos: number } {
  return Math.abs(v) > 1e5 ? { sin: Math.sin(v), cos: Math.cos(v) } : sineCosine(v);
}

function unary(x: GraphValue, { kernels }: Call, f: (v: number) => number): GraphValue {
  const data = allocateShape(x.shape, x.kind, kernels.precision);
  const whole = x.kind === 'int';
  for (let k = 0; k < data.length; k++) data[k] = whole ? held(f(x.data[k]), x.type) : f(x.data[k]);
  return { kind: x.kind, type: x.type, shape: x.shape, data };
}

function each(f: (v: number) => number): Operator {
  return plain(call => unary(need(call, 0), call, f));
}

function binary(f: (a: number, b: number) => number): Operator {
  return plain(call => combine(call, f));
}

function combine(call: Call, f: (a: number, b: number) => number, kind?: GraphValue['kind']): GraphValue {
  const [a, b] = [need(call, 0), need(call, 1)];
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [broadcastTo(a, shape), broadcastTo(b, shape)];
  const kinds = [a.kind, b.kind];
  const joined = kind ?? (kinds.includes('float') ? 'float' : kinds.includes('int') ? 'int' : 'bool');
  const data = allocateShape(shape, joined, call.kernels.precision);
  for (let k = 0; k < data.length; k++) data[k] = f(left.data[k], right.data[k]);
  if (joined !== 'int') return { kind: joined, shape, data };
  const type = a.type ?? b.type;
  const product = call.node.opType === 'Mul' && type?.endsWith('32') ? type : undefined;
  for (let k = 0; k < data.length; k++)
    data[k] = product && Math.abs(data[k]) > 2 ** 53 ? wrapped(BigInt(left.data[k]) * BigInt(right.data[k]), product) : held(data[k], type);
  return { kind: joined, type, shape, data };
}

function compared(f: (a: number, b: number) => boolean): Operator {
  return plain(call => combine(call, (a, b) => (f(a, b) ? 1 : 0), 'bool'));
}

function fold(call: Call, f: (a: number, b: number) => number): GraphValue {
  return call.inputs.slice(1).reduce<GraphValue>((sum, _, i) => combine({ ...call, inputs: [sum, need(call, i + 1)] }, f), need(call, 0));
}

/** Whole exponents by products, the square root as such, all others by way of the logarithm. */
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

/** The sum of all inputs by their number. */
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

/** The sign of the divisor, as Python has it; with fmod that of the dividend, as C has it. */
function remainder(call: Call): GraphValue {
  const c = intOf(call.node, 'fmod') === 1;
  return combine(call, (a, b) => {
    const rest = a % b;
    return c || rest === 0 || rest < 0 === b < 0 ? rest : rest + b;
  });
}

/** Since opset 13 along one axis (default the last); before, over everything from `axis` (default 1) on. */
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

/** 1 at the first of the largest in each row, 0 elsewhere. */
function largestOnly(x: FloatArray, width: number, out: FloatArray): void {
  for (let r = 0; r < x.length; r += width) {
    let at = r;
    for (let k = r; k < r + width; k++) if (x[k] > x[at]) at = k;
    out[at] = 1;
  }
}

/** `axis` and the last one in each other's place. */
function swapped(x: GraphValue, axis: number): GraphValue {
  const order = x.shape.map((_, i) => i);
  [order[axis], order[order.length - 1]] = [order[order.length - 1], order[axis]];
  return inOrder(x, order);
}
