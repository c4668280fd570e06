import type { ActivationSpec } from '../activations/activation.js';
import { activate } from '../activations/index.js';
import { allocate, precisionOf, type Tensor } from '../tensor/tensor.js';
import { multiply, NO_COST } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** An activation as a layer of its own (Keras Activation, ReLU, Softmax …). */
export interface ActivationLayerSpec extends LayerBase {
  readonly kind: 'activation';
  readonly activation: ActivationSpec;
}

export const activation: LayerKind<ActivationLayerSpec> = {
  name: 'activation',
  reads: 'anything',
  kerasClass: () => 'Activation',
  fields: { activation: { type: 'activation' } },
  weightShapes: () => [],
  outputShape: (_layer, [input]) => input,
  cost: (_layer, [input]) => ({ ...NO_COST, activations: multiply(...input.slice(1).map(d => d.size)) }),
  formula: () => null,
  apply: (layer, [input]) => ({ tensor: activated(layer.activation, input.tensor), mask: input.mask }),
};

/** The activation of every number, or of every row of the last axis (softmax). */
export function activated(spec: ActivationSpec, t: Tensor): Tensor {
  if (spec === 'linear') return t;
  const data = allocate(t.data.length, precisionOf(t));
  activate(spec, t.data, t.shape[t.shape.length - 1], data);
  return { shape: t.shape, data };
}
