import type { LayerSpec } from '../../model/spec.js';
import { exp } from '../../numerics/exp.js';
import type { Tensor } from '../../tensor/tensor.js';
import {
  changeLayer,
  changeLoop,
  changeWeights,
  type LayerWeights,
  mapData,
  mistake,
  runScenario,
  type Scenario,
  type Way,
} from '../mistake.js';

/** Mistakes in a MultiHeadAttention: its scale, its mask, the axis of its softmax, exchanged projections. */

type Attention = Extract<LayerSpec, { readonly kind: 'multiheadattention' }>;
type DotAttention = Extract<LayerSpec, { readonly useScale: boolean }>;

/** Whether query t may attend to key s. */
type Sees = (t: number, s: number) => boolean;
/** Turns the scores [T, S] of one head into weights [T, S], where `sees` allows it. */
type Weighing = (scores: Float64Array[], sees: Sees) => Float64Array[];

const softmaxOf = (row: Float64Array) => {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  // a row without any visible key attends to all keys equally
  const raised = row.map(v => (most === -Infinity ? 1 : exp(v - most)));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map(v => v / sum);
};
const masked = (scores: Float64Array[], sees: Sees) => scores.map((row, t) => row.map((v, s) => (sees(t, s) ? v : -Infinity)));
const transposed = (rows: Float64Array[]) =>
  rows[0].length === rows.length ? rows.map((_, s) => Float64Array.from(rows, row => row[s])) : rows;

const weighed: Weighing = (scores, sees) => masked(scores, sees).map(softmaxOf);
const overQueries: Weighing = (scores, sees) => transposed(transposed(masked(scores, sees)).map(softmaxOf));
const maskedAfter: Weighing = (scores, sees) => scores.map(softmaxOf).map((row, t) => row.map((v, s) => (sees(t, s) ? v : 0)));
const scoresThemselves: Weighing = (scores, sees) => scores.map((row, t) => row.map((v, s) => (sees(t, s) ? v : 0)));

/** A layer that attends to its own input: x [N, T, D], projected to H heads of width P, joined and projected to [N, T, K]. */
function selfAttention(own: LayerWeights, weigh: Weighing, sees: Sees): (y: Tensor, x: Tensor) => Tensor {
  return ({ shape }, x) => {
    const [N, T, D] = x.shape;
    const [, H, P] = own.get('query/W')!.shape;
    const output = own.get('output/W')!;
    const [, V, K] = output.shape;
    const data = new Float64Array(N * T * K);
    const projected = (part: string, row: number, h: number, p: number) => {
      const W = own.get(`${part}/W`)!;
      let sum = own.get(`${part}/b`)?.data[h * W.shape[2] + p] ?? 0;
      for (let d = 0; d < D; d++) sum += x.data[row * D + d] * W.data[(d * H + h) * W.shape[2] + p];
      return sum;
    };
    const rowsOf = (part: string, n: number, h: number, width: number) =>
      Array.from({ length: T }, (_, t) => Float64Array.from({ length: width }, (_u, p) => projected(part, n * T + t, h, p)));
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < T * K; k++) data[n * T * K + k] = own.get('output/b')?.data[k % K] ?? 0;
      for (let h = 0; h < H; h++) {
        const [q, k, v] = [rowsOf('query', n, h, P), rowsOf('key', n, h, P), rowsOf('value', n, h, V)];
        const scores = q.map(a => Float64Array.from(k, b => a.reduce((sum, one, p) => sum + one * b[p], 0) / Math.sqrt(P)));
        weigh(scores, sees).forEach((weights, t) => {
          for (let i = 0; i < V; i++) {
            const mean = weights.reduce((sum, w, s) => sum + w * v[s][i], 0);
            for (let o = 0; o < K; o++) data[(n * T + t) * K + o] += mean * output.data[(h * V + i) * K + o];
          }
        });
      }
    }
    return { shape, data };
  };
}

const UP_TO: Sees = (t, s) => s <= t;
const ALL: Sees = () => true;

/** y recomputed by the equations above, which support no further options. */
const recomputed = (weigh: Weighing, sees: Sees, l: Attention) => (s: Scenario) => {
  const own = s.weights.get(l.name);
  return own && changeLoop(s, l.name, { merged: selfAttention(own, weigh, sees) });
};

function waysOf(l: Attention): Way[] {
  const { name, heads, units, causal } = l;
  const way = (parameter: string, words: string, change: Way['change'], numpy: string): Way => ({
    ...{ parameter, layer: name, rare: true, change, fix: { numpy } },
    why: `In ${name} ${words}.`,
  });
  const scale = 'scores = q @ k.T / np.sqrt(q.shape[-1])   # ← the width of one head';
  const scaled = (factor: number) => (s: Scenario) =>
    changeWeights(s, name, (weight, t) => (weight.startsWith('query/') ? mapData(t, v => factor * v) : t));
  const exchanged = (a: string, b: string) => (s: Scenario) =>
    changeWeights(s, name, (weight, t) => {
      const [part, rest] = weight.split('/');
      const from = part === a ? b : part === b ? a : part;
      return s.weights.get(name)!.get(`${from}/${rest}`) ?? t;
    });
  const mask = causal ? 'scores[~np.tri(T, dtype=bool)] = -np.inf   # ← before the softmax' : 'weights = softmax(scores)     # ← no mask';
  return [
    way('scale', `the scores are not divided by √${units}`, scaled(Math.sqrt(units)), scale),
    way('scale', `the scores are divided by ${units}, not by its root`, scaled(1 / Math.sqrt(units)), scale),
    way(
      'scale',
      `the scores are divided by √${heads * units}, the width of all heads, not by √${units}`,
      scaled(1 / Math.sqrt(heads)),
      scale,
    ),
    way('exchanged', 'query and key are exchanged', exchanged('query', 'key'), 'q, k, v = x @ Wq, x @ Wk, x @ Wv'),
    way('exchanged', 'key and value are exchanged', exchanged('key', 'value'), 'q, k, v = x @ Wq, x @ Wk, x @ Wv'),
    way(
      'mask',
      causal ? 'the causal mask is missing: each step sees later ones' : 'a causal mask hides later steps; the network has none',
      s => changeLayer(s, name, { causal: !causal }),
      mask,
    ),
    ...(isPlain(l) ? recomputedWays(l, way, mask) : []),
  ];
}

/** Whether the layer is self-attention along the steps without options, as `recomputed` computes it. */
function isPlain({ inputs, keyHeads, slidingWindow, useGate, attentionMask, attentionAxes }: Attention): boolean {
  const isSelf = inputs.every(input => input === inputs[0]) && (attentionAxes ?? [1]).join() === '1';
  return isSelf && keyHeads === null && slidingWindow === null && !useGate && !attentionMask;
}

/** Mistakes in the softmax and the mask, for which y is recomputed. @param mask the line of NumPy that masks the scores */
function recomputedWays(
  l: Attention,
  way: (parameter: string, words: string, change: Way['change'], numpy: string) => Way,
  mask: string,
): Way[] {
  const own = (
    parameter: string,
    words: string,
    weigh: Weighing,
    sees: Sees,
    numpy = 'weights = softmax(scores)     # ← over the keys, the last axis',
  ) => way(parameter, words, recomputed(weigh, sees, l), numpy);
  const seen = l.causal ? UP_TO : ALL;
  const afterSoftmax = 'the mask comes after the softmax: the weights of a step no longer add up to 1';
  return [
    own('axis', 'the softmax goes over the queries instead of the keys', overQueries, seen),
    own('softmax', 'the softmax is left out', scoresThemselves, seen),
    own('mask', 'each step sees itself and later ones only (the mask is turned)', weighed, (t, s) => s >= t, mask),
    own('mask', 'each step sees later ones only (the mask is inverted)', weighed, (t, s) => s > t, mask),
    own('mask', 'each step sees earlier ones only, and not itself', weighed, (t, s) => s < t, mask),
    ...(l.causal ? [own('mask', afterSoftmax, maskedAfter, UP_TO, mask)] : []),
  ];
}

/** Keras' Attention: scores q·k, times a learned number with use_scale. */
function dotWays(l: DotAttention): Way[] {
  const { name, useScale, causal } = l;
  const scores = `scores = q @ k.transpose(0, 2, 1)${useScale ? ' * scale' : ''}`;
  const way = (parameter: string, words: string, change: Way['change'], numpy: string): Way => ({
    ...{ parameter, layer: name, change, fix: { numpy } },
    why: `In ${name} ${words}.`,
  });
  return [
    way(
      'scale',
      'the scores are divided by the root of their width (scaled_dot_product_attention); Keras’ Attention does not divide them',
      s => dotScaled(s, l, (scale, D) => scale / Math.sqrt(D)),
      `${scores}   # ← not / np.sqrt(q.shape[-1])`,
    ),
    ...(useScale
      ? [way('scale', 'the learnt scale (use_scale) is left out', (s: Scenario) => dotScaled(s, l, () => 1), `${scores}   # ← * scale`)]
      : []),
    way(
      'mask',
      causal ? 'the causal mask is missing: each step sees later ones' : 'a causal mask hides later steps; the network has none',
      s => changeLayer(s, name, { causal: !causal }),
      causal ? 'scores[:, ~np.tri(T, dtype=bool)] = -np.inf   # ← before the softmax' : 'weights = softmax(scores)     # ← no mask',
    ),
  ];
}

/** Multiplies the scores by another factor; D is the width of the query. */
function dotScaled(s: Scenario, { name }: DotAttention, factor: (scale: number, D: number) => number): Scenario | undefined {
  const own = s.weights.get(name);
  const D = runScenario(s)?.layers.get(name)?.inputs[0].tensor.shape.at(-1);
  if (!own || !D) return undefined;
  const scale = { shape: [], data: Float64Array.of(factor(own.get('scale')?.data[0] ?? 1, D)) };
  return { ...changeLayer(s, name, { useScale: true }), weights: new Map([...s.weights, [name, new Map([...own, ['scale', scale]])]]) };
}

export const attention = mistake('attention', 'an attention is computed differently', ['alone'], {
  why: 'A MultiHeadAttention has another scale, another mask, its softmax over another axis, or its projections are exchanged.',
  numpy: 'weights = softmax(q @ k.T / np.sqrt(P)); y = weights @ v   # ← over the keys',
  keras: 'y = MultiHeadAttention(H, P)(x, x, use_causal_mask=True)   # ← as in the model',
  torch: 'y = F.scaled_dot_product_attention(q, k, v, is_causal=True)   # ← as in the model',
  example: null,
  variants: ({ model }) => [
    ...model.layers.filter((l): l is Attention => l.kind === 'multiheadattention').flatMap(waysOf),
    ...model.layers.filter((l): l is DotAttention => l.kind === 'attention' && l.score === 'dot').flatMap(dotWays),
  ],
});
