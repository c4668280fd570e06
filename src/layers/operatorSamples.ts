import type { Dim, DimShape } from './layer.js';
import type { OperatorSpec } from './operatorFields.js';
import { constantShape, ELEMENTWISE_MANY, operandsAmong, REDUCTIONS } from './operatorShapes.js';

/**
 * How a value depends on the samples. 'each': row n of its first axis depends on sample n only; 'none': on no sample; 'mixed': anything else,
 * or unknown.
 */
export type Samples = 'each' | 'none' | 'mixed';

export interface SampledValue {
  readonly samples: Samples;
  readonly shape: DimShape;
}

/**
 * Returns how the output of an operator depends on the samples. An operator without a rule is assumed to mix them.
 * @param N the size of the first axis of the network's input
 */
export function operatorSamples(layer: OperatorSpec, inputs: readonly SampledValue[], output: DimShape, N: Dim): Samples {
  if (output.numbers) return N.size === null && freeOf(output.numbers, N) ? 'none' : 'mixed';
  const operands = operandsAmong(layer, inputs, (o): SampledValue => ({ samples: 'none', shape: constantShape(o) }));
  if (operands.every(o => o.samples === 'none')) return 'none';
  if (layer.op === 'ConstantOfShape' || layer.op === 'Expand') return spread(layer.op === 'Expand' ? operands[0] : NOTHING, output, N);
  // the sizes of a Reshape may be computed from the number of samples
  if (operands.slice(0, layer.op === 'Reshape' ? 1 : undefined).some(o => o.samples === 'mixed')) return 'mixed';
  return RULES[layer.op]?.({ layer, operands, output }) ? 'each' : 'mixed';
}

interface SamplesCall {
  readonly layer: OperatorSpec;
  readonly operands: readonly SampledValue[];
  readonly output: DimShape;
}

type Rule = (call: SamplesCall) => boolean;

/** Whether none of the sizes depends on the number of samples. */
function freeOf(sizes: readonly Dim[], N: Dim): boolean {
  return sizes.every(d => !d.symbol.split(/\W/).includes(N.symbol));
}

const same = (a: Dim | undefined, b: Dim | undefined) => a !== undefined && b !== undefined && a.symbol === b.symbol && a.size === b.size;

const NOTHING: SampledValue = { samples: 'none', shape: [] };

/** Whether row n of the output depends on row n of the value only, or the value is the same for all rows. */
function isByRow({ samples, shape }: SampledValue, output: DimShape): boolean {
  return samples === 'each' ? shape.length === output.length : shape.length < output.length || shape[0].size === 1;
}

/** How an expanded value depends on the samples: 'each' if it has one row per sample. */
function spread(value: SampledValue, output: DimShape, N: Dim): Samples {
  return value.samples !== 'mixed' && isByRow(value, output) && same(output[0], N) ? 'each' : 'mixed';
}

const rowByRow: Rule = ({ operands, output }) => operands.every(value => isByRow(value, output));

/** Whether only the first operand depends on the samples. */
const first: Rule = ({ operands }) => operands[0].samples === 'each' && operands.slice(1).every(o => o.samples === 'none');

const axesOf = ({ layer: { attributes }, operands }: SamplesCall, operand: number): readonly number[] | undefined => {
  const { axes } = attributes;
  return Array.isArray(axes) ? axes : operands[operand]?.shape.numbers?.map(d => d.size ?? 0);
};

/** Whether the axes are known and the first axis, the samples, is not among them. */
function apartFromFirst(axes: readonly number[] | undefined, rank: number): boolean {
  return axes?.every(a => (a < 0 ? a + rank : a) !== 0) ?? false;
}

const along =
  (fallback: number): Rule =>
  call => {
    const axis = Number(call.layer.attributes.axis ?? fallback);
    return call.operands.every(o => o.samples === 'each') && apartFromFirst([axis], call.operands[0].shape.length);
  };

const alongFirst =
  (fallback: number): Rule =>
  call =>
    first(call) && apartFromFirst([Number(call.layer.attributes.axis ?? fallback)], call.operands[0].shape.length);

const reduced: Rule = call => first(call) && apartFromFirst(axesOf(call, 1), call.operands[0].shape.length);

const gathered: Rule = call => {
  const [data, indices] = call.operands;
  const axis = Number(call.layer.attributes.axis ?? 0);
  if (data.samples === 'none') return axis === 0;
  return indices.samples === 'none' && apartFromFirst([axis], data.shape.length);
};

const product: Rule = ({ operands: [a, b] }) => {
  const [p, q] = [a.shape.length, b.shape.length];
  if (a.samples === 'none') return q >= 3 && p < q;
  if (b.samples === 'none') return p >= 2 && (q < Math.max(3, p) || b.shape[0].size === 1);
  return p === q && p >= 3;
};

/** 'nij,njk->nik': the letter of the samples must come first in every operand that has them, and in the result. */
const einsum: Rule = ({ layer, operands }) => {
  const [terms, result] = String(layer.attributes.equation ?? '')
    .replace(/\s/g, '')
    .split('->');
  const letters = new Set(terms.split(',').flatMap((term, i) => (operands[i]?.samples === 'each' ? [term[0]] : [])));
  const [n] = letters;
  const others = terms.split(',').filter((_, i) => operands[i]?.samples === 'none');
  return letters.size === 1 && /\w/.test(n) && result?.startsWith(n) === true && !others.some(term => term.includes(n));
};

/** Elementwise operators of one input. */
const ELEMENTWISE_ONE =
  'Abs Neg Exp Log Sqrt Reciprocal Sin Cos Tan Sinh Cosh Tanh Sigmoid Relu LeakyRelu Elu Selu Celu Softplus Softsign HardSigmoid HardSwish Gelu Mish Swish ThresholdedRelu Erf Sign Floor Ceil Round Not IsNaN IsInf Identity Cast Clip Dropout Shrink';
const OF_THE_FIRST =
  'BatchNormalization InstanceNormalization GroupNormalization Conv ConvTranspose MaxPool AveragePool GlobalMaxPool GlobalAveragePool';

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(`${ELEMENTWISE_MANY} ${ELEMENTWISE_ONE}`.split(' ').map(op => [op, rowByRow])),
  ...Object.fromEntries(OF_THE_FIRST.split(' ').map(op => [op, first])),
  ...Object.fromEntries(REDUCTIONS.split(' ').map(op => [op, reduced])),
  ArgMax: alongFirst(0),
  ArgMin: alongFirst(0),
  Softmax: alongFirst(-1),
  LogSoftmax: alongFirst(-1),
  LayerNormalization: alongFirst(-1),
  RMSNormalization: alongFirst(-1),
  TopK: alongFirst(-1),
  Split: alongFirst(0),
  GatherElements: along(0),
  Concat: along(0),
  CumSum: call => first(call) && apartFromFirst(axesOf(call, 1), call.operands[0].shape.length),
  Trilu: call => first(call) && call.operands[0].shape.length > 2,
  Reshape: ({ operands: [data], output }) => data.samples === 'each' && same(data.shape[0], output[0]),
  Transpose: ({ layer: { attributes } }) => Array.isArray(attributes.perm) && attributes.perm[0] === 0,
  Squeeze: call => first(call) && apartFromFirst(axesOf(call, 1), call.operands[0].shape.length),
  Unsqueeze: call => first(call) && apartFromFirst(axesOf(call, 1), call.output.length),
  Slice: call =>
    first(call) &&
    apartFromFirst(
      call.operands[3]?.shape.numbers?.map(d => d.size ?? 0),
      call.operands[0].shape.length,
    ),
  Gather: gathered,
  MatMul: product,
  Einsum: einsum,
  Tile: call => first(call) && call.operands[1]?.shape.numbers?.[0]?.size === 1,
  Pad: call => first(call) && paddedBehind(call),
  Flatten: call => first(call) && Number(call.layer.attributes.axis ?? 1) === 1,
};

function paddedBehind({ operands: [data, pads, , axes] }: SamplesCall): boolean {
  const numbers = pads?.shape.numbers;
  return axes === undefined && numbers?.[0]?.size === 0 && numbers[data.shape.length]?.size === 0;
}
