import { RnnError } from '../errors.js';
import { exp } from '../numerics/exp.js';
import { log } from '../numerics/log.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { choice, floatOf, intOf, intsOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { pass } from './room.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue, shapeError, stridesOf } from './value.js';

/** Normalisations, as in inference. */
export const NORMALISATION: Operators = {
  LayerNormalization: {
    attributes: ['axis', 'epsilon', 'stash_type'],
    run: call => overLastAxes(call, need(call, 0), call.inputs[2], true),
  },
  RMSNormalization: plain(call => overLastAxes(call, need(call, 0), undefined, false)[0], ['axis', 'epsilon', 'stash_type']),
  SimplifiedLayerNormalization: {
    attributes: ['axis', 'epsilon', 'stash_type'],
    run: call => {
      const [y, , inverse] = overLastAxes(call, need(call, 0), undefined, false);
      return [y, inverse];
    },
  },
  LpNormalization: plain(byNorm, ['axis', 'p']),
  MeanVarianceNormalization: plain(byMeanAndVariance, ['axes']),
  LRN: plain(byNeighbours, ['alpha', 'beta', 'bias', 'size']),
  InstanceNormalization: plain(call => inGroups(call, need(call, 0).shape[1]), ['epsilon', 'consumed_inputs']),
  GroupNormalization: plain(call => inGroups(call, intOf(call.node, 'num_groups') ?? 1), ['epsilon', 'num_groups', 'stash_type']),
  BatchNormalization: plain(batchNormalization, ['epsilon', 'momentum', 'spatial', 'training_mode', 'is_test', 'consumed_inputs']),
};

const EPSILON = 1e-5;

/**
 * (x − mean) / √(variance + ε) over each row of `width` numbers; without the mean unless `centred` (RMS).
 * @param affine applies scale and bias to element k of x
 */
function standardised(call: Call, x: GraphValue, width: number, centred: boolean, affine: (v: number, k: number) => number) {
  const epsilon = floatOf(call.node, 'epsilon') ?? Math.fround(EPSILON);
  const rows = width === 0 ? 0 : x.data.length / width;
  const data = allocateShape(x.shape, 'float', call.kernels.precision);
  const [means, inverses] = [0, 1].map(() => allocateShape([rows], 'float', call.kernels.precision));
  for (let r = 0; r < rows; r++) {
    const row = x.data.subarray(r * width, (r + 1) * width);
    let sum = 0;
    if (centred) for (const v of row) sum += v;
    const mean = sum / width;
    let squares = 0;
    for (const v of row) squares += (v - mean) * (v - mean);
    const inverse = 1 / Math.sqrt(squares / width + epsilon);
    const less = call.kernels.rounded?.(mean) ?? mean;
    for (let k = 0; k < width; k++) data[r * width + k] = affine((row[k] - less) * inverse, r * width + k);
    means[r] = mean;
    inverses[r] = inverse;
  }
  return { data, means, inverses };
}

/** Normalises over all axes from `axis` on, with input 1 as the scale; further outputs are the mean and 1/deviation. */
function overLastAxes(call: Call, x: GraphValue, biases: GraphValue | undefined, centred: boolean): GraphValue[] {
  const axis = axisOf(intOf(call.node, 'axis') ?? -1, x.shape.length);
  const own = x.shape.slice(axis);
  const [scale, bias] = [broadcastTo(need(call, 1), own), biases && broadcastTo(biases, own)];
  const width = sizeOf(own);
  const affine = (v: number, k: number) => v * scale.data[k % width] + (bias ? bias.data[k % width] : 0);
  const { data, means, inverses } = standardised(call, x, width, centred, affine);
  const reduced = x.shape.map((n, i) => (i < axis ? n : 1));
  return [
    { kind: 'float', shape: x.shape, data },
    { kind: 'float', shape: reduced, data: means },
    { kind: 'float', shape: reduced, data: inverses },
  ];
}

/** Normalises X [N, C, …] over each group of channels of a sample, with scale and bias per channel (before opset 21: per group). */
function inGroups(call: Call, groups: number): GraphValue {
  const [x, scale, bias] = [0, 1, 2].map(i => need(call, i));
  const [, C, ...space] = x.shape;
  const given = scale.data.length;
  if (
    !Number.isInteger(C / groups) ||
    bias.data.length !== given ||
    given !== (call.opset < 21 && call.node.opType === 'GroupNormalization' ? groups : C)
  )
    throw shapeError('the scale does not match the channels', `${formatShape(scale.shape)} for ${C} channels in ${groups} groups`);
  const size = sizeOf(space);
  const at = (k: number) => Math.floor((Math.floor(k / size) % C) / (C / given));
  const affine = (v: number, k: number) => v * scale.data[at(k)] + bias.data[at(k)];
  return { kind: 'float', shape: x.shape, data: standardised(call, x, (C / groups) * size, true, affine).data };
}

/** X [N, C, …] with one scale, bias, mean and variance for each of the C channels. */
function batchNormalization(call: Call): GraphValue {
  if (intOf(call.node, 'training_mode') === 1 || intOf(call.node, 'spatial') === 0) {
    throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', 'BatchNormalization is supported at inference only', {
      expected: 'training_mode 0 and spatial 1',
      fix: 'export the model after model.eval()',
    });
  }
  const x = need(call, 0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map(i => need(call, i));
  const C = x.shape[1];
  for (const p of [scale, bias, mean, variance])
    if (p.data.length !== C) throw shapeError('a parameter does not match the channels', formatShape(p.shape), formatShape([C ?? 0]));
  const epsilon = floatOf(call.node, 'epsilon') ?? Math.fround(EPSILON);
  const width = sizeOf(x.shape.slice(2));
  const data = allocateShape(x.shape, 'float', call.kernels.precision);
  const { rounded = (v: number) => v } = call.kernels;
  const less = Array.from(mean.data, v => rounded(v));
  for (let k = 0; k < data.length; k++) {
    const c = Math.floor(k / width) % C;
    data[k] = ((x.data[k] - less[c]) / Math.sqrt(variance.data[c] + epsilon)) * scale.data[c] + bias.data[c];
  }
  return { kind: 'float', shape: x.shape, data };
}

/** x / ‖x‖ along one axis, of p = 1 or 2; zeros stay zero. */
function byNorm(call: Call): GraphValue {
  const x = need(call, 0);
  const axis = axisOf(intOf(call.node, 'axis') ?? -1, x.shape.length);
  const [n, step] = [x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
  const first = choice(call.node, 'p', String(intOf(call.node, 'p') ?? 2), { 1: true, 2: false });
  const data = x.data.slice();
  for (let start = 0; start < data.length; start++) {
    if (Math.floor(start / step) % n !== 0) continue;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += first ? Math.abs(data[start + k * step]) : data[start + k * step] ** 2;
    const norm = first ? sum : Math.sqrt(sum);
    for (let k = 0; k < n && norm !== 0; k++) data[start + k * step] /= norm;
  }
  return { ...x, data };
}

/** (x − mean) / (deviation + 1e-9) over the axes */
function byMeanAndVariance(call: Call): GraphValue {
  const x = need(call, 0);
  const axes = (intsOf(call.node, 'axes') ?? [0, 2, 3]).map(axis => axisOf(axis, x.shape.length));
  const kept = x.shape.map((_, axis) => !axes.includes(axis));
  const strides = stridesOf(x.shape);
  const group = (k: number) =>
    kept.reduce((at, keeps, axis) => (keeps ? at + (Math.floor(k / strides[axis]) % x.shape[axis]) * strides[axis] : at), 0);
  const [count, sum, squares] = [0, 1, 2].map(() => new Float64Array(x.data.length));
  x.data.forEach((v, k) => {
    count[group(k)]++;
    sum[group(k)] += v;
  });
  x.data.forEach((v, k) => {
    squares[group(k)] += (v - sum[group(k)] / count[group(k)]) ** 2;
  });
  const data = x.data.map((v, k) => (v - sum[group(k)] / count[group(k)]) / (Math.sqrt(squares[group(k)] / count[group(k)]) + 1e-9));
  return { ...x, data };
}

/** x [N, C, …] / (bias + alpha / size · Σ x² over neighbouring channels)^beta */
function byNeighbours(call: Call): GraphValue {
  const x = need(call, 0);
  const size = intOf(call.node, 'size') ?? 1;
  const [alpha, beta, bias] = [floatOf(call.node, 'alpha') ?? 1e-4, floatOf(call.node, 'beta') ?? 0.75, floatOf(call.node, 'bias') ?? 1];
  const [, C] = x.shape;
  const step = sizeOf(x.shape.slice(2));
  const data = x.data.map((v, k) => {
    const c = Math.floor(k / step) % C;
    let sum = 0;
    pass(4 * Math.min(size, C));
    for (let i = Math.max(0, c - Math.floor((size - 1) / 2)); i <= Math.min(C - 1, c + Math.ceil((size - 1) / 2)); i++)
      sum += x.data[k + (i - c) * step] ** 2;
    return v * exp(-beta * log(bias + (alpha / size) * sum));
  });
  return { ...x, data };
}
