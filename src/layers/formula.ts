import type { LayerBase, LayerSymbols, WholeKind } from './layer.js';
import type { DimShape } from './shape.js';

/** Returns the formula of a layer's parameter count: its own closed formula, or the sum over its weights; null without weights. */
export function formulaOf<S extends LayerBase & { readonly kind: string }>(
  kind: WholeKind<S>,
  layer: S,
  inputs: readonly DimShape[],
  symbols: LayerSymbols,
): string | null {
  if (kind.formula) return kind.formula(layer, inputs, symbols);
  const weights = kind.weightShapes(layer, inputs, symbols);
  const formulas = weights.map(w => w.formula);
  if (formulas.length > 1 && formulas.every(f => f === formulas[0])) return `${formulas.length}*${formulas[0]}`;
  return formulas.length === 0 ? null : formulas.join('+');
}
