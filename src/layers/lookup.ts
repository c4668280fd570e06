import { byName } from '../registry.js';
import type { LayerBase, LayerKind } from './layer.js';

/** The kinds by name, for layers that hold layers: index.ts, which knows them all, provides them. */

/** Any layer of a spec, seen from code that treats all kinds alike. */
export type AnyLayer = LayerBase & { readonly kind: string };
export type AnyLayerKind = LayerKind<AnyLayer>;

let known: Record<string, AnyLayerKind> = {};

export function provideKinds(kinds: Record<string, AnyLayerKind>): void {
  known = kinds;
}

/** @throws RnnError E_UNKNOWN_LAYER_KIND */
export function getLayerKind(name: string): AnyLayerKind {
  return byName('layer kind', known, name);
}
