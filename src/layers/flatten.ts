import { factor } from '../cells/weightShapes.js';
import { sizeOf } from '../tensor/tensor.js';
import { multiply, NO_COST } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** [N, T, M] -> [N, T·M] */
export interface FlattenSpec extends LayerBase {
  readonly kind: 'flatten';
}

export const flatten: LayerKind<FlattenSpec> = {
  name: 'flatten',
  reads: 'sequence',
  grammar: {},
  kerasClass: () => 'Flatten',
  fields: {},
  weightShapes: () => [],
  outputShape(_layer, [input]) {
    const [N, ...rest] = input;
    const size = multiply(...rest.map(d => d.size));
    return [N, { symbol: rest.map(d => factor(d.symbol)).join('*'), size: size === null ? null : Number(size) }];
  },
  cost: () => NO_COST,
  formula: () => null,
  apply(_layer, [{ tensor }]) {
    const [N, ...rest] = tensor.shape;
    return { tensor: { shape: [N, sizeOf(rest)], data: tensor.data } };
  },
};
