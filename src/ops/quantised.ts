import { sizeOf } from '../tensor/tensor.js';
import { intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue } from './value.js';

/**
 * Numbers in 8 bits and back: y = (q − zero)·scale, per tensor or per slice of an axis. QuantizeLinear is not among them: values here do not keep
 * whether they are signed, which its range needs.
 */
export const QUANTISED: Operators = {
  DequantizeLinear: plain(dequantised, ['axis', 'block_size']),
  DynamicQuantizeLinear: { attributes: [], run: dynamic },
  MatMulInteger: plain(integerProduct),
};

/** Scale or zero point of number k of x. */
function per(call: Call, x: GraphValue, v: GraphValue | undefined): (k: number) => number {
  if (!v) return () => 0;
  if (v.data.length === 1) return () => v.data[0];
  const axis = axisOf(intOf(call.node, 'axis') ?? 1, x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  return k => v.data[Math.floor(k / inner) % x.shape[axis]];
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
  let [low, high] = [0, 0];
  for (const v of x.data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const scale = Math.fround((high - low) / 255);
  const zero = scale === 0 ? 0 : clamp(halfToEven(-low / scale), 0, 255);
  const data = Float64Array.from(x.data, v => (scale === 0 ? zero : clamp(halfToEven(v / scale) + zero, 0, 255)));
  const one = allocateShape([], 'float', call.kernels.precision);
  one[0] = scale;
  return [
    { kind: 'int', shape: x.shape, data },
    { kind: 'float', shape: [], data: one },
    { kind: 'int', shape: [], data: Float64Array.of(zero) },
  ];
}

/** (A − a)·(B − b) in whole numbers: exact in float64 for any size that fits in memory. */
function integerProduct(call: Call): GraphValue {
  const minus = (v: GraphValue, zero: GraphValue | undefined): GraphValue => {
    if (!zero) return v;
    const z = broadcastTo(
      zero.shape.length === 1 && zero.data.length > 1
        ? {
            ...zero,
            shape: [
              ...v.shape
                .slice(1)
                .map(() => 1)
                .slice(1),
              zero.data.length,
            ],
          }
        : zero,
      v.shape,
    );
    return { ...v, data: Float64Array.from(v.data, (n, k) => n - z.data[k]) };
  };
  const [a, b] = [minus(need(call, 0), call.inputs[2]), minus(need(call, 1), call.inputs[3])];
  const [D, K] = b.shape.slice(-2);
  const rows = a.data.length / D;
  const data = new Float64Array(rows * K);
  for (let r = 0; r < rows; r++)
    for (let d = 0; d < D; d++) {
      const v = a.data[r * D + d];
      if (v !== 0) for (let k = 0; k < K; k++) data[r * K + k] += v * b.data[d * K + k];
    }
  return { kind: 'int', shape: [...a.shape.slice(0, -1), K], data };
}

function clamp(v: number, low: number, high: number): number {
  return v < low ? low : v > high ? high : v;
}

function halfToEven(v: number): number {
  const floor = Math.floor(v);
  const rest = v - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
