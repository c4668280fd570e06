import type { ActivationSpec } from '../activations/activation.js';
import { activations } from '../activations/index.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { transposedAxes } from '../ops/convTranspose.js';
import { operated } from '../ops/run.js';
import type { GraphValue } from '../ops/value.js';
import { type Axis, windowAxes } from '../ops/windows.js';
import type { OperatorSpec } from './operatorFields.js';
import { nodeOf } from './operatorNode.js';
import type { ValueType } from './operatorTypes.js';
import { pythonText, realText } from './python.js';

/** What a line of Python is written from. Sizes are numbers: a script holds its input. */
export interface Line {
  readonly lib: 'np' | 'keras.ops' | 'torch';
  readonly layer: OperatorSpec;
  /** Python of the operands: where x would be a plain number, `arrays` have it as an array where PyTorch wants one */
  readonly all: readonly string[];
  readonly arrays: readonly string[];
  /** of the operands, as they are read */
  readonly types: readonly ValueType[];
  readonly shapes: readonly (readonly number[])[];
  /** of what it gives */
  readonly outputs: readonly (readonly number[])[];
  /** the numbers of an operand where they are known; undefined where they are not, or there is none */
  numbers(i: number): readonly number[] | undefined;
  activation(spec: ActivationSpec, x: string): string;
}

/**
 * A line, or its text: $0 is the first operand, @0 the same as an array, $* are all with commas, LIB the library, {axis=-1} an attribute with its
 * default, {shape} what it gives. @returns undefined where it cannot be written
 */
type Rule = string | ((line: Line) => string | undefined);

const attribute = ({ layer }: Line, name: string, otherwise: number): number => Number(layer.attributes[name] ?? otherwise);
const truth = (value: boolean): string => (value ? 'True' : 'False');
const keepdims = (line: Line): string => truth(attribute(line, 'keepdims', 1) === 1);
const counted = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const axisOf = (line: Line, otherwise: number, rank = line.shapes[0].length): number => counted(attribute(line, 'axis', otherwise), rank);
const upFrom = (first: number, rank: number): number[] => Array.from({ length: rank - first }, (_, i) => first + i);

/** The text of a rule. */
export function lineOf(line: Line): string | undefined {
  const rule = Object.hasOwn(RULES, line.layer.op) ? RULES[line.layer.op] : undefined;
  return typeof rule === 'string' ? filled(rule, line) : rule?.(line);
}

function filled(text: string, { lib, layer, all, arrays, outputs: [output] }: Line): string {
  const at = (texts: readonly string[], i: string) => texts[Number(i)] ?? 'None';
  return text
    .replace(/LIB/g, lib)
    .replace(/\{(\w+)=(.*?)\}/g, (_, name, otherwise) => (name in layer.attributes ? pythonText(layer.attributes[name]) : otherwise))
    .replace('{shape}', pythonText(output))
    .replace(/\$\*/g, () => all.join(', '))
    .replace(/@\*/g, () => arrays.join(', '))
    .replace(/\$(\d)/g, (_, i) => at(all, i))
    .replace(/@(\d)/g, (_, i) => at(arrays, i));
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

/** As the constant says it where it does, so that another batch fits. */
const reshape: Rule = line => {
  const { lib, all, layer, outputs, numbers } = line;
  const said = layer.operands?.[1] && Number(layer.attributes.allowzero ?? 0) === 0 ? numbers(1) : undefined;
  const sizes = (said ?? outputs[0]).map((n, i) => (said && n === 0 ? `${all[0]}.shape[${i}]` : String(n)));
  return `${lib}.reshape(${all[0]}, (${sizes.join(', ')}${sizes.length === 1 ? ',' : ''}))`;
};

const permuted = ({ lib }: Line, x: string, order: readonly number[]): string =>
  `${lib === 'torch' ? 'torch.permute' : `${lib}.transpose`}(${x}, ${pythonText(order)})`;

/** x cut into more axes, which come in another order. */
const blocks =
  (cut: (shape: readonly number[], b: number, columns: boolean) => number[], columns: readonly number[], depth: readonly number[]): Rule =>
  line => {
    const isColumns = line.layer.attributes.mode === 'CRD';
    const order = isColumns ? columns : depth;
    const apart = `${line.lib}.reshape(${line.all[0]}, ${pythonText(cut(line.shapes[0], attribute(line, 'blocksize', 1), isColumns))})`;
    return `${line.lib}.reshape(${permuted(line, apart, order)}, ${pythonText(line.outputs[0])})`;
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

/** Each axis by itself: a constant before and behind, or numbers of the axis again; negative pads cut. */
const pad: Rule = line => {
  const { all, numbers, shapes, layer, types } = line;
  const pads = numbers(1);
  if (!pads) return undefined;
  const axes = (numbers(3) ?? upFrom(0, shapes[0].length)).map(a => counted(a, shapes[0].length));
  const constant = (layer.attributes.mode ?? 'constant') === 'constant';
  const given = all.length > 2 ? (numbers(2)?.[0] ?? `float(${line.lib}.reshape(${all[2]}, ()))`) : 0;
  const value = typeof given === 'number' && types[0] === 'f32' ? realText(given) : given;
  return axes.reduce((x, axis, i) => {
    const n = shapes[0][axis];
    const [before, after] = [pads[i], pads[i + axes.length]];
    if (before === 0 && after === 0) return x;
    const wider =
      constant && (before > 0 || after > 0) ? `widened(${x}, ${axis}, ${Math.max(before, 0)}, ${Math.max(after, 0)}, ${value})` : x;
    if (constant && before >= 0 && after >= 0) return wider;
    const whole = n + Math.max(before, 0) + Math.max(after, 0);
    const places = constant
      ? upFrom(Math.max(-before, 0), whole + Math.min(after, 0))
      : computed(line, 'Pad', upFrom(0, n), [n], [[before, after]]);
    return `picked(${wider}, [${places.join(', ')}], ${axis})`;
  }, all[0]);
};

/** What the operator gives of plain numbers: how it treats one axis. @param others further operands, whole numbers or reals in one row */
function computed(
  { layer }: Line,
  op: string,
  data: readonly number[],
  shape: readonly number[],
  others: readonly (readonly number[])[],
): number[] {
  const { axes: _, ...attributes } = Object.fromEntries(nodeOf(layer).attributes);
  const row = (list: readonly number[]): GraphValue => ({ kind: 'float', shape: [list.length], data: Float64Array.from(list) });
  const kernels = { precision: 'f64', allocate: (n: number) => new Float64Array(n), affine: (x: GraphValue) => x } as const;
  return Array.from(operated(op, [{ ...row(data), shape }, ...others.map(row)], kernels, attributes).data);
}

/** Axis by axis each number of the output is numbers of the input, weighed: one of them, or several. */
const resize: Rule = line => {
  const { all, numbers, shapes, outputs, layer } = line;
  const rank = shapes[0].length;
  const axes = (layer.attributes.axes as readonly number[] | undefined)?.map(a => counted(a, rank)) ?? upFrom(0, rank);
  const scales = numbers(2) ?? [];
  return axes.reduce((x, axis, i) => {
    const [n, m] = [shapes[0][axis], outputs[0][axis]];
    if (n === m && (scales.length === 0 || scales[i] === 1)) return x;
    const identity = Array.from({ length: n * n }, (_, k) => Number(k % (n + 1) === 0));
    const flat = computed(line, 'Resize', identity, [n, n], scales.length > 0 ? [[], [1, scales[i]]] : [[], [], [n, m]]);
    const columns = Array.from({ length: m }, (_, to) => Array.from({ length: n }, (_, from) => flat[from * m + to]));
    const only = columns.map(column => (column.filter(v => v !== 0).length === 1 ? column.indexOf(1) : -1));
    if (!only.includes(-1)) return `picked(${x}, [${only.join(', ')}], ${axis})`;
    const rows = Array.from({ length: n }, (_, from) => `[${columns.map(column => realText(column[from])).join(', ')}]`);
    return `weighed(${x}, ${axis}, [${rows.join(', ')}])`;
  }, all[0]);
};

/** (out, window, stride, dilation, before, after) of each axis of space, behind it as much as its windows reach. */
function axesText(axes: readonly Axis[]): string {
  const reach = ({ out, window, stride, dilation, before, size }: Axis) => (out - 1) * stride + (window - 1) * dilation + 1 - before - size;
  return pythonText(axes.map(a => [a.out, a.window, a.stride, a.dilation, a.before, Math.max(0, reach(a))]));
}

/** A window slides over x. @param text AXES: its axes of space; LIMITS: between which places numbers are counted */
const pooling =
  (text: string): Rule =>
  line => {
    const { layer, shapes, outputs } = line;
    if (outputs.length > 1) return undefined;
    const axes = windowAxes({ node: nodeOf(layer) }, shapes[0].slice(2), layer.attributes.kernel_shape as readonly number[]);
    const padded = attribute(line, 'count_include_pad', 0) === 1;
    const limits = axes.map(a => (padded ? [0, a.before + a.size + a.after] : [a.before, a.before + a.size]));
    return filled(text.replace('AXES', axesText(axes)).replace('LIMITS', pythonText(limits)), line);
  };

const convolution = (line: Line): string => {
  const { layer, shapes, all } = line;
  const axes = windowAxes({ node: nodeOf(layer) }, shapes[0].slice(2), shapes[1].slice(2));
  return withBias(line, `convolved(${all[0]}, ${all[1]}, ${attribute(line, 'group', 1)}, ${axesText(axes)})`);
};

/** The convolution of x with zeros between its numbers, the kernel turned round. */
const transposedConvolution: Rule = line => {
  const { layer, shapes, all } = line;
  const own = transposedAxes({ node: nodeOf(layer) }, shapes[0].slice(2), shapes[1].slice(2));
  const axes = own.map(a => {
    const before = a.dilation * (a.window - 1) - a.before;
    return { ...a, size: a.out * a.stride, out: a.size, stride: 1, before, after: 0 };
  });
  if (axes.some(a => a.before < 0)) return undefined;
  const strides = pythonText(own.map(a => a.stride));
  return withBias(line, `convolved_back(${all[0]}, ${all[1]}, ${attribute(line, 'group', 1)}, ${strides}, ${axesText(axes)})`);
};

function withBias({ all, shapes }: Line, y: string): string {
  return all.length > 2 ? `${y} + channels(${all[2]}, ${shapes[0].length})` : y;
}

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

const spaceAxes = ({ shapes }: Line): string => pythonText(upFrom(2, shapes[0].length));

const JOINS = { none: 'lambda _, b: b', add: 'np.add', mul: 'np.multiply', max: 'np.maximum', min: 'np.minimum' };
const joinOf = ({ layer }: Line): string => JOINS[String(layer.attributes.reduction ?? 'none') as keyof typeof JOINS];

/** Parts that lie behind each other: where NumPy and Keras cut, or how long they are. */
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
  if (!depth || !values) return undefined;
  const [off, on] = values.map(v => (line.types[2] === 'f32' ? realText(v) : String(v)));
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

/** A half is rounded to and read as a real number again; what reaches less far than 32 bits is not written. */
const cast: Rule = ({ lib, arrays: [x], layer }) => {
  const type = ONNX_DTYPES.get(Number(layer.attributes.to));
  const half = type === 'f16' ? 'float16' : 'bfloat16';
  if (type !== 'f16' && type !== 'bf16') return type && /32|64|bool/.test(type) ? x : undefined;
  if (lib === 'np') return type === 'f16' ? `np.asarray(${x}).astype("float16").astype(float)` : `rounded_to_bfloat16(${x})`;
  return lib === 'torch' ? `${x}.to(torch.${half}).float()` : `keras.ops.cast(keras.ops.cast(${x}, "${half}"), "float32")`;
};

/** alpha · A · B + beta · C, each matrix turned round where it says. */
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
  // to the left bits are lost where the type ends, and of that a script knows nothing
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
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MaxPool: pooling('max_pool($0, AXES)'),
  AveragePool: pooling('average_pool($0, AXES, LIMITS)'),
  LpPool: pooling('lp_pool($0, {p=2}, AXES)'),
  GlobalMaxPool: line => filled(`LIB.amax($0, axis=${spaceAxes(line)}, keepdims=True)`, line),
  GlobalAveragePool: line => filled(`LIB.mean($0, axis=${spaceAxes(line)}, keepdims=True)`, line),
  GlobalLpPool: line => filled(`norm($0, {p=2}, ${spaceAxes(line)}, True)`, line),
  DepthToSpace: blocks(
    ([N, C, H, W], b, columns) => (columns ? [N, C / b ** 2, b, b, H, W] : [N, b, b, C / b ** 2, H, W]),
    [0, 1, 4, 2, 5, 3],
    [0, 3, 4, 1, 5, 2],
  ),
  SpaceToDepth: blocks(([N, C, H, W], b) => [N, C, H / b, b, W / b, b], [0, 1, 3, 5, 2, 4], [0, 3, 5, 1, 2, 4]),
  Resize: resize,
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
  Pad: pad,
  EyeLike: 'LIB.tril(LIB.triu(LIB.ones({shape}), {k=0}), {k=0})',
  Trilu: line => filled(`LIB.${attribute(line, 'upper', 1) === 1 ? 'triu' : 'tril'}($0, ${line.numbers(1)?.[0] ?? 0})`, line),
  TopK: topK,
  OneHot: oneHot,
  Range: range,
  Einsum: ({ lib, all, layer }) => `${lib}.einsum(${JSON.stringify(layer.attributes.equation)}, ${all.join(', ')})`,
};
