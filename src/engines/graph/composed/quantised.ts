import { float, int, ints } from '../../../formats/onnx/builder.js';
import { floatOf, intOf } from '../../../ops/attributes.js';
import { WINDOW } from '../../../ops/windows.js';
import { type Composed, type Parts, sum } from './composed.js';
import { own } from './fused.js';

/** 8-bit operators with a scale and a zero point, as ONNX Runtime computes them: dequantised, computed, quantised again; products of the bytes themselves. */
export const QUANTISED_FUNCTIONS: Readonly<Record<string, Composed>> = {
  'com.microsoft.QLinearAdd': two('Add'),
  'com.microsoft.QLinearMul': two('Mul'),
  'com.microsoft.QLinearSigmoid': one([], (p, x) => p.op('Sigmoid', [x])),
  'com.microsoft.QLinearLeakyRelu': one(['alpha'], (p, x) => p.op('LeakyRelu', [x], { alpha: float(floatOf(p.node, 'alpha') ?? 0.01) })),
  'com.microsoft.QLinearSoftmax': one(['axis', 'opset'], (p, x) => {
    const axis = intOf(p.node, 'axis') ?? -1;
    return axis === -1 || (intOf(p.node, 'opset') ?? 13) >= 13 ? p.op('Softmax', [x], { axis: int(axis) }) : undefined;
  }),
  'com.microsoft.QLinearGlobalAveragePool': one(['channels_last'], (p, x) =>
    intOf(p.node, 'channels_last') === 1 ? undefined : p.op('GlobalAveragePool', [x]),
  ),
  'com.microsoft.QLinearAveragePool': one([...WINDOW, 'ceil_mode', 'channels_last', 'count_include_pad'], (p, x) =>
    intOf(p.node, 'channels_last') === 1 ? undefined : p.op('AveragePool', [x], own(p, [...WINDOW, 'ceil_mode', 'count_include_pad'])),
  ),
  'com.microsoft.QLinearConcat': { attributes: ['axis'], parts: joined },
  'com.microsoft.QGemm': { attributes: ['alpha', 'transA', 'transB'], parts: product },
};

/** Dequantises input i with the scale and zero point that follow it. */
function real(p: Parts, i: number): string {
  const zero = p.input(i + 2);
  return p.op('DequantizeLinear', [p.input(i)!, p.input(i + 1)!, ...(zero ? [zero] : [])]);
}

function bytes(p: Parts, y: string | undefined, i: number): string[] | undefined {
  const zero = p.input(i + 1);
  return y === undefined ? undefined : [p.op('QuantizeLinear', [y, p.input(i)!, ...(zero ? [zero] : [])])];
}

function two(opType: string): Composed {
  return { attributes: [], parts: p => bytes(p, p.op(opType, [real(p, 0), real(p, 3)]), 6) };
}

function one(attributes: readonly string[], of: (p: Parts, x: string) => string | undefined): Composed {
  return { attributes, parts: p => bytes(p, of(p, real(p, 0)), 3) };
}

/** A concatenation. Inputs: y_scale, y_zero, then x, scale, zero of each part. */
function joined(p: Parts): string[] | undefined {
  const parts = Array.from({ length: Math.floor((p.node.inputs.length - 2) / 3) }, (_, i) => real(p, 2 + 3 * i));
  return bytes(p, p.op('Concat', parts, own(p)), 0);
}

/**
 * Inputs: A, a_scale, a_zero, B, b_scale, b_zero, C, y_scale, y_zero. The sums of A · B + C are whole, and multiplied by one number,
 * alpha · a_scale · b_scale / y_scale; only with y_zero are they rounded to bytes again (quant_gemm.cc).
 */
function product(p: Parts): string[] {
  const matrix = (i: number, key: string) =>
    intOf(p.node, key) === 1 ? p.op('Transpose', [p.input(i)!], { perm: ints(1, 0) }) : p.input(i)!;
  const sums = p.op('MatMulInteger', [matrix(0, 'transA'), matrix(3, 'transB'), p.input(2)!, p.input(5)!]);
  const real = p.op('Cast', [sum(p, [sums, p.input(6)])], { to: int(1) });
  const scales = [p.number(floatOf(p.node, 'alpha') ?? 1), p.input(1)!, p.input(4)!];
  const scale = scales.reduce((a, b) => p.op('Mul', [a, b]));
  const [yScale, yZero] = [p.input(7), p.input(8)];
  const y = p.op('Mul', [real, yScale === undefined ? scale : p.op('Div', [scale, yScale])]);
  return [yZero === undefined ? y : p.op('QuantizeLinear', [y, p.number(1), yZero])];
}
