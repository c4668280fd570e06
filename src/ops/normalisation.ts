import { RnnError } from '../errors.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { floatOf, intOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, axisOf, broadcastTo, type GraphValue, shapeError } from './value.js';

/** Normalisations as they are at inference. */
export const NORMALISATION: Operators = {
  LayerNormalization: { attributes: ['axis', 'epsilon', 'stash_type'], run: layerNormalization },
  BatchNormalization: plain(batchNormalization, ['epsilon', 'momentum', 'spatial', 'training_mode', 'is_test', 'consumed_inputs']),
};

const EPSILON = 1e-5;

/** (x − mean) / √(variance + ε) · scale + bias over all axes from `axis` on; mean and 1/deviation are the further outputs. */
function layerNormalization(call: Call): GraphValue[] {
  const x = need(call, 0);
  const axis = axisOf(intOf(call.node, 'axis') ?? -1, x.shape.length);
  const own = x.shape.slice(axis);
  const [scale, bias] = [broadcastTo(need(call, 1), own), call.inputs[2] && broadcastTo(call.inputs[2], own)];
  const epsilon = floatOf(call.node, 'epsilon') ?? Math.fround(EPSILON);
  const width = sizeOf(own);
  const rows = sizeOf(x.shape.slice(0, axis));
  const reduced = x.shape.map((n, i) => (i < axis ? n : 1));
  const { precision } = call.kernels;
  const [y, means, inverses] = [x.shape, reduced, reduced].map(shape => allocateShape(shape, 'float', precision));
  for (let r = 0; r < rows; r++) {
    const row = x.data.subarray(r * width, (r + 1) * width);
    let sum = 0;
    for (const v of row) sum += v;
    const mean = sum / width;
    let squares = 0;
    for (const v of row) squares += (v - mean) * (v - mean);
    const inverse = 1 / Math.sqrt(squares / width + epsilon);
    for (let k = 0; k < width; k++) y[r * width + k] = (row[k] - mean) * inverse * scale.data[k] + (bias ? bias.data[k] : 0);
    means[r] = mean;
    inverses[r] = inverse;
  }
  return [
    { kind: 'float', shape: x.shape, data: y },
    { kind: 'float', shape: reduced, data: means },
    { kind: 'float', shape: reduced, data: inverses },
  ];
}

/** X [N, C, …] with one scale, bias, mean and variance for each of the C channels. */
function batchNormalization(call: Call): GraphValue {
  if (intOf(call.node, 'training_mode') === 1 || intOf(call.node, 'spatial') === 0) {
    throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', 'BatchNormalization is run as at inference only', {
      expected: 'training_mode 0 and spatial 1',
      fix: 'export the model after model.eval()',
    });
  }
  const x = need(call, 0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map(i => need(call, i));
  const C = x.shape[1];
  for (const p of [scale, bias, mean, variance])
    if (p.data.length !== C) throw shapeError('the channels do not agree', formatShape(p.shape), formatShape([C ?? 0]));
  const epsilon = floatOf(call.node, 'epsilon') ?? Math.fround(EPSILON);
  const width = sizeOf(x.shape.slice(2));
  const data = allocateShape(x.shape, 'float', call.kernels.precision);
  for (let k = 0; k < data.length; k++) {
    const c = Math.floor(k / width) % C;
    data[k] = ((x.data[k] - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon)) * scale.data[c] + bias.data[c];
  }
  return { kind: 'float', shape: x.shape, data };
}
