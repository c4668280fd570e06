import { int } from '../../formats/onnx/builder.js';
import { exp } from '../../numerics/exp.js';
import { allocate, precisionOf, type Tensor } from '../../tensor/tensor.js';
import type { OnnxCall } from '../facets.js';
import type { Value } from '../layer.js';
import { cast, number } from '../onnxSteps.js';

/** What a call of either attention may ask for in addition. */
export const CALL_OPTIONS = { use_causal_mask: 'causal', return_attention_scores: 'scores' };

export interface Sight {
  /** step t sees no later step */
  readonly causal: boolean;
  /** step t sees the steps that are fewer than so many away */
  readonly slidingWindow?: number | null;
}

/** Which of the S positions step t of a sample may look at: the mask of the values, with `causal` none after t, and none outside a window. */
export function visible(values: Value, { causal, slidingWindow }: Sight): ((n: number, t: number, s: number) => boolean) | undefined {
  const { mask, tensor } = values;
  const within = slidingWindow ?? Number.POSITIVE_INFINITY;
  if (!mask && !causal && within === Number.POSITIVE_INFINITY) return undefined;
  const S = tensor.shape[1];
  return (n, t, s) => (mask === undefined || mask[n * S + s] === 1) && (!causal || s <= t) && Math.abs(s - t) < within;
}

/** The same as truth values that broadcast over [N, T, S]. */
export function visibleOnnx(
  name: string,
  { causal, slidingWindow }: Sight,
  { builder, inputs: [query, value], masks }: OnnxCall,
): string | undefined {
  const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, `${name}/visible`);
  const known = masks[1] === undefined ? undefined : add('Unsqueeze', [masks[1], builder.integers([1])]);
  if (!causal && !slidingWindow) return known;
  const steps = [query, value].map(x => add('Shape', [x], { start: int(1), end: int(2) }));
  const ones = add('Expand', [number(builder, 1, name), add('Concat', steps, { axis: int(0) })]);
  const upToThis = causal ? add('Trilu', [ones], { upper: int(0) }) : ones;
  const part = (x: string, places: number, upper: number) => add('Trilu', [x, builder.integers([places])], { upper: int(upper) });
  const near = slidingWindow ? part(part(upToThis, 1 - slidingWindow, 1), slidingWindow - 1, 0) : upToThis;
  const before = cast(builder, near, 'bool', name);
  return known === undefined ? before : add('And', [known, before]);
}

/** Softmax over the last axis of one row of scores, in place: e^(x − max), summed in the order of the axis. */
export function softmaxRow(row: Float64Array): void {
  let most = -Infinity;
  for (const v of row) if (v > most || Number.isNaN(v)) most = v;
  let sum = 0;
  for (let s = 0; s < row.length; s++) {
    row[s] = exp(row[s] - most);
    sum += row[s];
  }
  for (let s = 0; s < row.length; s++) row[s] /= sum;
}

/** weights [S] · values [S, V] of sample n, written at `to`. Values may be one head of several: `stride` numbers apart, from `start`. */
export function weightedSum(
  weights: Float64Array,
  value: (s: number) => number,
  V: number,
  data: Tensor['data'],
  out: Tensor['data'],
  to: number,
): void {
  for (let v = 0; v < V; v++) {
    let sum = 0;
    for (let s = 0; s < weights.length; s++) sum += weights[s] * data[value(s) + v];
    out[to + v] = sum;
  }
}

/** Zeros of [N, T, V] in the precision of a tensor. */
export function emptyLike(t: Tensor, shape: readonly number[]): { shape: readonly number[]; data: Tensor['data'] } {
  return {
    shape,
    data: allocate(
      shape.reduce((a, b) => a * b, 1),
      precisionOf(t),
    ),
  };
}
