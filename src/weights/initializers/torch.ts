import { isRecurrent } from '../../model/spec.js';
import { each, type Initializer, uniformWithin } from './initializer.js';

/**
 * PyTorch's defaults: all parameters of nn.RNN, nn.LSTM, nn.GRU uniform in ±1/√M; weight and bias of nn.Linear uniform in ±1/√in; nn.Embedding
 * standard normal.
 */
export const torch: Initializer = {
  name: 'torch',
  draw({ weight, layer, fanIn }, stream) {
    if (isRecurrent(layer)) return uniformWithin(weight.shape, 1 / Math.sqrt(layer.units), stream);
    if (weight.role === 'embeddings') return each(weight.shape, () => stream.normal());
    // the vector of additive attention corresponds to an nn.Linear with one output
    return uniformWithin(weight.shape, 1 / Math.sqrt(fanIn || (weight.shape.at(-1) ?? 1)), stream);
  },
};
