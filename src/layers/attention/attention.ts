import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { int, ints } from '../../formats/onnx/builder.js';
import { tanh } from '../../numerics/tanh.js';
import { precisionOf, type Tensor } from '../../tensor/tensor.js';
import { multiply, sequenceOf } from '../dims.js';
import type { OnnxCall, OnnxResult } from '../facets.js';
import type { Json } from '../kerasConfig.js';
import type { LayerBase, LayerKind, LayerResult, Value } from '../layer.js';
import { lifted, number, zeroedOutside } from '../onnxSteps.js';
import type { DimShape } from '../shape.js';
import { CALL_OPTIONS, emptyLike, softmaxRow, visible, visibleOnnx, weightedSum } from './scores.js';

/**
 * Attention of a query [N, T, D] over values [N, S, V] and keys [N, S, D] (the values where there are none), as Keras' Attention and
 * AdditiveAttention: y_t = Σ_s softmax_s(score(q_t, k_s)) · v_s
 *   dot       scale · q·k
 *   concat    w · Σ tanh(scale · (q + k))
 *   additive  Σ scale ⊙ tanh(q + k)
 */
export interface AttentionSpec extends LayerBase {
  readonly kind: 'attention' | 'additiveattention';
  readonly score: 'dot' | 'concat' | 'additive';
  readonly useScale: boolean;
  /** step t sees no later step */
  readonly causal: boolean;
  /** gives the weights of the values [N, T, S] as its second output */
  readonly scores: boolean;
}

function attentionLayer(
  name: AttentionSpec['kind'],
  kerasClass: string,
  fields: LayerKind<AttentionSpec>['fields'],
  read: (config: Json) => Json,
): LayerKind<AttentionSpec> {
  return {
    name,
    kerasClass: () => kerasClass,
    passesMask: () => true,
    fields: { ...fields, causal: { type: 'boolean', default: false }, scores: { type: 'boolean', default: false } },
    keras: {
      classes: { [kerasClass]: read },
      callOptions: CALL_OPTIONS,
      config: layer => ({ use_scale: layer.useScale, ...(name === 'attention' ? { score_mode: layer.score } : {}) }),
      weightNames: { scale: 'scale', w: 'concat_score_weight' },
    },
    weightShapes: (layer, [query]) => weightShapes(layer, query),
    outputShape(layer, [query, value, key = value]) {
      const [N, T, D] = sequenceOf(query);
      const [, , E] = sequenceOf(key);
      const spread = layer.score !== 'dot' && (D.size === 1 || E.size === 1);
      if (D.size !== E.size && !spread)
        throw new RnnError('shape', 'E_MERGE', `a query of ${D.size} and keys of ${E.size} features are not compared here`, {
          expected: 'as many features in both',
          found: `${D.size} and ${E.size}`,
        });
      return [N, T, sequenceOf(value)[2]];
    },
    otherOutputs: ({ scores }, [[N, T], [, S] = [N, T]]) => (scores ? [{ suffix: 'scores', shape: [N, T, S] }] : []),
    cost(_layer, [query, value]) {
      const [, T, D] = sequenceOf(query);
      const [, S, V] = sequenceOf(value);
      const matmul = addCounts(multiply(T.size, S.size, D.size), multiply(T.size, S.size, V.size));
      return {
        matmul,
        bias: 0n,
        elementwise: 0n,
        activations: multiply(T.size, S.size),
        formula: `${T.symbol}*${S.symbol}*(${D.symbol}+${V.symbol})`,
      };
    },
    formula: layer => (layer.useScale ? (layer.score === 'additive' ? 'D' : '1') : null),
    onnx: attendOnnx,
    apply: (layer, inputs, { weights }) => attend(layer, inputs, weights),
  };
}

export const attention = attentionLayer(
  'attention',
  'Attention',
  { score: { type: 'choice', choices: ['dot', 'concat'], default: 'dot' }, useScale: { type: 'boolean', default: false } },
  config => ({ score: config.score_mode ?? 'dot', useScale: config.use_scale ?? false }),
);
export const additiveattention = attentionLayer(
  'additiveattention',
  'AdditiveAttention',
  { score: { type: 'choice', choices: ['additive'], default: 'additive' }, useScale: { type: 'boolean', default: true } },
  config => ({ useScale: config.use_scale ?? true }),
);

function weightShapes({ score, useScale }: AttentionSpec, query: DimShape): WeightShape[] {
  const one = (name: string): WeightShape => weightShape({ name, role: 'scale', dims: [], shape: [] });
  const D = sequenceOf(query)[2];
  if (score === 'additive') return useScale ? [{ ...one('scale'), dims: [D.symbol], shape: [D.size!], formula: D.symbol }] : [];
  return [...(useScale ? [one('scale')] : []), ...(score === 'concat' ? [one('w')] : [])];
}

function addCounts(a: bigint | null, b: bigint | null): bigint | null {
  return a === null || b === null ? null : a + b;
}

/** What Keras subtracts from the score of a step that may not be seen. */
const HIDDEN = 1e9;

function attend(layer: AttentionSpec, [query, value, key = value]: readonly Value[], weights: ReadonlyMap<string, Tensor>): LayerResult {
  const [N, T, D] = query.tensor.shape;
  const [, S, V] = value.tensor.shape;
  const E = key.tensor.shape[2];
  const score = scoreOf(layer, weights);
  const sees = visible(value, layer);
  const out = emptyLike(query.tensor, [N, T, V]);
  const scores = emptyLike(query.tensor, layer.scores ? [N, T, S] : [0]);
  const row = new Float64Array(S);
  // in float32 all scores are alike once so much is taken from them: a step that sees nothing sees everything
  const round = precisionOf(query.tensor) === 'f32' ? Math.fround : (v: number) => v;
  for (let n = 0; n < N; n++) {
    for (let t = 0; t < T; t++) {
      // a padded query gives zeros
      const isPadded = query.mask?.[n * T + t] === 0;
      if (isPadded && !layer.scores) continue;
      const q = query.tensor.data.subarray((n * T + t) * D, (n * T + t + 1) * D);
      for (let s = 0; s < S; s++) {
        const k = key.tensor.data.subarray((n * S + s) * E, (n * S + s + 1) * E);
        row[s] = sees === undefined || sees(n, t, s) ? score(q, k) : round(score(q, k) - HIDDEN);
      }
      softmaxRow(row);
      if (layer.scores) scores.data.set(row, (n * T + t) * S);
      if (!isPadded) weightedSum(row, s => (n * S + s) * V, V, value.tensor.data, out.data, (n * T + t) * V);
    }
  }
  return { tensor: out, ...(layer.scores ? { others: [scores] } : {}) };
}

function attendOnnx(layer: AttentionSpec, call: OnnxCall): OnnxResult {
  const { builder, inputs, masks, weight } = call;
  const { name, score } = layer;
  const [q, v, k = v] = inputs;
  const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, name);
  const scaled = (x: string, scale = weight('scale')) => (scale ? add('Mul', [x, builder.constant(`${name}.scale`, scale)]) : x);
  const pairs = () => add('Add', [add('Unsqueeze', [q, builder.integers([2])]), add('Unsqueeze', [k, builder.integers([1])])]);
  const sum = (x: string) => add('ReduceSum', [x, builder.integers([-1])], { keepdims: int(0) });
  const scores = {
    dot: () => scaled(add('MatMul', [q, add('Transpose', [k], { perm: ints(0, 2, 1) })])),
    concat: () => scaled(sum(add('Tanh', [scaled(pairs())])), weight('w')),
    additive: () => sum(scaled(add('Tanh', [pairs()]))),
  }[score]();
  const sees = visibleOnnx(name, layer, call);
  const hidden = (x: string) => add('Sub', [x, number(builder, HIDDEN, name)]);
  const shown = sees === undefined ? scores : add('Where', [sees, scores, hidden(scores)]);
  const weights = add('Softmax', [shown], { axis: int(-1) });
  const all = add('MatMul', [weights, v]);
  const y = masks[0] === undefined ? all : zeroedOutside(builder, lifted(builder, masks[0], 3, name), all, name);
  return { y, others: layer.scores ? [weights] : [] };
}

function scoreOf({ score }: AttentionSpec, weights: ReadonlyMap<string, Tensor>): (q: Tensor['data'], k: Tensor['data']) => number {
  const scale = weights.get('scale')?.data;
  const w = weights.get('w')?.data[0] ?? 1;
  const one = scale?.[0] ?? 1;
  return (q, k) => {
    let sum = 0;
    const wide = Math.max(q.length, k.length);
    // a single feature stands beside each of the other's
    const at = (values: Tensor['data'], d: number) => values[values.length === 1 ? 0 : d];
    if (score === 'dot') for (let d = 0; d < q.length; d++) sum += q[d] * k[d];
    else if (score === 'concat') for (let d = 0; d < wide; d++) sum += tanh(one * (at(q, d) + at(k, d)));
    else for (let d = 0; d < wide; d++) sum += (scale ? at(scale, d) : 1) * tanh(at(q, d) + at(k, d));
    return score === 'dot' ? one * sum : score === 'concat' ? w * sum : sum;
  };
}
