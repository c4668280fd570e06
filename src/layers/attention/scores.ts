import { RnnError } from '../../errors.js';
import { plural } from '../../escape.js';
import { int } from '../../formats/onnx/builder.js';
import { exp } from '../../numerics/exp.js';
import { allocate, precisionOf, type Tensor } from '../../tensor/tensor.js';
import type { OnnxCall } from '../facets.js';
import type { LayerBase, Value } from '../layer.js';
import { cast, number } from '../onnxSteps.js';

/** Call arguments of both attention layers, and their fields. */
export const CALL_OPTIONS = { use_causal_mask: 'causal', return_attention_scores: 'scores' };

/** Call arguments that are tensors. */
export const CALL_INPUTS = { attention_mask: 'attentionMask' };

export interface MaskGiven {
  /** whether the last input is an attention mask [N, T, S]: 0 if step t of the query does not see value s */
  readonly attentionMask: boolean;
}

/**
 * Attention of a query [N, T, D] over values [N, S, V] and keys [N, S, D] (default: the values), as in Keras' Attention and
 * AdditiveAttention: y_t = Σ_s softmax_s(score(q_t, k_s)) · v_s
 *   dot       scale · q·k
 *   concat    w · Σ tanh(scale · (q + k))
 *   additive  Σ scale ⊙ tanh(q + k)
 * Axes between samples and steps are treated like samples: [N, B, T, D] over [N, B, S, D].
 */
export interface AttentionSpec extends LayerBase, MaskGiven {
  readonly kind: 'attention' | 'additiveattention';
  readonly score: 'dot' | 'concat' | 'additive';
  readonly useScale: boolean;
  /** step t sees no later step */
  readonly causal: boolean;
  /** whether the attention weights [N, T, S] are a second output */
  readonly scores: boolean;
}

/** Returns query, value and key, without the attention mask after them. @throws RnnError E_MERGE if one is missing, or there are more */
export function readBy<T>({ attentionMask }: MaskGiven, inputs: readonly T[]): readonly T[] {
  const read = attentionMask ? inputs.slice(0, -1) : inputs;
  if (read.length === 2 || read.length === 3) return read;
  throw new RnnError(
    'shape',
    'E_MERGE',
    `attention reads a query, values and, if they are others, keys; it has ${plural(read.length, 'input')}`,
    {
      where: 'inputs',
      expected: attentionMask ? 'two or three names, and that of the mask' : 'two or three names',
      found: `${inputs.length}`,
    },
  );
}

export interface Sight {
  /** step t sees no later step */
  readonly causal: boolean;
  /** step t only sees steps less than this far away */
  readonly slidingWindow?: number | null;
}

/** Returns whether step t sees value s: not if s is masked, with `causal` not if s > t, and not outside a sliding window; undefined: always. */
export function visible(
  values: Pick<Value, 'tensor' | 'mask'>,
  { causal, slidingWindow }: Sight,
): ((n: number, t: number, s: number) => boolean) | undefined {
  const { mask, tensor } = values;
  const within = slidingWindow ?? Number.POSITIVE_INFINITY;
  if (!mask && !causal && within === Number.POSITIVE_INFINITY) return undefined;
  const S = tensor.shape[1];
  return (n, t, s) => (mask === undefined || mask[n * S + s] === 1) && (!causal || s <= t) && Math.abs(s - t) < within;
}

/** The same as ONNX nodes: booleans that broadcast over [N, T, S]. */
export function visibleOnnx(
  name: string,
  { causal, slidingWindow }: Sight,
  { builder, inputs: [query, value], masks }: OnnxCall,
  axis: number,
): string | undefined {
  const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, `${name}/visible`);
  const known = masks[1] === undefined ? undefined : add('Unsqueeze', [masks[1], builder.integers([1])]);
  if (!causal && !slidingWindow) return known;
  const steps = [query, value].map(x => add('Shape', [x], { start: int(axis), end: int(axis + 1) }));
  const ones = add('Expand', [number(builder, 1, name), add('Concat', steps, { axis: int(0) })]);
  const upToThis = causal ? add('Trilu', [ones], { upper: int(0) }) : ones;
  const part = (x: string, places: number, upper: number) => add('Trilu', [x, builder.integers([places])], { upper: int(upper) });
  const near = slidingWindow ? part(part(upToThis, 1 - slidingWindow, 1), slidingWindow - 1, 0) : upToThis;
  const before = cast(builder, near, 'bool', name);
  return known === undefined ? before : add('And', [known, before]);
}

type Data = Tensor['data'];
/** Whether step t of the query sees value s, in sample n and head h. */
export type Sees = (n: number, t: number, s: number, h: number) => boolean;

export interface Attending {
  readonly heads: number;
  /** score of the query features that start at index i of q and the key features that start at index j of k */
  score(q: Data, i: number, k: Data, j: number): number;
  readonly sees: Sees | undefined;
  /** replaces the score of a step that is not seen */
  hidden(score: number): number;
  /** mask of the query [N·T]; its masked steps output zeros */
  readonly real?: Uint8Array;
  /** whether to return the attention weights */
  readonly scores: boolean;
  /** whether a step that sees nothing has attention weights of 0 */
  readonly zeroes: boolean;
}

/** Σ_s softmax_s(score(q_t, k_s)) · v_s for q [N, T, H·P], k [N, S, H·P] and v [N, S, H·V]. @returns y [N, T, H·V] and the attention weights [N, H, T, S] */
export function attended([q, k, v]: readonly Tensor[], { heads: H, score, sees, hidden, real, scores, zeroes }: Attending): Tensor[] {
  const [N, T] = q.shape;
  const S = k.shape[1];
  const [P, E, V] = [q, k, v].map(({ shape }) => shape[2] / H);
  const y = emptyLike(q, [N, T, H * V]);
  const all = emptyLike(q, scores ? [N, H, T, S] : [0]);
  const row = new Float64Array(S);
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++) {
      const isReal = real === undefined || real[n * T + t] === 1;
      if (!isReal && !scores) continue;
      for (let h = 0; h < H; h++) {
        let any = false;
        for (let s = 0; s < S; s++) {
          const seen = sees === undefined || sees(n, t, s, h);
          const one = score(q.data, ((n * T + t) * H + h) * P, k.data, ((n * S + s) * H + h) * E);
          any ||= seen;
          row[s] = seen ? one : hidden(one);
        }
        if (!any && zeroes) continue;
        softmaxRow(row);
        if (scores) all.data.set(row, ((n * H + h) * T + t) * S);
        if (isReal) weightedSum(row, s => ((n * S + s) * H + h) * V, V, v.data, y.data, ((n * T + t) * H + h) * V);
      }
    }
  return [y, all];
}

/** Softmax of one row of scores, in place: e^(x − max), summed from first to last. */
function softmaxRow(row: Float64Array): void {
  let most = -Infinity;
  for (const v of row) if (v > most || Number.isNaN(v)) most = v;
  let sum = 0;
  for (let s = 0; s < row.length; s++) {
    row[s] = exp(row[s] - most);
    sum += row[s];
  }
  for (let s = 0; s < row.length; s++) row[s] /= sum;
}

/** Writes weights [S] · values [S, V] at `to`. The values may be one of several heads: rows start at `start`, `stride` apart. */
function weightedSum(
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

/** Dot product of a[i, i + length) and b[j, j + length). */
export function product(a: Data, i: number, b: Data, j: number, length: number): number {
  let sum = 0;
  for (let p = 0; p < length; p++) sum += a[i + p] * b[j + p];
  return sum;
}

/** Zeros of the given shape, in the precision of t. */
function emptyLike(t: Tensor, shape: readonly number[]): { shape: readonly number[]; data: Tensor['data'] } {
  return {
    shape,
    data: allocate(
      shape.reduce((a, b) => a * b, 1),
      precisionOf(t),
    ),
  };
}
