import { weightShape } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import type { Json } from '../kerasConfig.js';
import type { LayerBase, LayerKind } from '../layer.js';
import type { AnyLayer } from '../lookup.js';
import { innerPath, kindOf } from './inner.js';

/**
 * A layer whose kernel is divided by its largest singular value during training (Keras SpectralNormalization). The file holds the divided
 * kernel, so the forward pass is that of the inner layer. The vector u [1, K] is the state of the power iteration that estimates that value.
 */
export interface SpectralSpec extends LayerBase {
  readonly kind: 'spectralnorm';
  readonly layer: AnyLayer;
}

export const spectralnorm: LayerKind<SpectralSpec> = {
  name: 'spectralnorm',
  reads: 'anything',
  passesMask: ({ layer }) => kindOf(layer).passesMask?.(layer) ?? false,
  kerasClass: () => 'SpectralNormalization',
  fields: { layer: { type: 'layer' } },
  keras: {
    classes: { SpectralNormalization: (config, read) => ({ layer: withoutTokens(read.layer(config.layer)) }) },
    config: ({ layer }) => ({ layer }),
    path: ({ layer }, weight, index) => (weight === 'u' ? 'vars/1' : `layer/${innerPath(layer, weight, Math.max(0, index - 1))}`),
    // the kernel, stored a second time
    repeated: 'vars/0',
  },
  weightShapes({ layer }, inputs, symbols) {
    const weights = kindOf(layer).weightShapes(layer, inputs, symbols);
    const { dims, shape } = weights[0];
    const wide = dims[dims.length - 1];
    const own = { dims: ['1', wide], shape: [1, shape[shape.length - 1]], formula: wide, frozen: true };
    // in Keras' order: the wrapper's own weights come first, and the kernel is one of them
    return [weights[0], weightShape({ name: 'u', role: 'statistics', ...own }), ...weights.slice(1)];
  },
  outputShape: ({ layer }, inputs, symbols) => kindOf(layer).outputShape(layer, inputs, symbols),
  cost: ({ layer }, inputs, symbols) => kindOf(layer).cost(layer, inputs, symbols),
  formula: () => null,
  apply: ({ layer }, inputs, context) => kindOf(layer).apply(layer, inputs, context),
  onnx: ({ layer }, call) => call.inner(layer, '', {}),
};

/** Refuses an Embedding: inside SpectralNormalization, Keras casts its vectors to the integer type of its input. @throws RnnError E_KERAS_OPTION */
function withoutTokens(layer: Json): Json {
  if (layer.kind !== 'embedding') return layer;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'a spectrally normalised Embedding is not supported', {
    where: 'layer',
    expected: 'Dense, EinsumDense or a convolution',
    found: 'Embedding',
  });
}
