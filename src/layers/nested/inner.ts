import type { WeightShape } from '../../cells/cell.js';
import type { LayerContext, LayerSymbols } from '../layer.js';
import { type AnyLayer, type AnyLayerKind, getLayerKind } from '../lookup.js';
import type { DimShape } from '../shape.js';

/** Functions for nested layers, whose weights belong to the outer layer and have names with a prefix. */

/** The kind of a nested layer. */
export function kindOf(layer: AnyLayer): AnyLayerKind {
  return getLayerKind(layer.kind);
}

/** The letters of an inner layer's sizes. They are numbers, since letters are only given to the outer layer. */
export function plainSymbols(layer: AnyLayer): LayerSymbols {
  const { units, projection } = layer as { units?: number; projection?: number | null };
  return { units: String(units ?? 'M'), projection: String(projection ?? 'P') };
}

/** Returns the inner layer's weights, named `prefix/name`. */
export function innerWeights(layer: AnyLayer, prefix: string, inputs: readonly DimShape[]): WeightShape[] {
  const weights = kindOf(layer).weightShapes(layer, inputs, plainSymbols(layer));
  return weights.map(w => ({ ...w, name: `${prefix}/${w.name}`, ...(layer.trainable ? {} : { frozen: true }) }));
}

/** Returns the context of an inner layer: its weights, under their names without the prefix. */
export function innerContext(context: LayerContext, prefix: string, initial: LayerContext['initial']): LayerContext {
  const own = [...context.weights].filter(([name]) => name.startsWith(`${prefix}/`));
  return { ...context, weights: new Map(own.map(([name, t]) => [name.slice(prefix.length + 1), t])), initial };
}

/** Path of an inner layer's weight in a Keras file, below the inner layer's group. */
export function innerPath(layer: AnyLayer, weight: string, index: number): string {
  return kindOf(layer).keras?.path?.(layer, weight, index) ?? `vars/${index}`;
}
