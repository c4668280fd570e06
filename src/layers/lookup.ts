import { RnnError } from '../errors.js';
import { byName } from '../registry.js';
import type { LayerBase, LayerContext, LayerResult, Value, WholeKind } from './layer.js';

/** Look-up of kinds by name, for layers that contain layers. Provided by index.ts, which they cannot import without a cycle. */

/** Any layer of a spec, for code that treats all kinds alike. */
export type AnyLayer = LayerBase & { readonly kind: string };
export type AnyLayerKind = WholeKind<AnyLayer>;

let known: Record<string, AnyLayerKind> = {};

/** Called once, by index.ts. */
export function provideKinds(kinds: Record<string, AnyLayerKind>): void {
  known = kinds;
}

/** @throws RnnError E_UNKNOWN_LAYER_KIND */
export function getLayerKind(name: string): AnyLayerKind {
  return byName('layer kind', known, name);
}

/** Computes the layer's outputs. The first gets the mask of the first input if it has the same steps. @throws RnnError E_MASK */
export function layerOutputs(layer: AnyLayer, inputs: readonly Value[], context: LayerContext): LayerResult {
  const kind = getLayerKind(layer.kind);
  const [first] = inputs;
  if (first?.mask && readsMask(layer) && first.mask.length !== first.tensor.shape[0] * first.tensor.shape[1]) throw otherSteps(layer);
  const result = kind.apply(layer, inputs, context);
  return first?.mask && kind.passesMask?.(layer) ? { ...result, mask: first.mask } : result;
}

/** Whether the layer's result depends on masked steps. */
export function readsMask(layer: AnyLayer): boolean {
  if ('returnSequences' in layer || /attention$|^bidirectional$|^concatenate$/.test(layer.kind)) return true;
  return ('useMask' in layer && layer.useMask === true) || ('kerasClass' in layer && layer.kerasClass === 'Softmax');
}

/** The error for a mask over other axes than the layer's steps: that of an Embedding of [N, S, T] masks T inside each of S steps, not S. */
export function otherSteps(layer: AnyLayer): RnnError {
  return new RnnError('unsupported', 'E_MASK', `the mask that reaches ${layer.kind} is not one of its steps`, {
    where: 'mask',
    expected: 'a mask [N, T] of the steps that the layer reads',
    found: 'a mask of other axes, such as that of an embedding of [N, T, S], or of steps outside TimeDistributed',
    fix: 'leave the masking out',
  });
}
