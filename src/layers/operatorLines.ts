import type { ActivationSpec } from '../activations/activation.js';
import { activations } from '../activations/index.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { attribute, axisOf, counted, filled, keepdims, type Line, permuted, type Rule, truth, upFrom } from './operatorLine.js';
import { SPACE, spaceAxes } from './operatorSpaceLines.js';
import { pythonText, realText } from './python.js';

/** The text of a rule. */
export function lineOf(line: Line): string | undefined {
  const rule = Object.hasOwn(RULES, line.layer.op) ? RULES[line.layer.op] : undefined;
  return typeof rule === 'string' ? filled(rule, line) : rule?.(line);
}

const infix =
  (sign: string): Rule =>
  ({ all, arrays, layer }) =>
    `(${(layer.inputs.length === 0 ? arrays : all).join(` ${sign} `)})`;
const called = (name: string): string => `LIB.${name}(@*)`;
const folded =
  (name: string): Rule =>
  ({ lib, arrays }) =>
    arrays.reduce((a, b) => `${lib}.${name}(${a}, ${b})`);
/** a line that each library has in its own words */
const own =
  (np: string, torch: string, keras: string): Rule =>
  line =>
    filled({ np, torch, 'keras.ops': keras }[line.lib], line);
/** a function that is written in NumPy alone, of a call `f($0, …)` */
const inNumpy =
  (text: (line: Line) => string): Rule =>
  line =>
    line.lib === 'np' ? filled(text(line), line) : filled(`in_numpy(${text(line).replace('(', ', ')}`, line);

/** @param text with $0 for x and {a} for axes and keepdims */
function reduction(text: string): Rule {
  return line => {
    const rank = line.shapes[0].length;
    const given = line.numbers(1) ?? [];
    if (given.length === 0 && attribute(line, 'noop_with_empty_axes', 0) === 1) return line.all[0];
    if (line.all.length > 1 && line.numbers(1) === undefined) return undefined;
    const axes = given.length > 0 ? given.map(a => counted(a, rank)) : upFrom(0, rank);
    if (axes.length === 0) return undefined;
    const one = (body: string, over: readonly number[]) =>
      body.replace(/AXES/g, over.length === 1 ? String(over[0]) : pythonText(over)).replace(/KEEP/g, keepdims(line));
    // PyTorch has products along one axis at a time
    if (!/prod/.test(text)) return filled(one(text, axes), line);
    return axes.sort((a, b) => b - a).reduce((x, axis) => one(`${line.lib}.prod(${x}, axis=AXES, keepdims=KEEP)`, [axis]), line.all[0]);
  };
}

const argument =
  (name: 'argmax' | 'argmin'): Rule =>
  line => {
    const rest = `axis=${axisOf(line, 0)}, keepdims=${keepdims(line)})`;
    if (attribute(line, 'select_last_index', 0) === 0) return `${line.lib}.${name}(${line.all[0]}, ${rest}`;
    return `last_argmax(${name === 'argmin' ? '-' : ''}${line.all[0]}, ${rest}`;
  };

/** x[:, 1:3] */
const slice: Rule = line => {
  const { lib, all, numbers, shapes } = line;
  const [starts, ends] = [numbers(1), numbers(2)];
  if (!starts || !ends) return undefined;
  const rank = shapes[0].length;
  const axes = (numbers(3) ?? starts.map((_, i) => i)).map(a => counted(a, rank));
  const steps = numbers(4) ?? starts.map(() => 1);
  const backwards = steps.some(step => step < 0);
  if (lib !== 'np' && backwards) {
    const whole = steps.every(
      (step, i) => step === -1 && (starts[i] === -1 || starts[i] >= shapes[0][axes[i]] - 1) && ends[i] <= -(2 ** 31),
    );
    return whole ? `${lib}.flip(${all[0]}, ${pythonText(axes)})` : undefined;
  }
  const parts = Array.from({ length: rank }, () => ':');
  axes.forEach((axis, i) => {
    const open = steps[i] > 0 ? ends[i] >= 2 ** 31 - 1 : ends[i] < -shapes[0][axis];
    const from = steps[i] < 0 && (starts[i] === -1 || starts[i] >= 2 ** 31 - 1) ? '' : starts[i] || '';
    parts[axis] = `${from}:${open ? '' : ends[i]}${steps[i] === 1 ? '' : `:${steps[i]}`}`;
  });
  return `${all[0]}[${parts.join(', ').replace(/(, :)+$/, '')}]`;
};

const gather: Rule = line => {
  const { lib, all, numbers, shapes } = line;
  const axis = axisOf(line, 0);
  const at = shapes[1].length === 1 ? numbers(1) : undefined;
  const index = at ? `[${at.join(', ')}]` : shapes[1].length === 0 && numbers(1) ? String(numbers(1)![0]) : all[1];
  return lib === 'torch' ? `${all[0]}[${':, '.repeat(axis)}${index}]` : `${lib}.take(${all[0]}, ${index}, axis=${axis})`;
};

/** With the sizes of the constant if there is one, so that other batch sizes work. */
const reshape: Rule = line => {
  const { lib, all, layer, outputs, numbers } = line;
  const said = layer.operands?.[1] && Number(layer.attributes.allowzero ?? 0) === 0 ? numbers(1) : undefined;
  const sizes = (said ?? outputs[0]).map((n, i) =>
    said && n === 0 ? (layer.inputs.length > 0 ? `${all[0]}.shape[${i}]` : String(outputs[0][i])) : String(n),
  );
  return `${lib}.reshape(${all[0]}, (${sizes.join(', ')}${sizes.length === 1 ? ',' : ''}))`;
};

const unsqueeze: Rule = ({ lib, all, numbers, outputs }) =>
  numbers(1)
    ?.map(axis => counted(axis, outputs[0].length))
    .sort((a, b) => a - b)
    .reduce((y, axis) => `${lib}.${lib === 'torch' ? 'unsqueeze' : 'expand_dims'}(${y}, ${axis})`, all[0]);

const squeeze: Rule = ({ lib, all, numbers, shapes: [shape] }) => {
  const axes = numbers(1) ?? shape.flatMap((n, i) => (n === 1 ? [i] : []));
  return `${lib}.squeeze(${all[0]}, ${axes.length === 1 ? axes[0] : pythonText(axes)})`;
};

const overLast =
  (text: string): Rule =>
  line => {
    const axes = pythonText(upFrom(axisOf(line, -1), line.shapes[0].length));
    return line.outputs.length > 1 ? undefined : filled(`${text.replace('AXES', axes)} * $1${line.all.length > 2 ? ' + $2' : ''}`, line);
  };

/** Of x [N, C, …]: over space, or over groups of channels, then a scale and a bias for each channel. */
const perChannel =
  (text: (line: Line) => string): Rule =>
  line => {
    const { shapes, all } = line;
    const channel = (i: number) => `channels(${all[i]}, ${shapes[0].length})`;
    return `${filled(text(line), line)} * ${channel(1)} + ${channel(2)}`;
  };

const JOINS = { none: 'lambda _, b: b', add: 'np.add', mul: 'np.multiply', max: 'np.maximum', min: 'np.minimum' };
const joinOf = ({ layer }: Line): string => JOINS[String(layer.attributes.reduction ?? 'none') as keyof typeof JOINS];

/** Consecutive parts: NumPy and Keras take the positions of the cuts, PyTorch the lengths. */
const split: Rule = line => {
  const axis = axisOf(line, 0);
  const sizes = line.outputs.map(shape => shape[axis]);
  const ends = sizes.slice(0, -1).map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
  return `${line.lib}.split(${line.all[0]}, [${(line.lib === 'torch' ? sizes : ends).join(', ')}], ${axis})`;
};

const running =
  (name: string): Rule =>
  line => {
    const [axis] = line.numbers(1) ?? [];
    if (axis === undefined || (name === 'product' && attribute(line, 'exclusive', 0) === 1)) return undefined;
    const [exclusive, reverse] = ['exclusive', 'reverse'].map(key => truth(attribute(line, key, 0) === 1));
    const rest = name === 'product' ? reverse : `${exclusive}, ${reverse}`;
    return `running_${name}(${line.all[0]}, ${counted(axis, line.shapes[0].length)}, ${rest})`;
  };

const oneHot: Rule = line => {
  const [depth, values] = [line.numbers(1), line.numbers(2)];
  if (!depth) return undefined;
  const given = [0, 1].map(i => `${line.all[2]}[${i}]`);
  const [off, on] = values?.map(v => (line.types[2] === 'f32' ? realText(v) : String(v))) ?? given;
  return `one_hot(${line.all[0]}, ${depth[0]}, ${off}, ${on}, ${axisOf(line, -1, line.outputs[0].length)})`;
};

const topK: Rule = line => {
  const k = line.numbers(1)?.[0];
  const sign = attribute(line, 'largest', 1) === 1 ? -1 : 1;
  return k === undefined ? undefined : `largest(${line.all[0]}, ${k}, ${axisOf(line, -1)}, ${sign})`;
};

const range: Rule = ({ lib, numbers, types }) => {
  const all = [0, 1, 2].map(i => numbers(i)?.[0]);
  if (all.includes(undefined)) return undefined;
  return `${lib}.arange(${all.map(v => (types[0] === 'f32' ? realText(v!) : v)).join(', ')})`;
};

/** A cast to half precision rounds and converts back; integers of fewer than 32 bits are not supported. */
const cast: Rule = ({ lib, arrays: [x], layer }) => {
  const type = ONNX_DTYPES.get(Number(layer.attributes.to));
  const half = type === 'f16' ? 'float16' : 'bfloat16';
  if (type !== 'f16' && type !== 'bf16') return type && /32|64|bool/.test(type) ? x : undefined;
  if (lib === 'np') return type === 'f16' ? `np.asarray(${x}).astype("float16").astype(float)` : `rounded_to_bfloat16(${x})`;
  return lib === 'torch' ? `${x}.to(torch.${half}).float()` : `keras.ops.cast(keras.ops.cast(${x}, "${half}"), "float32")`;
};

/** alpha · A · B + beta · C, each matrix transposed if the attribute says so. */
const gemm: Rule = line => {
  const [a, b] = ['transA', 'transB'].map((name, i) =>
    attribute(line, name, 0) === 1 ? filled(`LIB.swapaxes($${i}, 0, 1)`, line) : line.all[i],
  );
  const scaled = (name: string, x: string) => (attribute(line, name, 1) === 1 ? x : `${attribute(line, name, 1)} * ${x}`);
  return `${scaled('alpha', `(${a} @ ${b})`)}${line.all.length > 2 ? ` + ${scaled('beta', line.all[2])}` : ''}`;
};

/** Operators that are activations, with alpha and beta under the names that they have there. */
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
  // a shift to the left drops bits beyond the width of the type, which a script does not know
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
