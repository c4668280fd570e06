import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { int, ints } from '../../formats/onnx/builder.js';
import { tanh } from '../../numerics/tanh.js';
import { broadcastTo } from '../../ops/value.js';
import { precisionOf, reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { featuresOf, multiply, showShape, symbolic, timesSteps } from '../dims.js';
import type { OnnxCall, OnnxResult } from '../facets.js';
import { type Json, unlessSaid } from '../kerasConfig.js';
import type { LayerKind, LayerResult, Value } from '../layer.js';
import { cast, lifted, number, zeroedOutside } from '../onnxSteps.js';
import { broadcastDims } from '../operatorShapeRule.js';
import type { DimShape } from '../shape.js';
import { attentionScripts } from './attentionScripts.js';
import { type AttendedAxes, checkMeeting, checkUnmasked } from './axes.js';
import {
  type Attending,
  type AttentionSpec,
  attended,
  CALL_INPUTS,
  CALL_OPTIONS,
  product,
  readBy,
  visible,
  visibleOnnx,
} from './scores.js';

export type { AttentionSpec };

const FLAG = { type: 'boolean', default: false } as const;

function attentionLayer(
  name: AttentionSpec['kind'],
  kerasClass: string,
  fields: LayerKind<AttentionSpec>['fields'],
  read: (config: Json) => Json,
): LayerKind<AttentionSpec> {
  return {
    name,
    joins: true,
    kerasClass: () => kerasClass,
    passesMask: () => true,
    fields: { ...fields, causal: FLAG, scores: FLAG, attentionMask: FLAG },
    keras: {
      classes: { [kerasClass]: read },
      callOptions: CALL_OPTIONS,
      callInputs: CALL_INPUTS,
      config: layer => ({ use_scale: layer.useScale, ...(name === 'attention' ? { score_mode: layer.score } : {}) }),
      weightNames: { scale: 'scale', w: 'concat_score_weight' },
    },
    weightShapes: (layer, [query]) => weightShapes(layer, query),
    outputShape(layer, inputs) {
      const [query, value, key = value] = readBy(layer, inputs);
      const [D, E] = [query, key].map(featuresOf);
      const spread = layer.score !== 'dot' && (D.size === 1 || E.size === 1);
      if (D.size !== E.size && !spread)
        throw new RnnError('shape', 'E_MERGE', `the query has ${D.size} features, the keys have ${E.size}`, {
          expected: 'equal numbers of features',
          found: `${D.size} and ${E.size}`,
        });
      checkMeeting(axesOf(query.length), query, value, key);
      if (layer.attentionMask) checkMask(layer, inputs[inputs.length - 1], query, value);
      return [...query.slice(0, -1), featuresOf(value)];
    },
    otherOutputs: ({ scores }, [query, value = query]) =>
      scores ? [{ suffix: 'scores', shape: [...query.slice(0, -1), value[value.length - 2]] }] : [],
    cost(_layer, [query, value]) {
      const [T, D] = query.slice(-2);
      const [S, V] = value.slice(-2);
      const matmul = addCounts(multiply(T.size, S.size, D.size), multiply(T.size, S.size, V.size));
      const each = {
        matmul,
        bias: 0n,
        elementwise: 0n,
        activations: multiply(T.size, S.size),
        formula: `${T.symbol}*${S.symbol}*(${D.symbol}+${V.symbol})`,
      };
      return timesSteps(each, query.slice(1, -2));
    },
    formula: layer => (layer.useScale ? (layer.score === 'additive' ? 'D' : '1') : null),
    onnx: attendOnnx,
    scripts: attentionScripts,
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
  config => ({ useScale: unlessSaid(config, 'use_scale', true) }),
);

function weightShapes({ score, useScale }: AttentionSpec, query: DimShape): WeightShape[] {
  const one = (name: string): WeightShape => weightShape({ name, role: 'scale', dims: [], shape: [], fill: 1 });
  const D = featuresOf(query);
  if (score === 'additive') return useScale ? [weightShape({ name: 'scale', role: 'scale', dims: [D.symbol], shape: [D.size!] })] : [];
  return [...(useScale ? [one('scale')] : []), ...(score === 'concat' ? [one('w')] : [])];
}

/**
 * Checks that an attention mask is [N, S] (values), or [N, T, S] (query-value pairs), or has sizes of 1 in their place.
 * @throws RnnError E_KERAS_OPTION, E_MERGE
 */
function checkMask({ causal }: AttentionSpec, mask: DimShape, [N, T, ...rest]: DimShape, [, S]: DimShape): void {
  const rank = 2 + rest.length;
  if (rank === 3 && (mask.length === 2 || (mask.length === 3 && !causal))) {
    broadcastDims(mask, mask.length === 2 ? [N, S] : [N, T, S], 'mask');
    return;
  }
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'this mask of an attention layer is not supported', {
    where: 'mask',
    expected: 'a query of three axes with a value mask [N, S], or [N, T, S] without use_causal_mask',
    found: `a query of ${rank} axes with a mask ${showShape(mask)}`,
  });
}

function addCounts(a: bigint | null, b: bigint | null): bigint | null {
  return a === null || b === null ? null : a + b;
}

/** Along the steps, which stand before the features. */
function axesOf(rank: number): AttendedAxes {
  return { around: Array.from({ length: rank - 2 }, (_, i) => i), along: [rank - 2] };
}

/** A mask with every place that it stands for. @throws RnnError E_ONNX_SHAPE if its sizes are neither those nor 1 */
function truths({ shape, data }: Tensor, whole: readonly number[]): Uint8Array {
  return Uint8Array.from(broadcastTo({ kind: 'bool', shape, data }, whole).data, truth => (truth === 0 ? 0 : 1));
}

/** Keras subtracts this from the score of a masked step. */
const HIDDEN = 1e9;

function attend(layer: AttentionSpec, inputs: readonly Value[], weights: ReadonlyMap<string, Tensor>): LayerResult {
  const [query, value, key = value] = readBy(layer, inputs);
  const given = layer.attentionMask ? inputs[inputs.length - 1].tensor : undefined;
  const { shape } = query.tensor;
  checkMeeting(axesOf(shape.length), ...([query, value, key].map(v => symbolic(v.tensor.shape)) as [DimShape, DimShape, DimShape]));
  checkUnmasked(shape.length, [query.mask, value.mask]);
  const [q, v, k] = [query, value, key].map(({ tensor: t }) => reshape(t, [sizeOf(t.shape.slice(0, -2)), ...t.shape.slice(-2)]));
  const [N, T] = q.shape;
  const [, S, V] = v.shape;
  const ofPairs = given?.shape.length === 3;
  const seen = given ? truths(given, ofPairs ? [N, T, S] : [N, S]) : value.mask;
  const sees = visible({ tensor: v, mask: ofPairs ? undefined : seen }, layer);
  // in float32, subtracting so much makes all scores equal: a step that may see nothing attends to everything
  const round = precisionOf(q) === 'f32' ? Math.fround : (x: number) => x;
  const [out, scores] = attended([q, k, v], {
    heads: 1,
    score: scoreOf(layer, weights, q.shape[2], k.shape[2]),
    sees: ofPairs ? (n, t, s) => seen![(n * T + t) * S + s] === 1 : sees,
    hidden: score => round(score - HIDDEN),
    real: query.mask,
    scores: layer.scores,
    zeroes: false,
  });
  const as = (t: Tensor, last: number) => reshape(t, [...shape.slice(0, -1), last]);
  return { tensor: as(out, V), ...(layer.scores ? { others: [as(scores, S)] } : {}) };
}

function attendOnnx(layer: AttentionSpec, call: OnnxCall): OnnxResult {
  const { builder, masks, weight } = call;
  const { name, score } = layer;
  const [q, v, k = v] = readBy(layer, call.inputs);
  const rank = call.shapes[0].length;
  checkUnmasked(rank, masks);
  const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, name);
  const scaled = (x: string, scale = weight('scale')) => (scale ? add('Mul', [x, builder.constant(`${name}.scale`, scale)]) : x);
  const pairs = () => add('Add', [add('Unsqueeze', [q, builder.integers([-2])]), add('Unsqueeze', [k, builder.integers([-3])])]);
  const sum = (x: string) => add('ReduceSum', [x, builder.integers([-1])], { keepdims: int(0) });
  const scores = {
    dot: () =>
      scaled(
        add('MatMul', [q, add('Transpose', [k], { perm: ints(...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2) })]),
      ),
    concat: () => scaled(sum(add('Tanh', [scaled(pairs())])), weight('w')),
    additive: () => sum(scaled(add('Tanh', [pairs()]))),
  }[score]();
  const sees = layer.attentionMask ? maskOnnx(layer, call) : visibleOnnx(name, layer, call, rank - 2);
  const hidden = (x: string) => add('Sub', [x, number(builder, HIDDEN, name)]);
  const shown = sees === undefined ? scores : add('Where', [sees, scores, hidden(scores)]);
  const weights = add('Softmax', [shown], { axis: int(-1) });
  const all = add('MatMul', [weights, v]);
  const y = masks[0] === undefined ? all : zeroedOutside(builder, lifted(builder, masks[0], 3, name), all, name);
  return { y, others: layer.scores ? [weights] : [] };
}

/** Adds the nodes of the given attention mask, combined with the causal mask. */
function maskOnnx(layer: AttentionSpec, call: OnnxCall): string | undefined {
  const { builder, inputs, masks, shapes } = call;
  const given = cast(builder, inputs[inputs.length - 1], 'bool', layer.name);
  return shapes[shapes.length - 1].length === 3 ? given : visibleOnnx(layer.name, layer, { ...call, masks: [masks[0], given] }, 1);
}

function scoreOf({ score }: AttentionSpec, weights: ReadonlyMap<string, Tensor>, D: number, E: number): Attending['score'] {
  const scale = weights.get('scale')?.data;
  const w = weights.get('w')?.data[0] ?? 1;
  const one = scale?.[0] ?? 1;
  const wide = Math.max(D, E);
  // a single feature is broadcast over those of the other
  const [stepD, stepE, stepScale] = [D, E, scale?.length ?? 1].map(size => (size === 1 ? 0 : 1));
  if (score === 'dot') return (q, i, k, j) => one * product(q, i, k, j, D);
  return (q, i, k, j) => {
    let sum = 0;
    for (let d = 0; d < wide; d++) {
      const both = q[i + d * stepD] + k[j + d * stepE];
      sum += score === 'concat' ? tanh(one * both) : (scale ? scale[d * stepScale] : 1) * tanh(both);
    }
    return score === 'concat' ? w * sum : sum;
  };
}
