import * as all from './all.js';
import { type AnyLayerKind, provideKinds } from './lookup.js';

export { type AnyLayer, type AnyLayerKind, getLayerKind } from './lookup.js';

const KINDS = all as unknown as Record<string, AnyLayerKind>;
provideKinds(KINDS);

export const LAYER_KINDS: readonly AnyLayerKind[] = Object.values(KINDS);
