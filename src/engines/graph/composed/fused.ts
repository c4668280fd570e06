import { float, int, ints, text } from '../../../formats/onnx/builder.js';
import type { OnnxAttribute } from '../../../formats/onnx/graph.js';
import { floatOf, floatsOf, intOf, textOf } from '../../../ops/attributes.js';
import { shapeError } from '../../../ops/value.js';
import { WINDOW } from '../../../ops/windows.js';
import { type Composed, type Parts, sum } from './composed.js';

/** Operators into which ONNX Runtime fuses others when it optimises a graph. */
export const FUSED: Readonly<Record<string, Composed>> = {
  'com.microsoft.Gelu': { attributes: [], parts: p => [p.op('Gelu', [p.input(0)!])] },
  'com.microsoft.BiasGelu': { attributes: [], parts: p => [p.op('Gelu', [sum(p, [p.input(0), rowOf(p, 1, p.input(0)!)])])] },
  'com.microsoft.FastGelu': {
    attributes: [],
    parts: p => [p.op('Gelu', [sum(p, [p.input(0), rowOf(p, 1, p.input(0)!)])], { approximate: text('tanh') })],
  },
  'com.microsoft.QuickGelu': { attributes: ['alpha'], parts: p => [quickGelu(p)] },
  'com.microsoft.FusedGemm': {
    attributes: ['alpha', 'beta', 'transA', 'transB', 'activation', 'activation_alpha', 'activation_beta', 'activation_gamma'],
    parts: p => activated(p, p.op('Gemm', inputsOf(p, 3), own(p, ['alpha', 'beta', 'transA', 'transB'])), p.node.attributes),
  },
  'com.microsoft.FusedConv': { attributes: [...WINDOW, 'group', 'activation', 'activation_params'], parts: fusedConv },
  'com.microsoft.SkipLayerNormalization': { attributes: ['epsilon'], parts: p => afterSum(p, true) },
  'com.microsoft.SkipSimplifiedLayerNormalization': { attributes: ['epsilon'], parts: p => afterSum(p, false) },
  'com.microsoft.EmbedLayerNormalization': { attributes: ['epsilon', 'mask_index_type'], parts: embedded },
  ...Object.fromEntries(
    ['GridSample', 'Trilu', 'Range', 'QuantizeLinear', 'DequantizeLinear'].map(name => [
      `com.microsoft.${name}`,
      { attributes: ['mode', 'padding_mode', 'align_corners', 'upper', 'axis'], parts: (p: Parts) => [p.op(name, p.node.inputs, own(p))] },
    ]),
  ),
};

/** Returns attributes of the node, to be passed to a replacement. */
export function own({ node }: Parts, names: readonly string[] = [...node.attributes.keys()]): Record<string, OnnxAttribute> {
  return Object.fromEntries([...node.attributes].filter(([name]) => names.includes(name)));
}

/**
 * A bias with a number for each feature of x. Where that is not seen in the file, a Reshape to the last size of x holds one that is computed, or of
 * one number: Add would spread it. @throws RnnError E_ONNX_SHAPE
 */
export function rowOf(p: Parts, index: number, x: string): string | undefined {
  const name = p.input(index);
  if (name === undefined) return undefined;
  const shape = p.shapeOf(name);
  if (shape && shape.length !== 1) throw shapeError('the bias must have one axis', `[${shape.join(', ')}]`, '[features]');
  const features = p.shapeOf(x)?.at(-1);
  const [count] = shape ?? [];
  if (typeof count === 'number' && typeof features === 'number' && count !== features)
    throw shapeError('the bias must have one number per feature', `[${count}]`, `[${features}]`);
  if (typeof count === 'number' && count > 1) return name;
  return p.op('Reshape', [p.op('Transpose', [name], { perm: ints(0) }), p.op('Shape', [x], { start: int(-1) })]);
}

function inputsOf(p: Parts, count: number): string[] {
  return Array.from({ length: count }, (_, i) => p.input(i) ?? '').filter((name, i) => i < 2 || name !== '');
}

/** x·sigmoid(alpha·x) */
function quickGelu(p: Parts): string {
  const alpha = p.number(floatOf(p.node, 'alpha') ?? Math.fround(1.702));
  return p.op('Mul', [p.input(0)!, p.op('Sigmoid', [p.op('Mul', [p.input(0)!, alpha])])]);
}

const ACTIVATIONS = /^(Relu|Tanh|Sigmoid|Softplus|Softsign|LeakyRelu|HardSigmoid|Elu|Selu|Celu|ThresholdedRelu|Clip)$/;

/** Adds the activation of a fused node, with its parameters; undefined if it is not known here. */
function activated(p: Parts, y: string, given: ReadonlyMap<string, OnnxAttribute>): string[] | undefined {
  const name = textOf(p.node, 'activation') ?? '';
  if (name === '') return [y];
  if (!ACTIVATIONS.test(name)) return undefined;
  const listed = floatsOf(p.node, 'activation_params') ?? [];
  const keys = ['alpha', name === 'Selu' ? 'gamma' : 'beta'];
  const [alpha, beta] = keys.map((key, i) => (given.has(`activation_${key}`) ? floatOf(p.node, `activation_${key}`) : listed[i]));
  if (name === 'Clip') return alpha === undefined || beta === undefined ? undefined : [p.op('Clip', [y, p.number(alpha), p.number(beta)])];
  const parameters = [alpha, beta].flatMap((v, i) => (v === undefined ? [] : [[keys[i], float(v)] as const]));
  return [p.op(name, [y], Object.fromEntries(parameters))];
}

/** Conv, plus an optional fourth input, then an activation. */
function fusedConv(p: Parts): string[] | undefined {
  const y = p.op('Conv', inputsOf(p, 3), own(p, [...WINDOW, 'group']));
  return activated(p, sum(p, [y, p.input(3)]), new Map());
}

const EPSILON = Math.fround(1e-12);

/** Normalises x + skip. Inputs: x, skip, scale, bias of the norm (only if centred), bias of the sum. The sum is the fourth output. */
function afterSum(p: Parts, centred: boolean): readonly (string | undefined)[] {
  const x = p.input(0)!;
  const skip = p.input(1);
  const added = skip && p.shapeOf(skip);
  if (added && added.length < 2) throw shapeError('the skip input must have the axes of x', `[${added.join(', ')}]`, '[N, T, features]');
  const total = sum(p, [x, skip, rowOf(p, centred ? 4 : 3, x)]);
  const epsilon = float(floatOf(p.node, 'epsilon') ?? EPSILON);
  const scale = rowOf(p, 2, x)!;
  if (!centred) {
    if (!p.node.outputs[2]) return [p.op('RMSNormalization', [total, scale], { epsilon }), undefined, undefined, total];
    const [y, inverse] = p.ops('SimplifiedLayerNormalization', [total, scale], 2, { epsilon });
    return [y, undefined, inverse, total];
  }
  const bias = rowOf(p, 3, x);
  const [y, mean, inverse] = p.ops('LayerNormalization', [total, scale, ...(bias ? [bias] : [])], 3, { epsilon });
  return [y, mean, inverse, total];
}

/**
 * The sum of word, position and segment embeddings, normalised. Inputs: tokens, segments, the tables of words, positions and segments, gamma,
 * beta, mask, positions. Outputs: the normalised sum, the number of set mask elements, the sum.
 */
function embedded(p: Parts): readonly (string | undefined)[] {
  const [tokens, segments, words, places, segmentTable, , , mask, given] = Array.from({ length: 9 }, (_, i) => p.input(i));
  const T = p.op('Gather', [p.op('Shape', [tokens!]), p.integer(1)], { axis: int(0) });
  const at = given ?? p.op('Range', [p.integer(0), T, p.integer(1)]);
  const parts = [
    p.op('Gather', [words!, tokens!], { axis: int(0) }),
    p.op('Gather', [places!, at], { axis: int(0) }),
    segments && segmentTable ? p.op('Gather', [segmentTable, segments], { axis: int(0) }) : undefined,
  ];
  const total = sum(p, parts);
  const y = p.op('LayerNormalization', [total, rowOf(p, 5, total)!, rowOf(p, 6, total)!], {
    epsilon: float(floatOf(p.node, 'epsilon') ?? EPSILON),
  });
  const counted =
    mask && (intOf(p.node, 'mask_index_type') ?? 1) === 1 ? p.op('ReduceSum', [mask, p.integers([1])], { keepdims: int(0) }) : undefined;
  return [y, counted, total];
}
