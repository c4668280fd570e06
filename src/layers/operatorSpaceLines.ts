import { transposedAxes } from '../ops/convTranspose.js';
import { runOperator } from '../ops/run.js';
import type { GraphValue } from '../ops/value.js';
import { type Axis, windowAxes } from '../ops/windows.js';
import { attribute, counted, filled, type Line, permuted, type Rule, upFrom } from './operatorLine.js';
import { nodeOf } from './operatorNode.js';
import { pythonText, realText } from './python.js';

/** Rules for operators on spatial axes: sliding windows, padding, resizing. x is [N, C, …S], as in ONNX. */

/** Depth to space and back: splits axes of x into blocks, permutes them, and joins them. */
const blocks =
  (cut: (shape: readonly number[], b: number, columns: boolean) => number[], columns: readonly number[], depth: readonly number[]): Rule =>
  line => {
    const isColumns = line.layer.attributes.mode === 'CRD';
    const order = isColumns ? columns : depth;
    const apart = `${line.lib}.reshape(${line.all[0]}, ${pythonText(cut(line.shapes[0], attribute(line, 'blocksize', 1), isColumns))})`;
    return `${line.lib}.reshape(${permuted(line, apart, order)}, ${pythonText(line.outputs[0])})`;
  };

/** Pads one axis after the other, with a constant or with elements of the axis; negative pads crop. */
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

/** Runs the operator on one axis of plain numbers, to see which elements it selects. @param others further operands, a list of numbers each */
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
  return Array.from(runOperator(op, [{ ...row(data), shape }, ...others.map(row)], kernels, attributes).data);
}

/** Resizes one axis after the other: each output is an element of the input, or a weighted sum of several. */
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

/** Python of (out, window, stride, dilation, before, after) for each spatial axis; `after` is as much as the last window needs. */
function axesText(axes: readonly Axis[]): string {
  const reach = ({ out, window, stride, dilation, before, size }: Axis) => (out - 1) * stride + (window - 1) * dilation + 1 - before - size;
  return pythonText(axes.map(a => [a.out, a.window, a.stride, a.dilation, a.before, Math.max(0, reach(a))]));
}

/** Pooling over sliding windows. @param text template: AXES are the spatial axes, LIMITS the range of positions that an average counts */
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

/** Written as a convolution of x, with zeros inserted between its elements, and the flipped kernel. */
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

export const spaceAxes = ({ shapes }: Line): string => pythonText(upFrom(2, shapes[0].length));

export const SPACE: Readonly<Record<string, Rule>> = {
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
  Pad: pad,
};
