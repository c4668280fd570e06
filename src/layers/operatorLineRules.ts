import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { attribute, axisOf, counted, filled, keepdims, type Line, type Rule, upFrom } from './operatorLine.js';
import { pythonText, realText } from './python.js';

/** Rules for operators that need more than a template. They return undefined if the operator cannot be written. */

export const infix =
  (sign: string): Rule =>
  ({ all, arrays, layer }) =>
    `(${(layer.inputs.length === 0 ? arrays : all).join(` ${sign} `)})`;

export const called = (name: string): string => `LIB.${name}(@*)`;

export const folded =
  (name: string): Rule =>
  ({ lib, arrays }) =>
    arrays.reduce((a, b) => `${lib}.${name}(${a}, ${b})`);

/** a template for each library */
export const own =
  (np: string, torch: string, keras: string): Rule =>
  line =>
    filled({ np, torch, 'keras.ops': keras }[line.lib], line);

/** a function that is written in NumPy only; in other libraries it is called through `in_numpy` */
export const inNumpy =
  (text: (line: Line) => string): Rule =>
  line =>
    line.lib === 'np' ? filled(text(line), line) : filled(`in_numpy(${text(line).replace('(', ', ')}`, line);

/** @param text template, with AXES and KEEP for the axes and keepdims */
export function reduction(text: string): Rule {
  return line => {
    const rank = line.shapes[0].length;
    const given = line.numbers(1) ?? [];
    if (given.length === 0 && attribute(line, 'noop_with_empty_axes', 0) === 1) return line.all[0];
    if (line.all.length > 1 && line.numbers(1) === undefined) return undefined;
    const axes = given.length > 0 ? given.map(a => counted(a, rank)) : upFrom(0, rank);
    if (axes.length === 0) return undefined;
    const one = (body: string, over: readonly number[]) =>
      body.replace(/AXES/g, over.length === 1 ? String(over[0]) : pythonText(over)).replace(/KEEP/g, keepdims(line));
    // PyTorch's prod takes one axis at a time
    if (!/prod/.test(text)) return filled(one(text, axes), line);
    return axes.sort((a, b) => b - a).reduce((x, axis) => one(`${line.lib}.prod(${x}, axis=AXES, keepdims=KEEP)`, [axis]), line.all[0]);
  };
}

export const argument =
  (name: 'argmax' | 'argmin'): Rule =>
  line => {
    const rest = `axis=${axisOf(line, 0)}, keepdims=${keepdims(line)})`;
    if (attribute(line, 'select_last_index', 0) === 0) return `${line.lib}.${name}(${line.all[0]}, ${rest}`;
    return `last_argmax(${name === 'argmin' ? '-' : ''}${line.all[0]}, ${rest}`;
  };

/** Slice, as x[:, 1:3]. */
export const slice: Rule = line => {
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

export const gather: Rule = line => {
  const { lib, all, numbers, shapes } = line;
  const axis = axisOf(line, 0);
  const at = shapes[1].length === 1 ? numbers(1) : undefined;
  const index = at ? `[${at.join(', ')}]` : shapes[1].length === 0 && numbers(1) ? String(numbers(1)![0]) : all[1];
  return lib === 'torch' ? `${all[0]}[${':, '.repeat(axis)}${index}]` : `${lib}.take(${all[0]}, ${index}, axis=${axis})`;
};

/** Reshape. Uses the sizes of the constant operand if there is one, so that the script works for other batch sizes. */
export const reshape: Rule = line => {
  const { lib, all, layer, outputs, numbers } = line;
  const said = layer.operands?.[1] && Number(layer.attributes.allowzero ?? 0) === 0 ? numbers(1) : undefined;
  const sizes = (said ?? outputs[0]).map((n, i) =>
    said && n === 0 ? (layer.inputs.length > 0 ? `${all[0]}.shape[${i}]` : String(outputs[0][i])) : String(n),
  );
  return `${lib}.reshape(${all[0]}, (${sizes.join(', ')}${sizes.length === 1 ? ',' : ''}))`;
};

export const unsqueeze: Rule = ({ lib, all, numbers, outputs }) =>
  numbers(1)
    ?.map(axis => counted(axis, outputs[0].length))
    .sort((a, b) => a - b)
    .reduce((y, axis) => `${lib}.${lib === 'torch' ? 'unsqueeze' : 'expand_dims'}(${y}, ${axis})`, all[0]);

export const squeeze: Rule = ({ lib, all, numbers, shapes: [shape] }) => {
  const axes = numbers(1) ?? shape.flatMap((n, i) => (n === 1 ? [i] : []));
  return `${lib}.squeeze(${all[0]}, ${axes.length === 1 ? axes[0] : pythonText(axes)})`;
};

export const overLast =
  (text: string): Rule =>
  line => {
    const axes = pythonText(upFrom(axisOf(line, -1), line.shapes[0].length));
    return line.outputs.length > 1 ? undefined : filled(`${text.replace('AXES', axes)} * $1${line.all.length > 2 ? ' + $2' : ''}`, line);
  };

/** Normalises x [N, C, …], over the spatial axes or over groups of channels, then applies a scale and a bias per channel. */
export const perChannel =
  (text: (line: Line) => string): Rule =>
  line => {
    const { shapes, all } = line;
    const channel = (i: number) => `channels(${all[i]}, ${shapes[0].length})`;
    return `${filled(text(line), line)} * ${channel(1)} + ${channel(2)}`;
  };

const JOINS = { none: 'lambda _, b: b', add: 'np.add', mul: 'np.multiply', max: 'np.maximum', min: 'np.minimum' };
export const joinOf = ({ layer }: Line): string => JOINS[String(layer.attributes.reduction ?? 'none') as keyof typeof JOINS];

/** Split: NumPy and Keras take the positions of the cuts, PyTorch the lengths of the parts. */
export const split: Rule = line => {
  const axis = axisOf(line, 0);
  const sizes = line.outputs.map(shape => shape[axis]);
  const ends = sizes.slice(0, -1).map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
  return `${line.lib}.split(${line.all[0]}, [${(line.lib === 'torch' ? sizes : ends).join(', ')}], ${axis})`;
};

export const running =
  (name: string): Rule =>
  line => {
    const [axis] = line.numbers(1) ?? [];
    if (axis === undefined || (name === 'product' && attribute(line, 'exclusive', 0) === 1)) return undefined;
    const [exclusive, reverse] = ['exclusive', 'reverse'].map(key => pythonText(attribute(line, key, 0) === 1));
    const rest = name === 'product' ? reverse : `${exclusive}, ${reverse}`;
    return `running_${name}(${line.all[0]}, ${counted(axis, line.shapes[0].length)}, ${rest})`;
  };

export const oneHot: Rule = line => {
  const [depth, values] = [line.numbers(1), line.numbers(2)];
  if (!depth) return undefined;
  const given = [0, 1].map(i => `${line.all[2]}[${i}]`);
  const [off, on] = values?.map(v => (line.types[2] === 'f32' ? realText(v) : String(v))) ?? given;
  return `one_hot(${line.all[0]}, ${depth[0]}, ${off}, ${on}, ${axisOf(line, -1, line.outputs[0].length)})`;
};

export const topK: Rule = line => {
  const k = line.numbers(1)?.[0];
  const sign = attribute(line, 'largest', 1) === 1 ? -1 : 1;
  return k === undefined ? undefined : `largest(${line.all[0]}, ${k}, ${axisOf(line, -1)}, ${sign})`;
};

export const range: Rule = ({ lib, numbers, types }) => {
  const all = [0, 1, 2].map(i => numbers(i)?.[0]);
  if (all.includes(undefined)) return undefined;
  return `${lib}.arange(${all.map(v => (types[0] === 'f32' ? realText(v!) : v)).join(', ')})`;
};

/** Cast. To half precision it rounds and converts back; integers of fewer than 32 bits are not supported. */
export const cast: Rule = ({ lib, arrays: [x], layer }) => {
  const type = ONNX_DTYPES.get(Number(layer.attributes.to));
  const half = type === 'f16' ? 'float16' : 'bfloat16';
  if (type !== 'f16' && type !== 'bf16') return type && /32|64|bool/.test(type) ? x : undefined;
  if (lib === 'np') return type === 'f16' ? `np.asarray(${x}).astype("float16").astype(float)` : `rounded_to_bfloat16(${x})`;
  return lib === 'torch' ? `${x}.to(torch.${half}).float()` : `keras.ops.cast(keras.ops.cast(${x}, "${half}"), "float32")`;
};

/** alpha · A · B + beta · C; A is transposed with transA, B with transB. */
export const gemm: Rule = line => {
  const [a, b] = ['transA', 'transB'].map((name, i) =>
    attribute(line, name, 0) === 1 ? filled(`LIB.swapaxes($${i}, 0, 1)`, line) : line.all[i],
  );
  const scaled = (name: string, x: string) => (attribute(line, name, 1) === 1 ? x : `${attribute(line, name, 1)} * ${x}`);
  return `${scaled('alpha', `(${a} @ ${b})`)}${line.all.length > 2 ? ` + ${scaled('beta', line.all[2])}` : ''}`;
};
