import { byName } from '../registry.js';
import * as all from './all.js';
import type { LayerBase, LayerKind } from './layer.js';

/** Any layer of a spec, seen from code that treats all kinds alike. */
export type AnyLayer = LayerBase & { readonly kind: string };
export type AnyLayerKind = LayerKind<AnyLayer>;

const KINDS = all as unknown as Record<string, AnyLayerKind>;

export const LAYER_KINDS: readonly AnyLayerKind[] = Object.values(KINDS);

/** @throws RnnError E_UNKNOWN_LAYER_KIND */
export function getLayerKind(name: string): AnyLayerKind {
  return byName('layer kind', KINDS, name);
}
