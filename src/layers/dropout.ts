import { inBoth } from './facets.js';
import type { Json } from './kerasConfig.js';
import type { LayerBase, LayerKind } from './layer.js';

/** Layers that act in training only (dropout, noise, image augmentation): the identity here. */
export interface DropoutSpec extends LayerBase {
  readonly kind: 'dropout';
  readonly rate: number;
  readonly kerasClass: string;
}

// biome-ignore format: a table
const NOISE = [
  'Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D', 'GaussianDropout', 'GaussianNoise', 'AlphaDropout',
  'ActivityRegularization', 'Identity',
];

/** Image augmentation, with the arguments that Keras requires. */
// biome-ignore format: a table
const IMAGES: Readonly<Record<string, Json>> = {
  AugMix: {}, CutMix: {}, Equalization: {}, MaxNumBoundingBoxes: { max_number: 1 }, MixUp: {}, RandAugment: {}, RandomBrightness: { factor: 0 }, RandomColorDegeneration: { factor: 0 },
  RandomColorJitter: {}, RandomContrast: { factor: 0 }, RandomElasticTransform: {}, RandomErasing: {}, RandomFlip: {},
  RandomGaussianBlur: {}, RandomGrayscale: {}, RandomHeight: { factor: 0 }, RandomHue: { factor: 0 }, RandomInvert: {},
  RandomPerspective: {}, RandomPosterization: { factor: 8 }, RandomRotation: { factor: 0 }, RandomSaturation: { factor: 0 },
  RandomSharpness: { factor: 0 }, RandomShear: {}, RandomTranslation: { height_factor: 0, width_factor: 0 }, RandomWidth: { factor: 0 },
  RandomZoom: { height_factor: 0 }, Solarization: {},
};

const CLASSES = [...NOISE, ...Object.keys(IMAGES)];

export const dropout: LayerKind<DropoutSpec> = {
  name: 'dropout',
  movesNumbers: true,
  reads: 'anything',
  passesMask: () => true,
  stepwise: () => true,
  grammar: { number: { field: 'rate', example: '0.5' } },
  kerasClass: layer => layer.kerasClass,
  fields: { rate: { type: 'number', min: 0, max: 1, default: 0.5 }, kerasClass: { type: 'choice', choices: CLASSES, default: 'Dropout' } },
  keras: {
    classes: Object.fromEntries(
      CLASSES.map(kerasClass => [kerasClass, config => ({ rate: hasRate(kerasClass) ? (config.rate ?? 0.5) : 0, kerasClass })]),
    ),
    forImages: Object.keys(IMAGES),
    config: ({ rate, kerasClass }) =>
      hasRate(kerasClass) ? { rate } : kerasClass === 'GaussianNoise' ? { stddev: 0 } : (IMAGES[kerasClass] ?? {}),
  },
  onnx: (_layer, { inputs: [x] }) => x,
  scripts: inBoth((_library, _layer, { inputs: [x] }) => x),
  apply: (_layer, [{ tensor, kind }]) => (kind === undefined ? { tensor } : { tensor, kind }),
};

function hasRate(kerasClass: string): boolean {
  return kerasClass.endsWith('Dropout') || kerasClass.startsWith('Spatial');
}
