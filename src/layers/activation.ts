import type { ActivationSpec } from '../activations/activation.js';
import { applyActivation } from '../activations/index.js';
import { multiply, NO_COST } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** An activation as a layer of its own (Keras Activation, ReLU, Softmax …). */
export interface ActivationLayerSpec extends LayerBase {
  readonly kind: 'activation';
  readonly activation: ActivationSpec;
}

export const activation: LayerKind<ActivationLayerSpec> = {
  name: 'activation',
  kerasClass: () => 'Activation',
  fields: { activation: { type: 'activation' } },
  weightShapes: () => [],
  outputShape: (_layer, [input]) => input,
  cost: (_layer, [input]) => ({ ...NO_COST, activations: multiply(...input.slice(1).map(d => d.size)) }),
  formula: () => null,
  apply: (layer, [input]) => ({ tensor: applyActivation(layer.activation, input.tensor), mask: input.mask }),
};
