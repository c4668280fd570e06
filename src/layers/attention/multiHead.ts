import type { WeightShape } from '../../cells/cell.js';
import { weightShape, withBias } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { int, ints } from '../../formats/onnx/builder.js';
import { sigmoid } from '../../numerics/sigmoid.js';
import { allocate, precisionOf, reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { multiply, sequenceOf } from '../dims.js';
import type { OnnxCall } from '../facets.js';
import type { Json } from '../kerasConfig.js';
import type { LayerBase, LayerContext, LayerKind, Value } from '../layer.js';
import { cast, lifted, number, zeroedOutside } from '../onnxSteps.js';
import type { Dim, DimShape } from '../shape.js';
import { CALL_OPTIONS, emptyLike, softmaxRow, visible, visibleOnnx, weightedSum } from './scores.js';

/**
 * Keras' MultiHeadAttention, and GroupQueryAttention: query [N, T, D], value and key [N, S, ·] projected to H heads of width P (values of width V), attended head by
 * head with q / √P, joined and projected to the output. Its kernels are [D, H, P], that of the output [H, V, K].
 */
export interface MultiHeadSpec extends LayerBase {
  readonly kind: 'multiheadattention';
  readonly heads: number;
  /** heads of keys and values, each for as many of the query in a row (Keras GroupQueryAttention); null: H */
  readonly keyHeads: number | null;
  /** P */
  readonly units: number;
  /** V; null: the same as P */
  readonly valueUnits: number | null;
  /** K; null: the width of the query */
  readonly outputUnits: number | null;
  readonly useBias: boolean;
  readonly causal: boolean;
  /** step t sees the steps that are fewer than so many away; null: all */
  readonly slidingWindow: number | null;
  /** what the heads give is multiplied by the sigmoid of a projection of the query */
  readonly useGate: boolean;
  /** the last input is 0 where a step of the query does not see one of the values [N, T, S] */
  readonly attentionMask: boolean;
  /** gives the weights of the values [N, H, T, S] as its second output */
  readonly scores: boolean;
  /** Keras computes attention with dropout through another path, in which a query that sees nothing gives the output's bias alone */
  readonly dropout: number;
}

const PARTS = ['query', 'key', 'value'] as const;

export const multiheadattention: LayerKind<MultiHeadSpec> = {
  name: 'multiheadattention',
  kerasClass: ({ keyHeads }) => (keyHeads === null ? 'MultiHeadAttention' : 'GroupedQueryAttention'),
  passesMask: () => true,
  fields: {
    heads: { type: 'size' },
    keyHeads: { type: 'size', default: null },
    units: { type: 'size' },
    valueUnits: { type: 'size', default: null },
    outputUnits: { type: 'size', default: null },
    useBias: { type: 'boolean', default: true },
    causal: { type: 'boolean', default: false },
    slidingWindow: { type: 'size', default: null },
    useGate: { type: 'boolean', default: false },
    attentionMask: { type: 'boolean', default: false },
    scores: { type: 'boolean', default: false },
    dropout: { type: 'number', min: 0, max: 1, default: 0 },
  },
  keras: {
    classes: {
      MultiHeadAttention: config => ({
        heads: config.num_heads,
        units: config.key_dim,
        valueUnits: config.value_dim === config.key_dim ? null : (config.value_dim ?? null),
        outputUnits: Array.isArray(config.output_shape) ? config.output_shape[0] : (config.output_shape ?? null),
        ...options(config),
      }),
      GroupedQueryAttention: grouped,
      GroupQueryAttention: grouped,
    },
    callOptions: CALL_OPTIONS,
    callInputs: { attention_mask: 'attentionMask' },
    config: layer => ({
      ...(layer.keyHeads === null
        ? { num_heads: layer.heads, key_dim: layer.units, value_dim: layer.valueUnits }
        : { num_query_heads: layer.heads, num_key_value_heads: layer.keyHeads, head_dim: layer.units }),
      ...(layer.outputUnits === null ? {} : { output_shape: layer.outputUnits }),
      use_bias: layer.useBias,
      dropout: layer.dropout,
      ...(layer.useGate ? { use_gate: true } : {}),
      ...(layer.slidingWindow === null ? {} : { sliding_window: layer.slidingWindow }),
    }),
    // as if every query saw as many values as there are queries
    shownShapes: ({ keyHeads }, [y, scores]) =>
      scores && keyHeads === null ? [y, [...scores.slice(0, 2), y[1], y[1]]] : [y, scores ?? []],
    weightNames: Object.fromEntries(
      [...PARTS, 'gate', 'output'].flatMap(part => [
        [`${part}/W`, 'kernel'],
        [`${part}/b`, 'bias'],
      ]),
    ),
    path: ({ keyHeads }, name) =>
      `${keyHeads === null && !name.startsWith('gate') ? '' : '_'}${name.split('/')[0]}_dense/vars/${name.endsWith('/b') ? 1 : 0}`,
  },

  weightShapes(layer, inputs) {
    const [query, value, key = value] = readBy(layer, inputs).map(sequenceOf);
    const { heads: H, units: P } = layer;
    const V = layer.valueUnits ?? P;
    const K = outputWidth(layer, inputs);
    const projection = (part: string, from: Dim, width: number, symbol: string, heads = H, h = 'H'): WeightShape[] => {
      const dims = [from.symbol, h, symbol];
      const kernel = { name: `${part}/W`, dims, shape: [from.size!, heads, width], formula: dims.join('*') };
      const bias = { name: `${part}/b`, dims: [h, symbol], shape: [heads, width] };
      return [weightShape({ role: 'kernel', ...kernel }), ...(layer.useBias ? [weightShape({ role: 'bias', ...bias })] : [])];
    };
    const few = [layer.keyHeads ?? H, layer.keyHeads === null ? 'H' : 'H2'] as const;
    return [
      ...projection('query', query[2], P, 'P'),
      ...projection('key', key[2], P, 'P', ...few),
      ...(layer.useGate ? projection('gate', query[2], V, 'V') : []),
      ...projection('value', value[2], V, 'V', ...few),
      ...withBias(
        [weightShape({ name: 'output/W', role: 'kernel', dims: ['H', 'V', 'K'], shape: [H, V, K] })],
        layer.useBias,
        'output/b',
        'K',
        K,
      ),
    ];
  },

  outputShape(layer, inputs) {
    const [N, T, D] = sequenceOf(inputs[0]);
    const { heads, keyHeads } = layer;
    if (heads % (keyHeads ?? 1) !== 0)
      throw new RnnError('spec', 'E_SPEC_RANGE', `${heads} heads are no multiple of ${keyHeads}`, {
        where: 'keyHeads',
        expected: `a divisor of ${heads}`,
        found: String(keyHeads),
      });
    return [N, T, layer.outputUnits === null ? D : { symbol: 'K', size: layer.outputUnits }];
  },
  otherOutputs: ({ scores, heads }, [[N, T], [, S] = [N, T]]) =>
    scores ? [{ suffix: 'scores', shape: [N, { symbol: 'H', size: heads }, T, S] }] : [],

  cost(layer, inputs) {
    const [query, value] = inputs.slice(0, 2).map(sequenceOf);
    const [T, S] = [query[1], value[1]];
    const { heads: H, units: P } = layer;
    const V = layer.valueUnits ?? P;
    const products = [
      multiply(T.size, query[2].size, H, layer.useGate ? P + V : P),
      multiply(S.size, value[2].size, layer.keyHeads ?? H, P + V),
      multiply(T.size, S.size, H, P + V),
      multiply(T.size, H, V, outputWidth(layer, inputs)),
    ];
    const matmul = products.some(p => p === null) ? null : products.reduce<bigint>((a, b) => a + b!, 0n);
    return { matmul, bias: 0n, elementwise: 0n, activations: multiply(T.size, S.size, H), formula: '' };
  },
  formula: () => null,

  onnx(layer, call) {
    const { builder, inputs, masks } = call;
    const weight = (key: string) => forEachHead(layer, key, call.weight(key));
    const { name, heads: H, units: P } = layer;
    const [query, value, key = value] = readBy(layer, inputs);
    const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, name);
    // x [N, T, D] · W [D, H·P] + b
    const affine = (part: string, x: string, rows: number, columns: number) => {
      const W = builder.constant(`${name}.${part}.weight`, reshape(weight(`${part}/W`)!, [rows, columns]));
      const b = weight(`${part}/b`);
      const y = add('MatMul', [x, W]);
      return b ? add('Add', [y, builder.constant(`${name}.${part}.bias`, reshape(b, [columns]))]) : y;
    };
    const apart = (part: string, x: string, ...perm: number[]) => {
      const [D, , width] = weight(`${part}/W`)!.shape;
      return add('Transpose', [add('Reshape', [affine(part, x, D, H * width), builder.integers([0, 0, H, width])])], {
        perm: ints(...perm),
      });
    };
    const product = add('MatMul', [apart('query', query, 0, 2, 1, 3), apart('key', key, 0, 2, 3, 1)]);
    const scores = add('Mul', [product, number(builder, 1 / Math.sqrt(P), name)]);
    const [asked, ofValue, ofKey = ofValue] = readBy(layer, masks);
    const real = ofValue && ofKey && ofValue !== ofKey ? add('And', [ofValue, ofKey]) : (ofValue ?? ofKey);
    const sees = visibleOnnx(name, layer, { ...call, masks: [asked, real] });
    const truths = [
      asked && add('Unsqueeze', [lifted(builder, asked, 3, name), builder.integers([1])]),
      sees && add('Unsqueeze', [sees, builder.integers(real ? [1] : [0])]),
      layer.attentionMask ? attentionMaskOnnx(layer, call) : undefined,
    ].filter(truth => truth !== undefined);
    const seen = truths.length > 0 ? truths.reduce((a, b) => add('And', [a, b])) : undefined;
    const shown = seen === undefined ? scores : add('Where', [seen, scores, number(builder, NEVER, name)]);
    const all = add('Softmax', [shown], { axis: int(-1) });
    const any = (truth: string) => cast(builder, add('ReduceMax', [cast(builder, truth, 'f32', name)], { axes: ints(-1) }), 'bool', name);
    const weights = seen && zeroesUnseen(layer) ? zeroedOutside(builder, any(seen), all, name) : all;
    const attended = add('MatMul', [weights, apart('value', value, 0, 2, 1, 3)]);
    const [, V, K] = weight('output/W')!.shape;
    const joined = add('Reshape', [add('Transpose', [attended], { perm: ints(0, 2, 1, 3) }), builder.integers([0, 0, H * V])]);
    const gated = layer.useGate ? add('Mul', [joined, add('Sigmoid', [affine('gate', query, weight('gate/W')!.shape[0], H * V)])]) : joined;
    return { y: affine('output', gated, H * V, K), others: layer.scores ? [weights] : [] };
  },

  apply(layer, inputs, context) {
    const [query, value, key = value] = readBy(layer, inputs);
    const [q, k, v] = PARTS.map((part, i) => projected(layer, part, [query, key, value][i], context));
    const given = layer.attentionMask ? inputs[inputs.length - 1].tensor : undefined;
    const { heads, scores } = attendHeads(layer, q, k, v, { query, value, key, given });
    const W = context.weights.get('output/W')!;
    const [H, V, K] = W.shape;
    const gate = layer.useGate ? projected(layer, 'gate', query, context).data : undefined;
    const gated = gate ? { ...heads, data: heads.data.map((y, i) => y * sigmoid(gate[i])) } : heads;
    const tensor = context.kernels.affine(gated, reshape(W, [H * V, K]), context.weights.get('output/b'));
    return { tensor, ...(scores ? { others: [scores] } : {}) };
  },
};

/** Query, value and key, without the attention mask behind them. */
function readBy<T>({ attentionMask }: MultiHeadSpec, inputs: readonly T[]): readonly T[] {
  return attentionMask ? inputs.slice(0, -1) : inputs;
}

/** On the way on which Keras computes scores, those of a step that sees nothing are 0. */
function zeroesUnseen({ dropout, scores }: MultiHeadSpec): boolean {
  return dropout > 0 || scores;
}

function outputWidth(layer: MultiHeadSpec, [query]: readonly DimShape[]): number {
  return layer.outputUnits ?? sequenceOf(query)[2].size!;
}

/** A weight of keys or values [.., H2, P] with a copy for each head of the query: [.., H, P]. */
function forEachHead({ heads, keyHeads }: MultiHeadSpec, name: string, weight: Tensor | undefined): Tensor | undefined {
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

function grouped(config: Json): Json {
  return { heads: config.num_query_heads, keyHeads: config.num_key_value_heads, units: config.head_dim, ...options(config) };
}

/** What both classes have in their configs. */
function options(config: Json): Json {
  return {
    useBias: config.use_bias ?? true,
    dropout: config.dropout ?? 0,
    useGate: config.use_gate ?? false,
    slidingWindow: config.sliding_window ?? null,
  };
}

/** [N, T, D] -> [N, T, H·P] */
function projected(layer: MultiHeadSpec, part: string, { tensor }: Value, { kernels, weights }: LayerContext): Tensor {
  const [W, b] = ['W', 'b'].map(w => forEachHead(layer, `${part}/${w}`, weights.get(`${part}/${w}`))) as [Tensor, Tensor | undefined];
  const [D, H, P] = W.shape;
  return kernels.affine(tensor, reshape(W, [D, H * P]), b && reshape(b, [H * P]));
}

/** What is attended to, and which of it may be. */
interface Attended {
  readonly query: Value;
  readonly value: Value;
  readonly key: Value;
  /** the attention mask */
  readonly given: Tensor | undefined;
}

function attendHeads(
  layer: MultiHeadSpec,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { query, value, key, given }: Attended,
): { heads: Tensor; scores: Tensor | undefined } {
  const { heads: H, units: P } = layer;
  const V = layer.valueUnits ?? P;
  const [N, T] = q.shape;
  const S = k.shape[1];
  const sees = visible({ ...value, mask: bothReal(value.mask, key.mask) }, layer);
  const allowed = given && broadcastTruth(given);
  const scale = 1 / Math.sqrt(P);
  const out = emptyLike(q, [N, T, H * V]);
  const scores = layer.scores ? emptyLike(q, [N, H, T, S]) : undefined;
  const row = new Float64Array(S);
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++) {
      const asked = query.mask === undefined || query.mask[n * T + t] === 1;
      for (let h = 0; h < H; h++) {
        let any = false;
        for (let s = 0; s < S; s++) {
          const seen = asked && (sees === undefined || sees(n, t, s)) && (allowed === undefined || allowed(n, h, t, s));
          any ||= seen;
          row[s] = seen ? scale * product(q.data, ((n * T + t) * H + h) * P, k.data, ((n * S + s) * H + h) * P, P) : NEVER;
        }
        if (!any && zeroesUnseen(layer)) continue;
        softmaxRow(row);
        scores?.data.set(row, ((n * H + h) * T + t) * S);
        weightedSum(row, s => ((n * S + s) * H + h) * V, V, v.data, out.data, ((n * T + t) * H + h) * V);
      }
    }
  return { heads: out, scores };
}

/** An attention mask [T, S], [N, T, S] or [N, H, T, S], any of them 1, at a place. */
function broadcastTruth({ shape, data }: Tensor): (n: number, h: number, t: number, s: number) => boolean {
  const [N, H, T, S] = shape.length === 4 ? shape : shape.length === 3 ? [shape[0], 1, shape[1], shape[2]] : [1, 1, ...shape];
  const at = (i: number, size: number) => (size === 1 ? 0 : i);
  return (n, h, t, s) => data[((at(n, N) * H + at(h, H)) * T + at(t, T)) * S + at(s, S)] !== 0;
}

function attentionMaskOnnx({ name }: MultiHeadSpec, { builder, inputs, shapes }: OnnxCall): string {
  const truth = cast(builder, inputs[inputs.length - 1], 'bool', name);
  const rank = shapes[shapes.length - 1].length;
  return rank === 4 ? truth : builder.add('Unsqueeze', [truth, builder.integers(rank === 3 ? [1] : [0, 1])], {}, `${name}/mask`);
}

function bothReal(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a && b && a !== b ? a.map((real, k) => real & b[k]) : (a ?? b);
}

/** A score that leaves nothing beside others; where every step has it, all count alike. */
const NEVER = -1e30;

function product(a: Tensor['data'], i: number, b: Tensor['data'], j: number, length: number): number {
  let sum = 0;
  for (let p = 0; p < length; p++) sum += a[i + p] * b[j + p];
  return sum;
}
