import * as all from './all.js';
import { type AnyLayerKind, provideKinds } from './lookup.js';
import { recurrentKinds } from './recurrent.js';

export { type AnyLayer, type AnyLayerKind, applied, getLayerKind, otherSteps, readsMask } from './lookup.js';

/** What is in all.ts, and a layer for each cell. */
const KINDS = { ...all, ...recurrentKinds } as unknown as Record<string, AnyLayerKind>;
provideKinds(KINDS);

export const LAYER_KINDS: readonly AnyLayerKind[] = Object.values(KINDS);
