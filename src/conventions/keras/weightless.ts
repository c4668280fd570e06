import type { WeightGroup } from '../inferLayers.js';
import { layerNameOfClass } from './classes.js';

/**
 * A layer without weights in a file that names layers and does not describe them: the default name of a layer is that of its class. Layers
 * without effect are left out; `_` stands where the name is not enough.
 */
export function weightlessGroup(name: string): WeightGroup | 'nothing' | 'unknown' {
  const base = name.replace(/_\d+$/, '');
  if (NOTHING.has(base) || base.endsWith('_input')) return 'nothing';
  const layer = LAYERS.get(base);
  return layer ? { name, layer } : 'unknown';
}

const NOTHING: ReadonlySet<string> = new Set(
  'Dropout SpatialDropout1D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization Identity InputLayer Input'
    .split(' ')
    .map(layerNameOfClass),
);

const LAYERS: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map(
  (
    [
      ['Flatten', { kind: 'flatten' }],
      ['GlobalMaxPooling1D', { kind: 'maxpool' }],
      ['GlobalAveragePooling1D', { kind: 'avgpool' }],
      ['Masking', { kind: 'masking', value: 0 }],
      ['RepeatVector', { kind: 'repeat', times: '_' }],
      ['Activation', { kind: 'activation', activation: '_' }],
      ['LeakyReLU', { kind: 'activation', activation: '_' }],
      ['ELU', { kind: 'activation', activation: '_' }],
      ['ReLU', { kind: 'activation', activation: 'relu' }],
      ['Softmax', { kind: 'activation', activation: 'softmax' }],
      ['MaxPooling1D', { kind: '_' }],
      ['AveragePooling1D', { kind: '_' }],
      ['Reshape', { kind: '_' }],
      ['Permute', { kind: '_' }],
      ['Lambda', { kind: '_' }],
      ['ZeroPadding1D', { kind: '_' }],
      ['UpSampling1D', { kind: '_' }],
      ['Cropping1D', { kind: '_' }],
    ] as const
  ).map(([className, layer]) => [layerNameOfClass(className), layer]),
);
