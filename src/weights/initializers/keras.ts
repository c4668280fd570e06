import type { WeightShape } from '../../cells/cell.js';
import type { LayerSpec } from '../../model/spec.js';
import { fans, filled, type Initializer, uniformWithin } from './initializer.js';
import { drawOrthogonal } from './orthogonal.js';

/**
 * Keras' defaults: kernels glorot_uniform over all gates together, recurrent kernels orthogonal as one matrix [M, G·M], embeddings uniform in
 * ±0.05, biases zero except that of the LSTM's forget gate, which is 1 (unit_forget_bias). Projections and peepholes, which Keras lacks, are
 * drawn like kernels.
 */
export const keras: Initializer = {
  name: 'keras',
  draw({ weight, layer }, stream) {
    if (weight.role === 'bias') return kerasBias(weight, layer);
    if (weight.role === 'recurrentKernel') return drawOrthogonal(weight.shape, stream);
    if (weight.role === 'embeddings') return uniformWithin(weight.shape, 0.05, stream);
    const { fanIn, fanOut } = fans(weight.shape);
    return uniformWithin(weight.shape, Math.sqrt(6 / (fanIn + fanOut)), stream);
  },
};

/** [G·M] or [2, G·M]: zeros; ones at the LSTM's forget gate, in the first row only, so that the sum of both rows is Keras' bias. */
export function kerasBias(weight: WeightShape, layer: LayerSpec): Float64Array {
  const bias = filled(weight.shape, 0);
  if (layer.kind === 'lstm' && layer.unitForgetBias) bias.fill(1, layer.units, 2 * layer.units); // gates i, f, g, o
  return bias;
}
