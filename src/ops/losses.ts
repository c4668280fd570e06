import { formatShape, sizeOf } from '../tensor/tensor.js';
import { ARITHMETIC } from './arithmetic.js';
import { intOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, type GraphValue, shapeError } from './value.js';

/** Losses that are part of the graph: scores x [N, C, …S], targets [N, …S], weights of the classes [C]. */
export const LOSSES: Operators = {
  NegativeLogLikelihoodLoss: plain(call => loss(call, need(call, 0)), ['ignore_index', 'reduction']),
  SoftmaxCrossEntropyLoss: { attributes: ['ignore_index', 'reduction'], run: crossEntropy },
};

function crossEntropy(call: Call): GraphValue[] {
  const attributes = new Map([['axis', { type: 'int', value: 1n }] as const]);
  const [logs] = ARITHMETIC.LogSoftmax.run({ ...call, opset: 13, node: { ...call.node, opType: 'LogSoftmax', attributes } });
  return [loss(call, logs), logs];
}

/** −x at the target, weighted by its class; ignored targets do not count. */
function loss(call: Call, x: GraphValue): GraphValue {
  const [target, weights] = [need(call, 1), call.inputs[2]];
  const [N, C, ...space] = x.shape;
  const size = sizeOf(space);
  if (formatShape(target.shape) !== formatShape([N, ...space]))
    throw shapeError('the targets have the wrong shape for these scores', formatShape(target.shape), formatShape([N, ...space]));
  if (weights && (weights.shape.length !== 1 || weights.data.length !== C))
    throw shapeError('the weights of the classes have the wrong shape', formatShape(weights.shape), formatShape([C]));
  const ignored = intOf(call.node, 'ignore_index');
  const data = allocateShape(target.shape, 'float', call.kernels.precision);
  let [total, counted] = [0, 0];
  target.data.forEach((c, k) => {
    if (c === ignored) return;
    const at = c < 0 ? c + C : c;
    if (!Number.isInteger(at) || at < 0 || at >= C) throw shapeError(`there is no class ${c}`, String(c), `0 to ${C - 1}`);
    const weight = weights ? weights.data[at] : 1;
    data[k] = -weight * x.data[(Math.floor(k / size) * C + at) * size + (k % size)];
    total += data[k];
    counted += weight;
  });
  const reduction = textOf(call.node, 'reduction') ?? 'mean';
  if (reduction === 'none') return { kind: 'float', shape: target.shape, data };
  const one = allocateShape([], 'float', call.kernels.precision);
  one[0] = reduction === 'sum' ? total : total / counted;
  return { kind: 'float', shape: [], data: one };
}
