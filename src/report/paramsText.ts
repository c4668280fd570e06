import type { LayerRow, ShapesResult, WeightRow } from '../run/result.js';
import { countText, formulaText } from './numbers.js';

/** Formats parameter counts, including those with a symbolic D. */

/** '146', or '20·D + 132'. */
export function totalText({ params, formulas }: ShapesResult['totals'], separators: boolean): string {
  return formulas?.params ? formulaText(formulas.params) : countText(params, separators);
}

type Counted = Pick<WeightRow, 'dims' | 'shape' | 'count'>;

/** Parameters of a layer or a weight: '180', or '20·D + 120'; '?' if they are not linear in D. */
export function paramsText({ params, weights }: Pick<LayerRow, 'params'> & { weights: readonly Counted[] }, separators: boolean): string {
  if (params !== null) return countText(params, separators);
  let slope = 0n;
  let rest = 0n;
  for (const { dims, shape, count } of weights) {
    const at = shape.indexOf(null);
    if (count !== null) rest += BigInt(count);
    else if (dims[at] !== 'D' || at !== shape.lastIndexOf(null)) return '?';
    else slope += shape.reduce<bigint>((product, size) => product * BigInt(size ?? 1), 1n);
  }
  return `${slope}·D${rest === 0n ? '' : ` + ${rest}`}`;
}
