import { RnnError } from '../errors.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { expm1 } from '../numerics/expm1.js';
import { log } from '../numerics/log.js';
import { log1p } from '../numerics/log1p.js';
import { sineCosine } from '../numerics/trig.js';
import { formatShape, sizeOf, type Tensor } from '../tensor/tensor.js';
import { intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { claim, pass } from './room.js';
import { allocateShape, axisOf, type GraphValue, isInteger, shapeError } from './value.js';

/** Spectra, and operators for the input of speech recognition. Real and imaginary parts are on the last axis. */
export const SPECTRUM: Operators = {
  DFT: plain(transform, ['axis', 'inverse', 'onesided']),
  STFT: plain(shortTime, ['onesided']),
  MelWeightMatrix: plain(mel, ['output_datatype']),
  HannWindow: window([0.5, 0.5]),
  HammingWindow: window([25 / 46, 1 - 25 / 46]),
  BlackmanWindow: window([0.42, 0.5, 0.08]),
};

/** Returns an input that is a single integer. */
function whole(call: Call, index: number): number | undefined {
  return call.inputs[index]?.data[0];
}

/** cos and sin of 2πk/L */
function circle(L: number): [Float64Array, Float64Array] {
  claim(16 * L);
  const [cos, sin] = [new Float64Array(L), new Float64Array(L)];
  for (let k = 0; k < L; k++) {
    const at = sineCosine((2 * Math.PI * k) / L);
    pass(32);
    cos[k] = at.cos;
    sin[k] = at.sin;
  }
  return [cos, sin];
}

/**
 * Returns the transform of rows of L numbers as a matrix.
 * @param parts 1: real rows [re]; 2: rows [re, im, re, im, …]
 * @returns [L·parts, bins·2]; `real`: [L·parts, L], of a one-sided spectrum whose other half is its conjugate
 */
function matrixOf(call: Call, L: number, rows: number, parts: number, bins: number, inverse: boolean, real: boolean): Tensor {
  const [cos, sin] = circle(L);
  const K = real ? bins : bins * 2;
  const data = call.kernels.allocate(rows * parts * K);
  const sign = inverse ? 1 : -1;
  const scale = inverse ? 1 / L : 1;
  for (let t = 0; t < rows; t++) {
    // a one-sided spectrum counts those frequencies twice that its other half repeats
    const weight = real && t > 0 && 2 * t !== L ? 2 * scale : scale;
    for (let k = 0; k < bins; k++) {
      const at = (t * k) % L;
      const [c, s] = [cos[at] * weight, sign * sin[at] * weight];
      for (let p = 0; p < parts; p++) {
        const row = (t * parts + p) * K;
        if (real) data[row + k] = p === 0 ? c : -s;
        else {
          data[row + 2 * k] = p === 0 ? c : -s;
          data[row + 2 * k + 1] = p === 0 ? s : c;
        }
      }
    }
  }
  return { shape: [rows * parts, K], data };
}

/** inputs x […, L, …, 1 or 2], dft_length, axis (before opset 20 an attribute) */
function transform(call: Call): GraphValue {
  const x = need(call, 0);
  const rank = x.shape.length;
  const axis = axisOf(call.opset < 20 ? (intOf(call.node, 'axis') ?? 1) : (whole(call, 2) ?? -2), rank);
  const [inverse, onesided] = ['inverse', 'onesided'].map(name => intOf(call.node, name) === 1);
  const parts = x.shape[rank - 1];
  if (axis === rank - 1 || (parts !== 1 && parts !== 2))
    throw shapeError('the last axis of the input of DFT must have size 1 (real) or 2 (real, imaginary)', formatShape(x.shape));
  const real = inverse && onesided;
  const L = whole(call, 1) ?? (real ? 2 * (x.shape[axis] - 1) : x.shape[axis]);
  if (onesided && parts === (inverse ? 1 : 2))
    throw shapeError(`onesided = 1 needs ${inverse ? 'complex input for the inverse' : 'real input'}`, formatShape(x.shape));
  const bins = onesided && !inverse ? Math.floor(L / 2) + 1 : L;
  const rows = Math.min(x.shape[axis], real ? Math.floor(L / 2) + 1 : L);
  const kernel = matrixOf(call, L, rows, parts, bins, inverse, real);
  // the axis is moved before the parts, and back afterwards
  const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1, rank - 1))];
  const step = inner * parts;
  const input = call.kernels.allocate(outer * inner * rows * parts);
  for (let o = 0, to = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let t = 0; t < rows; t++) for (let p = 0; p < parts; p++) input[to++] = x.data[(o * x.shape[axis] + t) * step + i * parts + p];
  const y = call.kernels.affine({ shape: [outer * inner, rows * parts], data: input }, kernel).data;
  const gives = real ? 1 : 2;
  const shape = x.shape.map((n, i) => (i === axis ? bins : i === rank - 1 ? gives : n));
  const data = allocateShape(shape, 'float', call.kernels.precision);
  for (let o = 0, from = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let k = 0; k < bins; k++) for (let p = 0; p < gives; p++) data[((o * bins + k) * inner + i) * gives + p] = y[from++];
  return { kind: 'float', shape, data };
}

/** inputs signal [N, length(, parts)], frame_step, window, frame_length -> [N, frames, bins, 2] */
function shortTime(call: Call): GraphValue {
  const [x, weights] = [need(call, 0), call.inputs[2]];
  const [N, length, parts = 1] = x.shape;
  const step = whole(call, 1) ?? 0;
  const L = whole(call, 3) ?? weights?.data.length ?? length;
  const onesided = (intOf(call.node, 'onesided') ?? 1) === 1;
  if (x.shape.length > 3 || step < 1 || L < 1 || L > length || (weights && weights.data.length !== L) || (onesided && parts === 2))
    throw shapeError(
      'frame_step or frame_length does not suit the signal',
      formatShape(x.shape),
      'frame_step of at least 1, frame_length at most the length of the signal',
    );
  const frames = Math.floor((length - L) / step) + 1;
  const bins = onesided ? Math.floor(L / 2) + 1 : L;
  const kernel = matrixOf(call, L, L, parts, bins, false, false);
  const input = call.kernels.allocate(N * frames * L * parts);
  for (let n = 0, to = 0; n < N; n++)
    for (let f = 0; f < frames; f++)
      for (let t = 0; t < L * parts; t++)
        input[to++] = x.data[(n * length + f * step) * parts + t] * (weights ? weights.data[Math.floor(t / parts)] : 1);
  const y = call.kernels.affine({ shape: [N * frames, L * parts], data: input }, kernel);
  return { kind: 'float', shape: [N, frames, bins, 2], data: y.data };
}

/** Triangles of the mel scale as a matrix [bins, mels]: inputs num_mel_bins, dft_length, sample_rate, lower and upper edge in Hz. */
function mel(call: Call): GraphValue {
  const [mels, L, rate, low, high] = [0, 1, 2, 3, 4].map(i => need(call, i).data[0]);
  const bins = Math.floor(L / 2) + 1;
  const ten = log(10);
  const melOf = (hertz: number) => (2595 * log1p(hertz / 700)) / ten;
  const step = (melOf(high) - melOf(low)) / (mels + 2);
  claim(16 * mels);
  const edge = Array.from({ length: mels + 2 }, (_, i) =>
    Math.floor(((L + 1) * 700 * expm1(((i * step + melOf(low)) / 2595) * ten)) / rate),
  );
  const y = typed(call, [bins, mels]);
  for (let m = 0; m < mels; m++) {
    pass(8 + bins / 8);
    const [left, centre, right] = edge.slice(m, m + 3);
    if (left < 0 || right > bins)
      throw shapeError('the mel bands exceed the range of the spectrum', String(high), `at most ${rate / 2} Hz`);
    if (centre === left) y.data[centre * mels + m] = 1;
    else for (let k = left; k <= centre; k++) y.data[k * mels + m] = (k - left) / (centre - left);
    for (let k = centre; k < right; k++) y.data[k * mels + m] = (right - k) / (right - centre);
  }
  return y;
}

/** Σ ±a_i·cos(2πit/N), with N − 1 where it is symmetric */
function window(terms: readonly number[]) {
  return plain(
    call => {
      const size = need(call, 0).data[0];
      const y = typed(call, [size]);
      const over = (intOf(call.node, 'periodic') ?? 1) === 1 ? size : size - 1;
      for (let t = 0; t < size; t++) {
        pass(512);
        y.data[t] = terms.reduce((sum, a, i) => sum + (i % 2 === 0 ? a : -a) * sineCosine((2 * Math.PI * i * t) / over).cos, 0);
      }
      return y;
    },
    ['output_datatype', 'periodic'],
  );
}

/** Returns zeros of the type that the node requests. @throws RnnError E_ONNX_TYPE for integers */
function typed({ node, kernels }: Call, shape: readonly number[]): GraphValue {
  const type = ONNX_DTYPES.get(intOf(node, 'output_datatype') ?? 1);
  if (!type || isInteger(type) || type === 'bool')
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `${node.opType} is supported with a floating point output only`, {
      expected: 'a floating point type',
    });
  return { kind: 'float', shape, data: allocateShape(shape, 'float', kernels.precision) };
}
