import { concatLast } from '../tensor/layout.js';
import { allocate, type FloatArray, precisionOf, type Tensor } from '../tensor/tensor.js';
import { multipleOf } from './dims.js';
import type { Dim } from './layer.js';

/** How the outputs of the two directions are merged. */
export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave';

/** Width of the merged output: twice for concat, else the same. */
export function mergedWidth(mode: MergeMode, one: Dim): Dim {
  if (mode !== 'concat') return one;
  return { symbol: multipleOf(2, one.symbol), size: one.size === null ? null : 2 * one.size };
}

/** forward [..., M] with backward [..., M] -> [..., 2M] for concat, else [..., M]. */
export function merge(mode: MergeMode, forward: Tensor, backward: Tensor): Tensor {
  if (mode === 'concat') return concatLast([forward, backward]);
  const data = allocate(forward.data.length, precisionOf(forward));
  combine(mode, forward.data, backward.data, data);
  return { shape: forward.shape, data };
}

function combine(mode: MergeMode, a: FloatArray, b: FloatArray, out: FloatArray): void {
  if (mode === 'mul') for (let k = 0; k < out.length; k++) out[k] = a[k] * b[k];
  else if (mode === 'sum') for (let k = 0; k < out.length; k++) out[k] = a[k] + b[k];
  else for (let k = 0; k < out.length; k++) out[k] = (a[k] + b[k]) / 2;
}

/** Splits initial states [fwd…, bwd…] into those of each direction. */
export function bothWays(states: readonly Tensor[] | undefined): [readonly Tensor[] | undefined, readonly Tensor[] | undefined] {
  if (!states) return [undefined, undefined];
  const half = states.length / 2;
  return [states.slice(0, half), states.slice(half)];
}
