import type { ActivationSpec } from '../activations/activation.js';
import { activations } from '../activations/index.js';
import { attribute, axisOf, filled, type Line, permuted, type Rule, upFrom } from './operatorLine.js';
import {
  argument,
  called,
  cast,
  folded,
  gather,
  gemm,
  infix,
  inNumpy,
  joinOf,
  oneHot,
  overLast,
  own,
  perChannel,
  range,
  reduction,
  reshape,
  running,
  slice,
  split,
  squeeze,
  topK,
  unsqueeze,
} from './operatorLineRules.js';
import { SPACE, spaceAxes } from './operatorSpaceLines.js';
import { pythonText } from './python.js';

/** Writes an operator as a line of Python; undefined if it cannot be written. */
export function lineOf(line: Line): string | undefined {
  const rule = Object.hasOwn(RULES, line.layer.op) ? RULES[line.layer.op] : undefined;
  return typeof rule === 'string' ? filled(rule, line) : rule?.(line);
}

/** Operators that are activations. Their alpha and beta become the activation's parameters. */
const ACTIVATIONS: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    activations.flatMap(({ name, onnx, onnxParameters = [], kind }) => {
      if (onnx === undefined || onnx === 'Identity' || kind === 'row') return [];
      const rule: Rule = line => {
        const given = onnxParameters.map((p, i) => [p.name, attribute(line, ['alpha', 'beta'][i], p.default)]);
        return line.activation(given.length > 0 ? ({ name, ...Object.fromEntries(given) } as ActivationSpec) : name, line.all[0]);
      };
      return [[onnx, rule]];
    }),
  ),
  Mish: ({ activation, all }) => activation('mish', all[0]),
  HardSwish: ({ activation, all }) => activation('hard_silu', all[0]),
  Gelu: ({ activation, all, layer }) => activation(layer.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu', all[0]),
};

const TO_NUMPY = 'Abs Exp Log Sqrt Sin Cos Tan Sinh Cosh Sign Floor Ceil Round IsNaN';
const INVERSE = { Asin: 'arcsin', Acos: 'arccos', Atan: 'arctan', Asinh: 'arcsinh', Acosh: 'arccosh', Atanh: 'arctanh' };

const RULES: Readonly<Record<string, Rule>> = {
  ...ACTIVATIONS,
  ...SPACE,
  ...Object.fromEntries(TO_NUMPY.split(' ').map(op => [op, called(op.toLowerCase())])),
  ...Object.fromEntries(Object.entries(INVERSE).map(([op, name]) => [op, called(name)])),
  Add: infix('+'),
  Sub: infix('-'),
  Mul: infix('*'),
  Div: line => filled(line.types[0] === 'i64' ? 'whole_quotient(@0, @1)' : '($0 / $1)', line),
  Pow: infix('**'),
  Sum: infix('+'),
  Mean: ({ all }) => `((${all.join(' + ')}) / ${all.length})`,
  Mod: line => filled(attribute(line, 'fmod', 0) === 1 ? 'LIB.fmod(@*)' : `LIB.${line.lib === 'torch' ? 'remainder' : 'mod'}(@*)`, line),
  MatMul: own('($0 @ $1)', '($0 @ $1)', 'keras.ops.matmul($*)'),
  Gemm: gemm,
  Equal: infix('=='),
  Less: infix('<'),
  Greater: infix('>'),
  LessOrEqual: infix('<='),
  GreaterOrEqual: infix('>='),
  And: called('logical_and'),
  Or: called('logical_or'),
  Xor: called('logical_xor'),
  Not: called('logical_not'),
  BitwiseAnd: called('bitwise_and'),
  BitwiseOr: called('bitwise_or'),
  BitwiseXor: called('bitwise_xor'),
  BitwiseNot: called('bitwise_not'),
  // a left shift drops bits beyond the width of the type, which a script does not know
  BitShift: line =>
    line.layer.attributes.direction === 'LEFT' ? undefined : filled(`LIB.${line.lib === 'torch' ? 'bitwise_' : ''}right_shift(@*)`, line),
  Max: folded('maximum'),
  Min: folded('minimum'),
  Where: called('where'),
  Neg: '(-$0)',
  Reciprocal: '(1 / $0)',
  Identity: '@0',
  Dropout: '@0',
  Cast: cast,
  Relu: own('np.maximum($0, 0)', 'torch.relu(@0)', 'keras.ops.relu($0)'),
  Sigmoid: '(1 / (1 + LIB.exp(-@0)))',
  Tanh: called('tanh'),
  Erf: own('erf($0)', 'torch.erf(@0)', 'keras.ops.erf($0)'),
  Swish: '($0 / (1 + LIB.exp(-{alpha=1} * @0)))',
  Selu: '{gamma=1.0507009873554805} * LIB.where($0 > 0, $0, {alpha=1.6732632423543772} * LIB.expm1($0))',
  PRelu: 'LIB.where($0 < 0, $0 * $1, $0)',
  Shrink: 'LIB.where($0 < -{lambd=0.5}, $0 + {bias=0}, LIB.where($0 > {lambd=0.5}, $0 - {bias=0}, 0.0))',
  Clip: line => {
    const text = line.all.length > 1 ? 'LIB.maximum(@0, @1)' : '$0';
    return filled(line.all.length > 2 ? `LIB.minimum(${text}, @2)` : text, line);
  },
  IsInf: line => {
    const [below, above] = ['detect_negative', 'detect_positive'].map(name => attribute(line, name, 1) === 1);
    if (!below && !above) return filled('($0 != $0) & False', line);
    return filled(below && above ? 'LIB.isinf(@0)' : `($0 == float("${above ? '' : '-'}inf"))`, line);
  },
  Softmax: line => filled(`softmax_along($0, ${axisOf(line, -1)})`, line),
  LogSoftmax: line => filled(`log_softmax_along($0, ${axisOf(line, -1)})`, line),
  Hardmax: line => filled(`hardmax($0, ${axisOf(line, -1)})`, line),
  ReduceSum: reduction('LIB.sum($0, axis=AXES, keepdims=KEEP)'),
  ReduceMean: reduction('LIB.mean($0, axis=AXES, keepdims=KEEP)'),
  ReduceMax: reduction('LIB.amax($0, axis=AXES, keepdims=KEEP)'),
  ReduceMin: reduction('LIB.amin($0, axis=AXES, keepdims=KEEP)'),
  ReduceProd: reduction('LIB.prod'),
  ReduceL1: reduction('LIB.sum(LIB.abs($0), axis=AXES, keepdims=KEEP)'),
  ReduceL2: reduction('LIB.sqrt(LIB.sum($0 * $0, axis=AXES, keepdims=KEEP))'),
  ReduceSumSquare: reduction('LIB.sum($0 * $0, axis=AXES, keepdims=KEEP)'),
  ReduceLogSum: reduction('LIB.log(LIB.sum($0, axis=AXES, keepdims=KEEP))'),
  ReduceLogSumExp: reduction('log_sum_exp($0, AXES, KEEP)'),
  ArgMax: argument('argmax'),
  ArgMin: argument('argmin'),
  CumSum: running('sum'),
  CumProd: running('product'),
  LayerNormalization: overLast('normalised($0, AXES, {epsilon=1e-05})'),
  RMSNormalization: overLast('$0 / LIB.sqrt(LIB.mean($0 * $0, axis=AXES, keepdims=True) + {epsilon=1e-05})'),
  InstanceNormalization: perChannel(line => `normalised($0, ${spaceAxes(line)}, {epsilon=1e-05})`),
  GroupNormalization: perChannel(() => 'group_normalised($0, {num_groups=1}, {epsilon=1e-05})'),
  BatchNormalization: perChannel(
    ({
      shapes: {
        0: { length },
      },
    }) => `($0 - channels($3, ${length})) / LIB.sqrt(channels($4, ${length}) + {epsilon=1e-05})`,
  ),
  LpNormalization: line => filled(`by_norm($0, {p=2}, ${axisOf(line, -1)})`, line),
  MeanVarianceNormalization: 'mean_variance_normalised($0, {axes=(0, 2, 3)})',
  LRN: 'by_neighbours($0, {size=1}, {alpha=0.0001}, {beta=0.75}, {bias=1})',
  Concat: line => `${line.lib}.${line.lib === 'torch' ? 'cat' : 'concatenate'}([${line.arrays.join(', ')}], ${line.layer.attributes.axis})`,
  Slice: slice,
  Split: split,
  Gather: gather,
  GatherElements: line => `taken_along(${line.all[0]}, ${line.all[1]}, ${axisOf(line, 0)})`,
  GatherND: inNumpy(() => 'rows_at($0, $1, {batch_dims=0})'),
  ScatterND: inNumpy(line => `scattered_nd($0, $1, $2, ${joinOf(line)})`),
  ScatterElements: inNumpy(line => `scattered($0, $1, $2, ${axisOf(line, 0)}, ${joinOf(line)})`),
  ReverseSequence: inNumpy(() => 'reversed_steps($0, $1, {time_axis=0})'),
  Reshape: reshape,
  Flatten: 'LIB.reshape($0, {shape})',
  Transpose: line =>
    permuted(
      line,
      line.all[0],
      (line.layer.attributes.perm as readonly number[] | undefined) ?? upFrom(0, line.shapes[0].length).reverse(),
    ),
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Expand: 'LIB.broadcast_to(@0, {shape})',
  Tile: line => line.numbers(1) && `${line.lib}.tile(${line.all[0]}, ${pythonText(line.numbers(1))})`,
  EyeLike: 'LIB.tril(LIB.triu(LIB.ones({shape}), {k=0}), {k=0})',
  Trilu: line => filled(`LIB.${attribute(line, 'upper', 1) === 1 ? 'triu' : 'tril'}($0, ${line.numbers(1)?.[0] ?? 0})`, line),
  TopK: topK,
  OneHot: oneHot,
  Range: range,
  Einsum: ({ lib, all, layer }) => `${lib}.einsum(${JSON.stringify(layer.attributes.equation)}, ${all.join(', ')})`,
};
