import { int, ints } from '../../../formats/onnx/builder.js';
import { floatOf, intOf, intsOf } from '../../../ops/attributes.js';
import { shapeError } from '../../../ops/value.js';
import { type Composed, type Parts, sum } from './composed.js';
import { rowOf } from './fused.js';

/** The attention operators, and the rotary embedding that comes before them. */
export const ATTENTION: Readonly<Record<string, Composed>> = {
  Attention: {
    // biome-ignore format: a table
    attributes: [
      'is_causal', 'kv_num_heads', 'left_window_size', 'q_num_heads', 'qk_matmul_output_mode', 'right_window_size', 'scale', 'softcap',
      'softmax_precision',
    ],
    parts: attention,
  },
  'com.microsoft.MultiHeadAttention': { attributes: ['mask_filter_value', 'num_heads', 'scale', 'unidirectional'], parts: multiHead },
  'com.microsoft.Attention': {
    attributes: ['mask_filter_value', 'num_heads', 'qkv_hidden_sizes', 'scale', 'unidirectional'],
    parts: packed,
  },
  RotaryEmbedding: {
    attributes: ['interleaved', 'num_heads', 'rotary_embedding_dim'],
    parts: p => rotated(p, [p.input(1)!, p.input(2)!], p.input(3), (intOf(p.node, 'num_heads') ?? 0) > 0),
  },
  'com.microsoft.RotaryEmbedding': {
    attributes: ['interleaved', 'num_heads', 'rotary_embedding_dim', 'is_packed_batching', 'scale'],
    parts: p =>
      (intOf(p.node, 'is_packed_batching') ?? 0) === 0 && (floatOf(p.node, 'scale') ?? 1) === 1 && (intOf(p.node, 'num_heads') ?? 0) > 0
        ? rotated(p, [p.input(2)!, p.input(3)!], p.input(1), true)
        : undefined,
  },
};

/** [N, T, H·D] -> [N, H, T, D] */
function apart(p: Parts, x: string, heads: number): string {
  return p.op('Transpose', [p.op('Reshape', [x, p.integers([0, 0, heads, -1])])], { perm: ints(0, 2, 1, 3) });
}

/** [N, H, T, D] -> [N, T, H·D] */
function together(p: Parts, x: string): string {
  return p.op('Reshape', [p.op('Transpose', [x], { perm: ints(0, 2, 1, 3) }), p.integers([0, 0, -1])]);
}

/** Repeats each head of keys for `times` consecutive heads of queries. */
function repeated(p: Parts, x: string, heads: number, times: number): string {
  if (times === 1) return x;
  return p.op('Gather', [x, p.integers(Array.from({ length: heads * times }, (_, i) => Math.floor(i / times)))], { axis: int(1) });
}

function sizeOf(p: Parts, x: string, axis: number): string {
  return p.op('Gather', [p.op('Shape', [x]), p.integer(axis)], { axis: int(0) });
}

/** q·kᵀ, scaled by 1/√D by default. */
function scores(p: Parts, q: string, k: string, scale: number | undefined): string {
  const product = p.op('MatMul', [q, p.op('Transpose', [k], { perm: ints(0, 1, 3, 2) })]);
  if (scale !== undefined) return p.op('Mul', [product, p.number(scale)]);
  return p.op('Div', [product, p.op('Sqrt', [p.op('Cast', [sizeOf(p, q, 3)], { to: int(1) })])]);
}

/** Turns a boolean mask into what is added to the scores: 0 for true, `otherwise` (−∞ or another number) for false. */
function allowed(p: Parts, truth: string, otherwise: string): string {
  return p.op('Where', [truth, p.number(0), otherwise]);
}

/** Positions of the queries among the keys, starting at `offset`: [L, 1], or [N, 1, L, 1] if every sample has its own offset. */
function placesOf(p: Parts, q: string, offset: string | undefined): string {
  const rows = p.op('Unsqueeze', [p.op('Range', [p.integer(0), sizeOf(p, q, 2), p.integer(1)]), p.integers([1])]);
  return offset ? p.op('Add', [rows, offset]) : rows;
}

/** Positions of the keys, [1, S]. */
function keysOf(p: Parts, k: string): string {
  return p.op('Unsqueeze', [p.op('Range', [p.integer(0), sizeOf(p, k, 2), p.integer(1)]), p.integers([0])]);
}

/** The causal mask [L, S]: query i sees the keys up to i + offset. */
function causal(p: Parts, q: string, k: string, offset: string | undefined): string {
  return p.op('LessOrEqual', [keysOf(p, k), placesOf(p, q, offset)]);
}

/** Returns boolean masks of what each query may see: no later keys (causal), only keys in its window, no padding. */
function seen(p: Parts, q: string, k: string, past: string | undefined, lengths: string | undefined): string[] {
  const [left, right] = ['left_window_size', 'right_window_size'].map(name => intOf(p.node, name) ?? -1);
  const apiece = lengths && p.op('Unsqueeze', [lengths, p.integers([1, 2, 3])]);
  const offset = past ? sizeOf(p, past, 2) : apiece && p.op('Sub', [apiece, sizeOf(p, q, 2)]);
  const keys = keysOf(p, k);
  const places = placesOf(p, q, offset);
  return [
    ...(intOf(p.node, 'is_causal') === 1 ? [p.op('LessOrEqual', [keys, places])] : []),
    ...(left >= 0 ? [p.op('GreaterOrEqual', [keys, p.op('Sub', [places, p.integer(left)])])] : []),
    ...(right >= 0 ? [p.op('LessOrEqual', [keys, p.op('Add', [places, p.integer(right)])])] : []),
    ...(apiece ? [p.op('Less', [keys, apiece])] : []),
  ];
}

/** Returns the number of key heads, and of query heads per key head: from attributes, or from a known shape [N, H, T, D]; else 1. */
function headsOf(p: Parts, Q: string, K: string): readonly [heads: number, times: number] {
  const [q = 1, k = 1] = [
    ['q_num_heads', Q],
    ['kv_num_heads', K],
  ].map(([name, x]) => intOf(p.node, name) ?? p.shapeOf(x)?.[1]);
  return typeof q === 'number' && typeof k === 'number' ? [k, q / k] : [1, 1];
}

/** Inputs: Q, K, V, mask, past keys, past values, lengths of the keys. Q, K, V are [N, H, T, D], or [N, T, H·D] if the number of heads is given. */
function attention(p: Parts): readonly (string | undefined)[] | undefined {
  const [qHeads, kvHeads] = ['q_num_heads', 'kv_num_heads'].map(name => intOf(p.node, name));
  const [Q, K, V, mask, pastK, pastV, lengths] = Array.from({ length: 7 }, (_, i) => p.input(i));
  if (!Q || !K || !V || (qHeads === undefined) !== (kvHeads === undefined) || (lengths && pastK)) return undefined;
  const split = (x: string, heads: number | undefined) => (heads === undefined ? x : apart(p, x, heads));
  const q = split(Q, qHeads);
  const [k, v] = [
    [pastK, K],
    [pastV, V],
  ].map(([past, x]) => (past ? p.op('Concat', [past, split(x!, kvHeads)], { axis: int(2) }) : split(x!, kvHeads)));
  const [heads, times] = headsOf(p, Q, K);
  if (!Number.isInteger(times)) return undefined;
  const many = (x: string) => repeated(p, x, heads, times);
  const raw = scores(p, q, many(k), floatOf(p.node, 'scale'));
  const cap = floatOf(p.node, 'softcap') ?? 0;
  const capped = cap > 0 ? p.op('Mul', [p.op('Tanh', [p.op('Div', [raw, p.number(cap)])]), p.number(cap)]) : raw;
  let z = capped;
  const never = p.number(Number.NEGATIVE_INFINITY);
  if (mask) z = p.op('Add', [z, p.isTruth(mask) ? allowed(p, mask, never) : mask]);
  for (const truth of seen(p, q, k, pastK, lengths)) z = p.op('Add', [z, allowed(p, truth, never)]);
  const shares = weights(p, z);
  const y = p.op('MatMul', [shares, many(v)]);
  return [qHeads === undefined ? y : together(p, y), k, v, [raw, capped, z, shares][intOf(p.node, 'qk_matmul_output_mode') ?? 0]];
}

/** Softmax; a row of −∞ only (a query that sees nothing) gives zeros. */
function weights(p: Parts, z: string): string {
  const y = p.op('Softmax', [z], { axis: int(-1) });
  return p.op('Where', [p.op('IsNaN', [y]), p.number(0), y]);
}

/** Inputs: query, key, value [N, T, H·D], a bias for all three, mask of the keys [N, S], numbers added to the scores, past keys and values. */
function multiHead(p: Parts): readonly (string | undefined)[] | undefined {
  const heads = intOf(p.node, 'num_heads');
  const [query, key, value, bias, mask, added] = Array.from({ length: 6 }, (_, i) => p.input(i));
  if (!heads || !query || !key || !value || mask || p.node.inputs.slice(6).some(name => name !== '')) return undefined;
  const given = [query, key, value];
  const parts = bias ? biases(p, bias, given) : given;
  return [ofHeads(p, parts, heads, added)];
}

/** Splits the bias among query, key and value, whose widths may only be known when the graph runs. */
function biases(p: Parts, bias: string, given: readonly string[]): string[] {
  const widths = given.map(x => p.op('Gather', [p.op('Shape', [x]), p.integers([2])], { axis: int(0) }));
  let from = p.integers([0]);
  return given.map((x, i) => {
    const to = p.op('Add', [from, widths[i]]);
    const part = p.op('Slice', [bias, from, to, p.integers([0])]);
    from = to;
    return p.op('Add', [x, part]);
  });
}

/** Multi-head attention. @param parts query, key and value [N, T, H·D] */
function ofHeads(p: Parts, parts: readonly string[], heads: number, added: string | undefined): string {
  const separate = parts.map(x => apart(p, x, heads));
  return together(p, attended(p, separate, added));
}

function attended(p: Parts, [q, k, v]: readonly string[], added: string | undefined): string {
  const scale = floatOf(p.node, 'scale') ?? 0;
  let z = scores(p, q, k, scale === 0 ? undefined : scale);
  if (added) z = p.op('Add', [z, added]);
  if (intOf(p.node, 'unidirectional') === 1)
    z = p.op('Add', [z, allowed(p, causal(p, q, k, undefined), p.number(floatOf(p.node, 'mask_filter_value') ?? -10_000))]);
  return p.op('MatMul', [p.op('Softmax', [z], { axis: int(-1) }), v]);
}

/** Self-attention. Inputs: x [N, T, D], concatenated weights [D, 3·H·D] of query, key and value, their bias … */
function packed(p: Parts): readonly (string | undefined)[] | undefined {
  const heads = intOf(p.node, 'num_heads');
  const [x, W, , mask, past, added] = Array.from({ length: 6 }, (_, i) => p.input(i));
  if (!heads || !x || !W || mask || past || intsOf(p.node, 'qkv_hidden_sizes')) return undefined;
  const product = p.op('MatMul', [x, W]);
  const three = p.ops('Split', [sum(p, [product, rowOf(p, 2, product)])], 3, { axis: int(-1), num_outputs: int(3) });
  return [ofHeads(p, three, heads, added)];
}

/**
 * Rotary position embedding: rotates pairs of features of x [N, T, H·D] or [N, H, T, D] by an angle that depends on the position.
 * @param caches cos and sin, [positions, D/2], or [N, T, D/2] if no positions are given
 */
function rotated(
  p: Parts,
  caches: readonly [string, string],
  places: string | undefined,
  flat: boolean,
): readonly (string | undefined)[] | undefined {
  const part = intOf(p.node, 'rotary_embedding_dim') ?? 0;
  const [cosines, sines] = caches.map(cache => p.shapeOf(cache)?.join(', '));
  if (cosines !== sines && cosines !== undefined && sines !== undefined)
    throw shapeError('sines and cosines differ in shape', `[${sines}]`, `[${cosines}]`);
  const x = p.input(0)!;
  const heads = intOf(p.node, 'num_heads') ?? 0;
  // [N, T, H, D]
  const wide = flat ? p.op('Reshape', [x, p.integers([0, 0, heads, -1])]) : p.op('Transpose', [x], { perm: ints(0, 2, 1, 3) });
  const cut = (v: string, from: number, to: number, step = 1) =>
    p.op('Slice', [v, p.integers([from]), p.integers([to]), p.integers([3]), p.integers([step])]);
  const far = Number.MAX_SAFE_INTEGER;
  const turning = part > 0 ? cut(wide, 0, part) : wide;
  const [cos, sin] = caches.map(cache => {
    const rows = places ? p.op('Gather', [cache, places], { axis: int(0) }) : cache;
    return p.op('Unsqueeze', [rows, p.integers([2])]);
  });
  const interleaved = intOf(p.node, 'interleaved') === 1;
  const [a, b] = interleaved
    ? [cut(turning, 0, far, 2), cut(turning, 1, far, 2)]
    : p.ops('Split', [turning], 2, { axis: int(-1), num_outputs: int(2) });
  const times = (v: string, w: string) => p.op('Mul', [v, w]);
  const real = p.op('Sub', [times(cos, a), times(sin, b)]);
  const imaginary = p.op('Add', [times(sin, a), times(cos, b)]);
  const pair = interleaved
    ? p.op('Reshape', [
        p.op(
          'Concat',
          [real, imaginary].map(v => p.op('Unsqueeze', [v, p.integers([4])])),
          { axis: int(4) },
        ),
        p.op('Shape', [turning]),
      ])
    : p.op('Concat', [real, imaginary], { axis: int(3) });
  const whole = part > 0 ? p.op('Concat', [pair, cut(wide, part, far)], { axis: int(3) }) : pair;
  return [flat ? p.op('Reshape', [whole, p.op('Shape', [x])]) : p.op('Transpose', [whole], { perm: ints(0, 2, 1, 3) })];
}
