import { allocate, precisionOf, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { LayerBase } from '../layer.js';
import { type AttendedAxes, attendedAxes } from './axes.js';
import type { MaskGiven } from './scores.js';

/**
 * Keras' MultiHeadAttention and GroupQueryAttention: query [N, T, D], value and key [N, S, ·] are projected to H heads of width P (values: V);
 * each head attends with q / √P; the heads are concatenated and projected to the output. The kernels are [D, H, P], that of the output
 * [H, V, K]. There may be several axes in place of T, and attention may be along some of them only.
 */
export interface MultiHeadSpec extends LayerBase, MaskGiven {
  readonly kind: 'multiheadattention';
  readonly heads: number;
  /** number of heads of keys and values, each shared by consecutive query heads (Keras GroupQueryAttention); null: H */
  readonly keyHeads: number | null;
  /** P */
  readonly units: number;
  /** V; null: the same as P */
  readonly valueUnits: number | null;
  /** K, or the sizes of several axes; null: the width of the query */
  readonly outputUnits: number | readonly number[] | null;
  /** null: all axes between samples and features */
  readonly attentionAxes: readonly number[] | null;
  readonly useBias: boolean;
  readonly causal: boolean;
  /** step t only sees steps less than this far away; null: all */
  readonly slidingWindow: number | null;
  /** whether the output of the heads is multiplied by the sigmoid of a projection of the query */
  readonly useGate: boolean;

  /** whether the attention weights [N, H, T, S] are a second output */
  readonly scores: boolean;
  /** rate; with dropout Keras takes another code path, in which a query that sees nothing yields only the bias of the output */
  readonly dropout: number;
}

/** The axes along which the layer attends, and those around them. */
export function axesOf({ attentionAxes }: MultiHeadSpec, rank: number): AttendedAxes {
  return attendedAxes(attentionAxes, rank);
}

/** Whether a step that sees nothing has attention weights of 0, as in Keras' unfused computation. In its fused attention they are equal. */
export function zeroesUnseen({ dropout, scores }: MultiHeadSpec, rank: number): boolean {
  return dropout > 0 || scores || rank > 3;
}

/** Repeats a weight of keys or values for each head of the query: [.., keyHeads, P] -> [.., H, P]. */
export function forEachHead({ heads, keyHeads }: MultiHeadSpec, name: string, weight: Tensor | undefined): Tensor | undefined {
  if (!weight || keyHeads === null || !/^(key|value)/.test(name)) return weight;
  const width = weight.shape[weight.shape.length - 1];
  const shape = [...weight.shape.slice(0, -2), heads, width];
  const data = allocate(sizeOf(shape), precisionOf(weight));
  const times = heads / keyHeads;
  for (let row = 0; row < data.length / width; row++) {
    const from = Math.floor(row / times) * width;
    data.set(weight.data.subarray(from, from + width), row * width);
  }
  return { shape, data };
}

/** Returns the shape that broadcasts an attention mask over scores [N, …, H, T axes, S axes]: missing axes, of size 1, come before the T and S axes. */
export function maskShape<T>(shape: readonly T[], { around, along }: AttendedAxes, one: T): T[] {
  const pairs = 2 * along.length;
  const missing = Math.max(0, around.length + 1 + pairs - shape.length);
  return [...shape.slice(0, -pairs), ...new Array<T>(missing).fill(one), ...shape.slice(-pairs)];
}

/** The score of a masked step. Its weight is 0 next to other steps; if all steps are masked, all weights are equal. */
export const NEVER = -1e30;
