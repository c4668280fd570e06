import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { sigmoid } from '../../numerics/sigmoid.js';
import { broadcastTo } from '../../ops/value.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { featuresOf, multiply, showShape, symbolic } from '../dims.js';
import { LARGEST, numbers, sizes } from '../fields.js';
import { type Json, list, unlessSaid } from '../kerasConfig.js';
import type { LayerContext, LayerKind, Value } from '../layer.js';
import type { Dim, DimShape } from '../shape.js';
import { multiHeadScripts } from './attentionScripts.js';
import { type AttendedAxes, checkMeeting, checkUnmasked, folded, unfolded } from './axes.js';
import { axesOf, forEachHead, type MultiHeadSpec, maskShape, NEVER, zeroesUnseen } from './heads.js';
import { multiHeadOnnx } from './multiHeadOnnx.js';
import { attended, CALL_INPUTS, CALL_OPTIONS, product, readBy, visible } from './scores.js';

const PARTS = ['query', 'key', 'value'] as const;

const LIST = sizes({ default: null });
/** A field that is one size or a list of sizes. */
const OUTPUT_UNITS = {
  ...LIST,
  check: (value: unknown, key: string) => (typeof value === 'number' ? (LIST.check([value], key) as number[])[0] : LIST.check(value, key)),
  schema: { anyOf: [{ type: 'integer', minimum: 1, maximum: LARGEST }, LIST.schema] },
};

export const multiheadattention: LayerKind<MultiHeadSpec> = {
  name: 'multiheadattention',
  joins: true,
  kerasClass: ({ keyHeads }) => (keyHeads === null ? 'MultiHeadAttention' : 'GroupedQueryAttention'),
  passesMask: () => true,
  fields: {
    heads: { type: 'size' },
    keyHeads: { type: 'size', default: null },
    units: { type: 'size' },
    valueUnits: { type: 'size', default: null },
    outputUnits: OUTPUT_UNITS,
    attentionAxes: numbers({ default: null }),
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
        outputUnits: list(config.output_shape).length === 1 ? list(config.output_shape)[0] : (config.output_shape ?? null),
        attentionAxes: config.attention_axes === undefined || config.attention_axes === null ? null : [config.attention_axes].flat(),
        ...options(config),
      }),
      GroupedQueryAttention: grouped,
      GroupQueryAttention: grouped,
    },
    callOptions: CALL_OPTIONS,
    callInputs: CALL_INPUTS,
    config: layer => ({
      ...(layer.keyHeads === null
        ? { num_heads: layer.heads, key_dim: layer.units, value_dim: layer.valueUnits }
        : { num_query_heads: layer.heads, num_key_value_heads: layer.keyHeads, head_dim: layer.units }),
      ...(layer.outputUnits === null ? {} : { output_shape: layer.outputUnits }),
      ...(layer.attentionAxes === null ? {} : { attention_axes: layer.attentionAxes }),
      use_bias: layer.useBias,
      dropout: layer.dropout,
      ...(layer.useGate ? { use_gate: true } : {}),
      ...(layer.slidingWindow === null ? {} : { sliding_window: layer.slidingWindow }),
    }),
    // Keras shows the attention weights as [N, H, T, T], whatever the number of values
    shownShapes: ({ keyHeads, heads }, [y, scores]) =>
      scores && keyHeads === null ? [y, [y[0], { symbol: 'H', size: heads }, y[1], y[1]]] : [y, scores ?? []],
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
    const [query, value, key = value] = readBy(layer, inputs).map(featuresOf);
    const { heads: H, units: P } = layer;
    const V = layer.valueUnits ?? P;
    const K = [layer.outputUnits ?? query.size!].flat();
    const letters = K.map((_, i) => (i === 0 ? 'K' : `K${i + 1}`));
    const projection = (part: string, from: Dim, width: number, symbol: string, heads = H, h = 'H'): WeightShape[] => {
      const dims = [from.symbol, h, symbol];
      const kernel = { name: `${part}/W`, dims, shape: [from.size!, heads, width], formula: dims.join('*') };
      const bias = { name: `${part}/b`, dims: [h, symbol], shape: [heads, width] };
      return [weightShape({ role: 'kernel', ...kernel }), ...(layer.useBias ? [weightShape({ role: 'bias', ...bias })] : [])];
    };
    const few = [layer.keyHeads ?? H, layer.keyHeads === null ? 'H' : 'H2'] as const;
    return [
      ...projection('query', query, P, 'P'),
      ...projection('key', key, P, 'P', ...few),
      ...(layer.useGate ? projection('gate', query, V, 'V') : []),
      ...projection('value', value, V, 'V', ...few),
      weightShape({ name: 'output/W', role: 'kernel', dims: ['H', 'V', ...letters], shape: [H, V, ...K] }),
      ...(layer.useBias ? [weightShape({ name: 'output/b', role: 'bias', dims: letters, shape: K })] : []),
    ];
  },

  outputShape(layer, inputs) {
    const [query, value, key = value] = readBy(layer, inputs);
    const { heads, keyHeads, outputUnits } = layer;
    checkAxes(layer, query, value, key);
    if (heads % (keyHeads ?? 1) !== 0)
      throw new RnnError('spec', 'E_SPEC_RANGE', `${heads} heads are not a multiple of ${keyHeads}`, {
        where: 'keyHeads',
        expected: `a divisor of ${heads}`,
        found: String(keyHeads),
      });
    return outputUnits === null ? query : [...query.slice(0, -1), ...[outputUnits].flat().map(size => ({ symbol: 'K', size }))];
  },
  otherOutputs(layer, [query, value = query]) {
    if (!layer.scores) return [];
    // callers that only need the names pass any shape with three axes
    const { around, along } = axesOf(layer, Math.max(query.length, ...(layer.attentionAxes ?? []).map(axis => axis + 2)));
    const shape = [...around.map(i => query[i]), { symbol: 'H', size: layer.heads }, ...[query, value].flatMap(x => along.map(i => x[i]))];
    return [{ suffix: 'scores', shape }];
  },

  cost(layer, [query, value]) {
    const { heads: H, units: P } = layer;
    const V = layer.valueUnits ?? P;
    const K = [layer.outputUnits ?? featuresOf(query).size!].flat();
    const { around, along } = axesOf(layer, query.length);
    const [steps, ofQuery, ofValue] = [query.slice(1, -1), along.map(i => query[i]), along.map(i => value[i])].map(dims =>
      dims.map(d => d.size),
    );
    const pairs = [...around.slice(1).map(i => query[i].size), ...ofQuery, ...ofValue];
    const products = [
      multiply(...steps, featuresOf(query).size, H, layer.useGate ? P + V : P),
      multiply(...value.slice(1, -1).map(d => d.size), featuresOf(value).size, layer.keyHeads ?? H, P + V),
      multiply(...pairs, H, P + V),
      multiply(...steps, H, V, ...K),
    ];
    const matmul = products.some(p => p === null) ? null : products.reduce<bigint>((a, b) => a + b!, 0n);
    return { matmul, bias: 0n, elementwise: 0n, activations: multiply(...pairs, H), formula: '' };
  },
  formula: () => null,

  onnx: multiHeadOnnx,
  scripts: multiHeadScripts,

  apply(layer, inputs, context) {
    const [query, value, key = value] = readBy(layer, inputs);
    checkAxes(layer, symbolic(query.tensor.shape), symbolic(value.tensor.shape), symbolic(key.tensor.shape));
    const { shape } = query.tensor;
    const axes = axesOf(layer, shape.length);
    const [q, k, v] = PARTS.map((part, i) => folded(projected(layer, part, [query, key, value][i], context), axes));
    checkUnmasked(shape.length, [query.mask, value.mask, key.mask]);
    const { heads: H, units: P, scores: wanted } = layer;
    const [T, S] = [q.shape[1], k.shape[1]];
    const sizesAlong = [shape, value.tensor.shape].flatMap(s => axes.along.map(i => s[i]));
    const sizes = [...axes.around.map(i => shape[i]), H, ...sizesAlong];
    const allowed = layer.attentionMask ? truths(inputs[inputs.length - 1].tensor, axes, sizes) : undefined;
    const sees = visible({ tensor: k, mask: bothReal(value.mask, key.mask) }, layer);
    const scale = 1 / Math.sqrt(P);
    const [heads, scores] = attended([q, k, v], {
      heads: H,
      score: (a, i, b, j) => scale * product(a, i, b, j, P),
      sees: (n, t, s, h) => query.mask?.[n * T + t] !== 0 && sees?.(n, t, s) !== false && allowed?.[((n * H + h) * T + t) * S + s] !== 0,
      hidden: () => NEVER,
      scores: wanted,
      zeroes: zeroesUnseen(layer, shape.length),
    });
    const W = context.weights.get('output/W')!;
    const [, V, ...K] = W.shape;
    const gate = layer.useGate ? projected(layer, 'gate', query, context).data : undefined;
    const apart = unfolded(heads, axes, shape);
    const gated = gate ? { ...apart, data: apart.data.map((y, i) => y * sigmoid(gate[i])) } : apart;
    const b = context.weights.get('output/b');
    const tensor = context.kernels.affine(gated, reshape(W, [H * V, sizeOf(K)]), b && reshape(b, [sizeOf(K)]));
    const others = wanted ? { others: [reshape(scores, sizes)] } : {};
    return { tensor: reshape(tensor, [...shape.slice(0, -1), ...K]), ...others };
  },
};

/**
 * Keras makes the causal mask and the sliding window from the size of axis 1, which is only right if the layer attends along one axis of that
 * size. @throws RnnError E_SEQ, E_RANK, E_KERAS_OPTION
 */
function checkAxes(layer: MultiHeadSpec, query: DimShape, value: DimShape, key: DimShape): void {
  for (const shape of [query, value, key]) featuresOf(shape);
  const axes = axesOf(layer, query.length);
  const { along } = axes;
  checkMeeting(axes, query, value, key);
  if (query.length === 3 || !(layer.causal || layer.slidingWindow)) return;
  const isOther = (x: DimShape) => x[1].size !== null && x[along[0]].size !== null && x[1].size !== x[along[0]].size;
  if (along.length > 1 || isOther(query) || isOther(value))
    throw new RnnError(
      'unsupported',
      'E_KERAS_OPTION',
      'a causal mask over an axis other than the first after the samples is not supported',
      {
        where: layer.causal ? 'use_causal_mask' : 'sliding_window',
        expected: 'attention along one axis, as long as axis 1, as Keras computes the mask',
        found: `${showShape(query)} along ${along.join(', ')}`,
      },
    );
}

function grouped(config: Json): Json {
  return { heads: config.num_query_heads, keyHeads: config.num_key_value_heads, units: config.head_dim, ...options(config) };
}

/** Reads what the configs of both classes have in common. */
function options(config: Json): Json {
  return {
    useBias: unlessSaid(config, 'use_bias', true),
    dropout: config.dropout ?? 0,
    useGate: config.use_gate ?? false,
    slidingWindow: config.sliding_window ?? null,
  };
}

/** Projects to all heads: [N, …, D] -> [N, …, H·P]. */
function projected(layer: MultiHeadSpec, part: string, { tensor }: Value, { kernels, weights }: LayerContext): Tensor {
  const [W, b] = ['W', 'b'].map(w => forEachHead(layer, `${part}/${w}`, weights.get(`${part}/${w}`))) as [Tensor, Tensor | undefined];
  const [D, H, P] = W.shape;
  return kernels.affine(tensor, reshape(W, [D, H * P]), b && reshape(b, [H * P]));
}

/** Broadcasts an attention mask to the shape of the scores. */
function truths({ shape, data }: Tensor, axes: AttendedAxes, sizes: readonly number[]): Tensor['data'] {
  return broadcastTo({ kind: 'bool', shape: maskShape(shape, axes, 1), data }, sizes).data;
}

function bothReal(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a && b && a !== b ? a.map((real, k) => real & b[k]) : (a ?? b);
}
