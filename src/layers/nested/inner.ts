import type { WeightShape } from '../../cells/cell.js';
import type { LayerContext, LayerSymbols } from '../layer.js';
import { type AnyLayer, type AnyLayerKind, getLayerKind } from '../lookup.js';
import type { DimShape } from '../shape.js';

/** A layer inside a layer: its weights go by the outer one's name and a prefix. */

/** The kind of a layer inside another. */
export function kindOf(layer: AnyLayer): AnyLayerKind {
  return getLayerKind(layer.kind);
}

/** Sizes of inner layers stand as numbers: the outer layer has one set of letters at most. */
export function plainSymbols(layer: AnyLayer): LayerSymbols {
  const { units, projection } = layer as { units?: number; projection?: number | null };
  return { units: String(units ?? 'M'), projection: String(projection ?? 'P') };
}

/** The inner layer's weights, their names behind `prefix`. */
export function innerWeights(layer: AnyLayer, prefix: string, inputs: readonly DimShape[]): WeightShape[] {
  const weights = kindOf(layer).weightShapes(layer, inputs, plainSymbols(layer));
  return weights.map(w => ({ ...w, name: `${prefix}/${w.name}`, ...(layer.trainable ? {} : { frozen: true }) }));
}

/** The context of an inner layer: its own weights by their own names. */
export function innerContext(context: LayerContext, prefix: string, initial: LayerContext['initial']): LayerContext {
  const own = [...context.weights].filter(([name]) => name.startsWith(`${prefix}/`));
  return { ...context, weights: new Map(own.map(([name, t]) => [name.slice(prefix.length + 1), t])), initial };
}

/** Path of an inner layer's weight in a Keras file, below its own group. */
export function innerPath(layer: AnyLayer, weight: string, index: number): string {
  return kindOf(layer).keras?.path?.(layer, weight, index) ?? `vars/${index}`;
}
