import { NO_COST } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** The identity: what acts in training only. */
export interface DropoutSpec extends LayerBase {
  readonly kind: 'dropout';
  readonly rate: number;
  readonly kerasClass: string;
}

const CLASSES = [
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'ActivityRegularization',
  'Identity',
];

export const dropout: LayerKind<DropoutSpec> = {
  name: 'dropout',
  reads: 'anything',
  passesMask: () => true,
  stepwise: () => true,
  grammar: { number: { field: 'rate', example: '0.5' } },
  kerasClass: layer => layer.kerasClass,
  fields: {
    rate: { type: 'number', min: 0, max: 1, default: 0.5 },
    kerasClass: { type: 'choice', choices: CLASSES, default: 'Dropout' },
  },
  keras: {
    classes: Object.fromEntries(
      CLASSES.map(kerasClass => [kerasClass, config => ({ rate: hasRate(kerasClass) ? (config.rate ?? 0.5) : 0, kerasClass })]),
    ),
    config: ({ rate, kerasClass }) => (hasRate(kerasClass) ? { rate } : kerasClass === 'GaussianNoise' ? { stddev: 0 } : {}),
  },
  onnx: (_layer, { inputs: [x] }) => x,
  scripts: { numpy: { expression: (_layer, { inputs: [x] }) => x }, torch: { expression: (_layer, { inputs: [x] }) => x } },
  weightShapes: () => [],
  outputShape: (_layer, [input]) => input,
  cost: () => NO_COST,
  apply: (_layer, [{ tensor, kind }]) => (kind === undefined ? { tensor } : { tensor, kind }),
};

function hasRate(kerasClass: string): boolean {
  return kerasClass.endsWith('Dropout') || kerasClass.startsWith('Spatial');
}
