import { allocate, precisionOf, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { LayerBase } from '../layer.js';
import { type AttendedAxes, attendedAxes } from './axes.js';
import type { MaskGiven } from './scores.js';

/**
 * Keras' MultiHeadAttention, and GroupQueryAttention: query [N, T, D], value and key [N, S, ·] projected to H heads of width P (values of width V), attended head by
 * head with q / √P, joined and projected to the output. Its kernels are [D, H, P], that of the output [H, V, K]. T may be several axes, of which
 * it attends along some.
 */
export interface MultiHeadSpec extends LayerBase, MaskGiven {
  readonly kind: 'multiheadattention';
  readonly heads: number;
  /** heads of keys and values, each for as many of the query in a row (Keras GroupQueryAttention); null: H */
  readonly keyHeads: number | null;
  /** P */
  readonly units: number;
  /** V; null: the same as P */
  readonly valueUnits: number | null;
  /** K, or the sizes of several axes; null: the width of the query */
  readonly outputUnits: number | readonly number[] | null;
  /** null: all between samples and features */
  readonly attentionAxes: readonly number[] | null;
  readonly useBias: boolean;
  readonly causal: boolean;
  /** step t sees the steps that are fewer than so many away; null: all */
  readonly slidingWindow: number | null;
  /** what the heads give is multiplied by the sigmoid of a projection of the query */
  readonly useGate: boolean;

  /** gives the weights of the values [N, H, T, S] as its second output */
  readonly scores: boolean;
  /** Keras computes attention with dropout through another path, in which a query that sees nothing gives the output's bias alone */
  readonly dropout: number;
}

/** The axes that are attended along, and those that lie around them. */
export function axesOf({ attentionAxes }: MultiHeadSpec, rank: number): AttendedAxes {
  return attendedAxes(attentionAxes, rank);
}

/** Whether the scores of a step that attends to nothing are 0: so where Keras computes them step by step, and not with its fused attention. */
export function zeroesUnseen({ dropout, scores }: MultiHeadSpec, rank: number): boolean {
  return dropout > 0 || scores || rank > 3;
}

/** A weight of keys or values [.., H2, P] with a copy for each head of the query: [.., H, P]. */
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

/** Where an attention mask lies over scores [N, …, H, T axes, S axes]: axes of 1 stand before those of T and S, as many as it lacks. */
export function maskShape<T>(shape: readonly T[], { around, along }: AttendedAxes, one: T): T[] {
  const pairs = 2 * along.length;
  const missing = Math.max(0, around.length + 1 + pairs - shape.length);
  return [...shape.slice(0, -pairs), ...new Array<T>(missing).fill(one), ...shape.slice(-pairs)];
}

/** The score of a masked step: its weight is 0 beside other steps; where all steps have it, all weights are equal. */
export const NEVER = -1e30;
