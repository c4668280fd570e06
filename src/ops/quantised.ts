import { RnnError } from '../errors.js';
import type { DType } from '../formats/format.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { halfToEven } from '../numerics/halfToEven.js';
import { formatShape, type IntegerType, sizeOf } from '../tensor/tensor.js';
import { intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { claim, pass } from './room.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue, shapeError } from './value.js';

/** Quantisation to 8 bits and back: y = (q − zero)·scale, with a scale per tensor, per slice along an axis, or per block of one. */
export const QUANTISED: Operators = {
  QuantizeLinear: plain(quantised, ['axis', 'block_size', 'output_dtype', 'saturate']),
  DequantizeLinear: plain(dequantised, ['axis', 'block_size', 'output_dtype']),
  DynamicQuantizeLinear: { attributes: [], run: dynamic },
  MatMulInteger: plain(integerProduct),
  QLinearMatMul: plain(quantisedProduct),
  'com.microsoft.DynamicQuantizeMatMul': plain(dynamicProduct),
  'com.microsoft.MatMulIntegerToFloat': plain(scaledProduct),
};

/** Smallest and largest number of each integer type. */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65_535],
  i16: [-32_768, 32_767],
};

/** Returns a function that gives the scale or zero point of element k of x. @throws RnnError E_ONNX_SHAPE */
function per(call: Call, x: GraphValue, v: GraphValue | undefined): (k: number) => number {
  if (!v) return () => 0;
  if (v.data.length === 1) return () => v.data[0];
  const axis = axisOf(intOf(call.node, 'axis') ?? 1, x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const block = intOf(call.node, 'block_size') ?? 0;
  if (block > 0) {
    const blocks = x.shape.map((n, i) => (i === axis ? Math.ceil(n / block) : n));
    if (formatShape(v.shape) !== formatShape(blocks))
      throw shapeError('expected one scale per block', formatShape(v.shape), formatShape(blocks));
    const rows = x.shape[axis] * inner;
    return k =>
      v.data[Math.floor(k / rows) * blocks[axis] * inner + Math.floor(Math.floor((k % rows) / inner) / block) * inner + (k % inner)];
  }
  if (v.shape.length !== 1 || v.data.length !== x.shape[axis])
    throw shapeError('expected one scale, or one per position of the axis', formatShape(v.shape), formatShape([x.shape[axis]]));
  return k => v.data[Math.floor(k / inner) % x.shape[axis]];
}

/** QuantizeLinear: rounds to the nearest integer, ties to even, within the type of the zero point. */
function quantised(call: Call): GraphValue {
  const [x, zero] = [need(call, 0), call.inputs[2]];
  const type = zero ? zero.type : (ONNX_DTYPES.get(intOf(call.node, 'output_dtype') || 2) ?? null);
  return toWhole(x, per(call, x, need(call, 1)), per(call, x, zero), type);
}

/** Divides in float32, as ONNX Runtime does, so that ties are rounded the same way. */
function toWhole(x: GraphValue, scale: (k: number) => number, zero: (k: number) => number, type: DType | null | undefined): GraphValue {
  const range = type ? RANGES[type] : undefined;
  if (!range) {
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `quantising to ${type ?? 'this type'} is not supported`, {
      expected: Object.keys(RANGES).join(', '),
      fix: '--engine onnxruntime runs any type',
    });
  }
  const data = Float64Array.from(x.data, (v, k) => clamp(halfToEven(Math.fround(v / scale(k))) + zero(k), range[0], range[1]));
  return { kind: 'int', type: type as IntegerType, shape: x.shape, data };
}

function dequantised(call: Call): GraphValue {
  const x = need(call, 0);
  const [scale, zero] = [per(call, x, need(call, 1)), per(call, x, call.inputs[2])];
  const data = allocateShape(x.shape, 'float', call.kernels.precision);
  for (let k = 0; k < data.length; k++) data[k] = (x.data[k] - zero(k)) * scale(k);
  return { kind: 'float', shape: x.shape, data };
}

/** scale = (max − min)/255 with 0 in the range, zero point = −min/scale, in uint8 (Operators.md). */
function dynamic(call: Call): GraphValue[] {
  const x = need(call, 0);
  const { scale, zero } = rangeOf(x.data);
  const one = allocateShape([], 'float', call.kernels.precision);
  one[0] = scale;
  return [
    scale === 0
      ? { kind: 'int', type: 'u8', shape: x.shape, data: new Float64Array(x.data.length).fill(zero) }
      : toWhole(
          x,
          () => scale,
          () => zero,
          'u8',
        ),
    { kind: 'float', shape: [], data: one },
    { kind: 'int', type: 'u8', shape: [], data: Float64Array.of(zero) },
  ];
}

function rangeOf(x: ArrayLike<number>): { scale: number; zero: number } {
  let [low, high] = [0, 0];
  for (let k = 0; k < x.length; k++) {
    if (x[k] < low) low = x[k];
    if (x[k] > high) high = x[k];
  }
  const scale = Math.fround((high - low) / 255);
  return { scale, zero: scale === 0 ? 0 : clamp(halfToEven(Math.fround(-low / scale)), 0, 255) };
}

/** Quantises x to 8 bits and back, as an integer product sees it. */
export function roundedToBytes(x: GraphValue): GraphValue {
  const { scale, zero } = rangeOf(x.data);
  if (scale === 0) return x;
  const whole = toWhole(
    x,
    () => scale,
    () => zero,
    'u8',
  );
  return { ...x, data: x.data.map((_: number, k: number) => (whole.data[k] - zero) * scale) as GraphValue['data'] };
}

/** Broadcasts a zero point or scale: a single number, or one per column (per row if `rows`). */
function spread(v: GraphValue, like: readonly number[], rows: boolean): GraphValue {
  if (v.data.length === 1) return broadcastTo({ ...v, shape: [] }, like);
  return broadcastTo(v.shape.length === 1 && rows ? { ...v, shape: [v.shape[0], 1] } : v, like);
}

export function withoutZeroPoint(v: GraphValue, zero: GraphValue | undefined, rows: boolean): GraphValue {
  if (!zero) return v;
  const z = spread(zero, v.shape, rows);
  return { ...v, data: Float64Array.from(v.data, (n, k) => n - z.data[k]) };
}

/** (A − a)·(B − b) of integers: exact in float64 for any size that fits in memory. */
function integerProduct(call: Call): GraphValue {
  return wholeProduct(withoutZeroPoint(need(call, 0), call.inputs[2], true), withoutZeroPoint(need(call, 1), call.inputs[3], false));
}

/** [..., R, D] · [..., D, K]; the leading axes of B are those of A, or there are none. */
function wholeProduct(a: GraphValue, b: GraphValue): GraphValue {
  const [D, K] = b.shape.slice(-2);
  const lead = b.shape.slice(0, -2);
  if (
    b.shape.length < 2 ||
    a.shape[a.shape.length - 1] !== D ||
    (lead.length > 0 && formatShape(lead) !== formatShape(a.shape.slice(0, -2)))
  )
    throw shapeError('these matrices cannot be multiplied', `${formatShape(a.shape)} and ${formatShape(b.shape)}`, 'equal inner sizes');
  const rows = sizeOf(a.shape.slice(0, -1));
  const perMatrix = lead.length > 0 ? a.shape[a.shape.length - 2] : rows;
  claim(8 * rows * K);
  const data = new Float64Array(rows * K);
  for (let r = 0; r < rows; r++) {
    pass(D * K);
    const from = Math.floor(r / perMatrix) * D * K;
    for (let d = 0; d < D; d++) {
      const v = a.data[r * D + d];
      if (v !== 0) for (let k = 0; k < K; k++) data[r * K + k] += v * b.data[from + d * K + k];
    }
  }
  return { kind: 'int', type: 'i32', shape: [...a.shape.slice(0, -1), K], data };
}

/** inputs a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero */
function quantisedProduct(call: Call): GraphValue {
  const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = Array.from({ length: 8 }, (_, i) => need(call, i));
  const y = wholeProduct(withoutZeroPoint(a, aZero, true), withoutZeroPoint(b, bZero, false));
  const [left, right] = [spread(aScale, y.shape, true), spread(bScale, y.shape, false)];
  return roundedSums(y, k => left.data[k] * right.data[k], yScale, yZero);
}

/**
 * Rounds whole sums to bytes as ONNX Runtime does: each is multiplied once, by the float32 quotient of the float32 product of the scales and
 * that of y. A sum halfway between two bytes is rounded by the last digit of that number.
 * @param scale the product of the scales of sum k
 */
export function roundedSums(sums: GraphValue, scale: (k: number) => number, yScale: GraphValue, yZero: GraphValue): GraphValue {
  const factor = (k: number) => Math.fround(Math.fround(scale(k)) / yScale.data[0]);
  const data = sums.data.map((v: number, k: number) => Math.fround(Math.fround(v) * factor(k))) as GraphValue['data'];
  return toWhole(
    { ...sums, data },
    () => 1,
    () => yZero.data[0],
    yZero.type,
  );
}

/** inputs A (float), B, b_scale, b_zero, bias */
function dynamicProduct(call: Call): GraphValue {
  const [b, bScale] = [need(call, 1), need(call, 2)];
  const [whole, scale, zero] = dynamic({ ...call, inputs: [need(call, 0)] });
  return scaledProduct({ ...call, inputs: [whole, b, scale, bScale, zero, call.inputs[3], call.inputs[4]] });
}

/** inputs A, B, a_scale, b_scale, a_zero, b_zero, bias */
function scaledProduct(call: Call): GraphValue {
  const y = wholeProduct(withoutZeroPoint(need(call, 0), call.inputs[4], true), withoutZeroPoint(need(call, 1), call.inputs[5], false));
  const [a, b] = [spread(need(call, 2), y.shape, true), spread(need(call, 3), y.shape, false)];
  const bias = call.inputs[6] && broadcastTo(call.inputs[6], y.shape);
  const data = allocateShape(y.shape, 'float', call.kernels.precision);
  for (let k = 0; k < data.length; k++) data[k] = y.data[k] * a.data[k] * b.data[k] + (bias ? bias.data[k] : 0);
  return { kind: 'float', shape: y.shape, data };
}

function clamp(v: number, low: number, high: number): number {
  return v < low ? low : Math.min(v, high);
}
