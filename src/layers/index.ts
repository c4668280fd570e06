import * as all from './all.js';
import type { LayerContext, LayerResult, Value } from './layer.js';
import { type AnyLayer, type AnyLayerKind, getLayerKind, provideKinds } from './lookup.js';
import { recurrentKinds } from './recurrent.js';

export { type AnyLayer, type AnyLayerKind, getLayerKind } from './lookup.js';

/** What is in all.ts, and a layer for each cell. */
const KINDS = { ...all, ...recurrentKinds } as unknown as Record<string, AnyLayerKind>;
provideKinds(KINDS);

/** The layer's outputs, the first with the mask of its first input where it has the same steps. */
export function applied(layer: AnyLayer, inputs: readonly Value[], context: LayerContext): LayerResult {
  const kind = getLayerKind(layer.kind);
  const result = kind.apply(layer, inputs, context);
  return inputs[0]?.mask && kind.passesMask?.(layer) ? { ...result, mask: inputs[0].mask } : result;
}

export const LAYER_KINDS: readonly AnyLayerKind[] = Object.values(KINDS);
