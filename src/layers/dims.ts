import type { ActivationSpec } from '../activations/activation.js';
import { factor } from '../cells/weightShapes.js';
import { RnnError } from '../errors.js';
import type { Dim, DimShape, LayerCost } from './layer.js';

/** Shape algebra over symbolic dims, shared by the layer kinds. Sizes are null while symbolic; counts are exact (BigInt). */

export const NO_COST: LayerCost = { matmul: 0n, bias: 0n, elementwise: 0n, activations: 0n, formula: '' };

/** The cost of a layer with one operation for each input number. */
export function costPerNumber(kind: 'elementwise' | 'activations') {
  return (_layer: unknown, [input]: readonly DimShape[]): LayerCost => ({
    ...NO_COST,
    [kind]: multiply(...input.slice(1).map(d => d.size)),
  });
}

/** The cost of a matrix product, plus a bias and an activation for each of its `out` results. */
export function productCost(
  { useBias, activation }: { readonly useBias: boolean; readonly activation: ActivationSpec },
  matmul: bigint | null,
  out: bigint | null,
  formula: string,
): LayerCost {
  return { matmul, bias: useBias ? out : 0n, elementwise: 0n, activations: activation === 'linear' ? 0n : out, formula };
}

/** The cost of several layers together. */
export function sumOfCosts(each: readonly LayerCost[]): LayerCost {
  const sum = (key: 'matmul' | 'bias' | 'elementwise' | 'activations') =>
    each.reduce<bigint | null>((total, cost) => (total === null || cost[key] === null ? null : total + cost[key]), 0n);
  const formula = each.map(cost => cost.formula).join('+');
  return { matmul: sum('matmul'), bias: sum('bias'), elementwise: sum('elementwise'), activations: sum('activations'), formula };
}

/** `(N, 10, 3)`: sizes where known, letters where not. */
export function showShape(shape: DimShape): string {
  return `(${shape.map(d => d.size ?? d.symbol).join(', ')})`;
}

/** Returns [N, T, D] as three dims. @throws RnnError E_SEQ if the shape is not that of a sequence */
export function sequenceOf(shape: DimShape): readonly [Dim, Dim, Dim] {
  if (shape.length !== 3) {
    throw new RnnError('shape', 'E_SEQ', `needs a sequence (N, T, features) but gets ${showShape(shape)}`, {
      expected: '(N, T, features)',
      found: showShape(shape),
      more: 'return_sequences',
    });
  }
  return [shape[0], shape[1], shape[2]];
}

/** Returns the last size. @throws RnnError E_SYMBOLIC if it is unknown */
export function widthOf(shape: DimShape): number {
  const last = shape[shape.length - 1];
  if (last.size === null) {
    throw new RnnError('shape', 'E_SYMBOLIC', `needs a known width but ${showShape(shape)} ends in ${last.symbol}`, {
      fix: 'give T a number (--T 10): its weights depend on it',
    });
  }
  return last.size;
}

/** Exact product of sizes; null when one is symbolic. */
export function multiply(...sizes: (number | bigint | null)[]): bigint | null {
  let total = 1n;
  for (const size of sizes) {
    if (size === null) return null;
    total *= BigInt(size);
  }
  return total;
}

/** Returns the size of concatenated axes: T+1. */
export function sumOfDims(dims: readonly Dim[]): Dim {
  const size = dims.some(d => d.size === null) ? null : dims.reduce((total, d) => total + d.size!, 0);
  return { symbol: dims.map(d => d.symbol).join('+'), size };
}

/** Returns the features of a sequence, or of a value with more axes. @throws RnnError E_SEQ for fewer axes */
export function featuresOf(shape: DimShape): Dim {
  return shape.length > 3 ? shape[shape.length - 1] : sequenceOf(shape)[2];
}

/** How many vectors a layer processes per sample: the product of all sizes between the batch and the last axis (1 for [N, M], T for [N, T, M]). */
export function stepsOf(shape: DimShape): bigint | null {
  return multiply(...shape.slice(1, -1).map(d => d.size));
}

/** 'T*' for a sequence, '' for one vector per sample. */
export function stepsFormula(shape: DimShape): string {
  return shape
    .slice(1, -1)
    .map(d => `${factor(d.symbol)}*`)
    .join('');
}

/** `2M`, `2(T*M)`: a multiple of a symbol. */
export function multipleOf(n: number, symbol: string): string {
  return /^[A-Z][0-9]*$/.test(symbol) ? `${n}${symbol}` : `${n}*(${symbol})`;
}

/** Wraps known sizes as a shape, without letters. */
export function symbolic(shape: readonly number[]): DimShape {
  return shape.map(size => ({ symbol: '', size }));
}

/** The cost per sample of a layer inside `eachstep`, which runs at every step of the outer sequences. */
export function timesSteps(cost: LayerCost, steps: readonly Dim[]): LayerCost {
  if (steps.length === 0) return cost;
  const { formula, ...each } = cost;
  const times = (count: bigint | null) => (count === 0n ? 0n : multiply(count, ...steps.map(d => d.size)));
  return {
    matmul: times(each.matmul),
    bias: times(each.bias),
    elementwise: times(each.elementwise),
    activations: times(each.activations),
    formula: formula === '' ? '' : `${steps.map(d => d.symbol).join('*')}*(${formula})`,
  };
}
