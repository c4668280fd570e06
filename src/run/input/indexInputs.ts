import { getLayerKind } from '../../layers/index.js';
import type { LayerSpec, ModelSpec } from '../../model/spec.js';

/**
 * The number of indices to draw from for an input that is used to look up rows of tables, directly or after operators: the rows of the
 * smallest table. Only half as many if the indices are computed with on the way (x + 1, T − x), so that they stay in range. Null if the
 * input is no index.
 */
export function rowsLookedUp(model: ModelSpec, input: string): number | null {
  const rows: number[] = [];
  const seen = new Set<string>();
  const visit = (value: string, isComputed: boolean): void => {
    if (seen.has(`${value} ${isComputed}`)) return;
    seen.add(`${value} ${isComputed}`);
    for (const layer of model.layers.filter(l => l.inputs.includes(value))) {
      const table = rowsOf(layer, value);
      if (table !== null) rows.push(isComputed ? Math.ceil(table / 2) : table);
      else if (layer.kind === 'op' ? !MADE_ANEW.has(layer.op) : getLayerKind(layer.kind).movesNumbers)
        visit(layer.name, isComputed || (layer.kind === 'op' && !MOVING.has(layer.op)));
    }
  };
  visit(input, false);
  return rows.length > 0 ? Math.min(...rows) : null;
}

/** Rows of the table in which the layer looks the value up; null if it does something else with it. */
function rowsOf(layer: LayerSpec, value: string): number | null {
  if (layer.kind === 'embedding') return layer.tokens;
  if (layer.kind !== 'op' || layer.inputs[0] !== value) return null;
  const table = layer.op === 'Gather' ? layer.operands?.[0] : undefined;
  return table ? (table.shape[Number(layer.attributes.axis ?? 0)] ?? null) : null;
}

/** Operators that only move the numbers of their input. */
const MOVING: ReadonlySet<string> = new Set(
  'Reshape Unsqueeze Squeeze Transpose Cast Identity Slice Concat Split Flatten Expand Tile Gather ReduceMax ReduceMin Mod'.split(' '),
);

/** Operators whose outputs are positions, sizes or booleans, whatever numbers they read. */
const MADE_ANEW: ReadonlySet<string> = new Set(
  'ArgMax ArgMin TopK NonZero Shape Size Equal Greater GreaterOrEqual Less LessOrEqual Not And Or Xor IsNaN IsInf'.split(' '),
);
