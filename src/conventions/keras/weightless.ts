import type { WeightGroup } from '../inferLayers.js';
import { layerNameOfClass } from './classes.js';

/**
 * Derives a layer without weights from its name, in a file that names layers but does not describe them: the default name contains the
 * class. Layers without effect are omitted; `_` marks what the name leaves open.
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
