import { NO_COST } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** The identity: dropout acts in training only. */
export interface DropoutSpec extends LayerBase {
  readonly kind: 'dropout';
  readonly rate: number;
}

export const dropout: LayerKind<DropoutSpec> = {
  name: 'dropout',
  reads: 'anything',
  grammar: { number: { field: 'rate', example: '0.5' } },
  kerasClass: () => 'Dropout',
  fields: { rate: { type: 'number', min: 0, max: 1, default: 0.5 } },
  weightShapes: () => [],
  outputShape: (_layer, [input]) => input,
  cost: () => NO_COST,
  formula: () => null,
  apply: (_layer, [input]) => input,
};
