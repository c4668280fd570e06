import { isRecurrent } from '../../model/spec.js';
import { each, type Initializer, uniformWithin } from './initializer.js';

/**
 * What PyTorch's modules do by default: everything of nn.RNN, nn.LSTM, nn.GRU uniform in ±1/√M; weight and bias of nn.Linear uniform in
 * ±1/√in; nn.Embedding standard normal.
 */
export const torch: Initializer = {
  name: 'torch',
  draw({ weight, layer, fanIn }, stream) {
    if (isRecurrent(layer)) return uniformWithin(weight.shape, 1 / Math.sqrt(layer.units), stream);
    if (weight.role === 'embeddings') return each(weight.shape, () => stream.normal());
    // the vector of additive attention is the nn.Linear of one output that PyTorch writes for it
    return uniformWithin(weight.shape, 1 / Math.sqrt(fanIn || (weight.shape.at(-1) ?? 1)), stream);
  },
};
