import { adaptiveWindows } from '../../../layers/window/places.js';
import { paddingOf as padsOf, type Window } from '../../../layers/window/window.js';
import { add, choose, div, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { BOOL, cast, type Expression, ints, node, type Operand, sliced } from './expression.js';

/** Operators that work like layers without weights: windows, normalisation, attention. */

/** Moves the channels of x to axis 1, applies `made`, and moves them back. With data_format channels_first, only applies `made`. */
function channelsFirst(call: OperatorCall, made: (x: Operand) => Expression, name = 'inputs'): Expression {
  const x = call.float(0, name);
  if (call.given(-1, 'data_format') === 'channels_first') return made(x);
  const last = call.shape(0, name).length - 1;
  const space = Array.from({ length: last - 1 }, (_, i) => i + 1);
  const y = made(node('Transpose', [x], { perm: [0, last, ...space] }));
  return node('Transpose', [y], { perm: [0, ...space.map(a => a + 1), 1] });
}

/** An argument with one integer per spatial axis, or one for all. @throws RnnError E_KERAS_OPTION */
function each(call: OperatorCall, name: string, axes: number, otherwise: number | readonly number[]): number[] {
  const given = call.given(-1, name) ?? otherwise;
  const list = Array.isArray(given) ? (given as number[]) : Array.from({ length: axes }, () => Number(given));
  if (list.length !== axes || !list.every(Number.isInteger)) throw wrongArgument(name, given as number);
  return list;
}

/** Padding as explicit pads, or as SAME_UPPER if a size is unknown. @param spans window sizes including dilation */
function paddingOf(call: OperatorCall, spans: readonly number[], strides: readonly number[]): { auto_pad?: string; pads?: number[] } {
  const padding = String(call.given(-1, 'padding') ?? 'valid');
  if (padding !== 'valid' && padding !== 'same') throw wrongArgument('padding', padding);
  if (padding === 'valid') return {};
  const first = call.given(-1, 'data_format') === 'channels_first';
  const space = call.shape(0, 'inputs').slice(...(first ? [2] : [1, -1]));
  if (space.some(n => n === null)) return { auto_pad: 'SAME_UPPER' };
  const windows = spans.map((size, i): Window => ({ size, stride: strides[i], dilation: 1, padding: 'same' }));
  const pairs = windows.map((window, i) => padsOf(space[i]!, window));
  return { pads: [...pairs.map(([before]) => before), ...pairs.map(([, behind]) => behind)] };
}

const pool =
  (op: string): Rule =>
  call => {
    const axes = call.shape(0, 'inputs').length - 2;
    const size = each(call, 'pool_size', axes, 1);
    const strides = each(call, 'strides', axes, size);
    return channelsFirst(call, x => node(op, [x], { kernel_shape: size, strides, ...paddingOf(call, size, strides) }));
  };

function channelsOf(call: OperatorCall): number {
  const rank = call.shape(0, 'inputs').length;
  const axis = call.given(-1, 'data_format') === 'channels_first' ? 1 : rank - 1;
  const size = call.shape(0, 'inputs')[axis];
  if (size === null) throw wrongArgument('inputs', 'an unknown number of channels');
  return size;
}

/** Sizes of a kernel with at least one axis of space. @throws RnnError E_KERAS_OPTION */
function kernelShape(call: OperatorCall, i: number, name: string): readonly (number | null)[] {
  const shape = call.shape(i, name);
  if (shape.length < 3) throw wrongArgument(name, `a kernel of ${shape.length} axes`);
  return shape;
}

/** The attributes of a convolution with a kernel [k…, C, F]. */
function windowsOf(call: OperatorCall, kernel: readonly (number | null)[]) {
  const size = kernel.slice(0, -2).map(Number);
  const [strides, dilations] = ['strides', 'dilation_rate'].map(name => each(call, name, size.length, 1));
  const spans = size.map((k, i) => (k - 1) * dilations[i] + 1);
  return { kernel_shape: size, strides, dilations, ...paddingOf(call, spans, strides) };
}

/** Transposes a kernel [k…, C/groups, F] to [F, C/groups, k…]. */
function filters(kernel: Operand, axes: number): Expression {
  return node('Transpose', [kernel], { perm: [axes + 1, axes, ...Array(axes).keys()] });
}

/** A depthwise convolution, kernel [k…, C, m] as [C·m, 1, k…] with one group per channel. */
function depthwise(call: OperatorCall, x: Operand, name: string): Expression {
  const shape = kernelShape(call, 1, name);
  const axes = shape.length - 2;
  const [channels, times] = shape.slice(-2).map(Number);
  const moved = node('Transpose', [call.operand(1, name)], { perm: [axes, axes + 1, ...Array(axes).keys()] });
  const W = node('Reshape', [moved, ints([channels * times, 1, ...shape.slice(0, axes).map(Number)])]);
  return node('Conv', [x, W], { ...windowsOf(call, shape), group: channels });
}

const separableConv: Rule = call =>
  channelsFirst(call, x => {
    const shape = kernelShape(call, 2, 'pointwise_kernel');
    const points = filters(call.operand(2, 'pointwise_kernel'), shape.length - 2);
    return node('Conv', [depthwise(call, x, 'depthwise_kernel'), points], { kernel_shape: shape.slice(0, -2) });
  });

/** The axes of a normalisation, counted from the front. */
function normalisedAxes(call: OperatorCall): number[] {
  const rank = call.shape(0, 'x').length;
  const axis = call.given(-1, 'axis') ?? -1;
  return (Array.isArray(axis) ? (axis as number[]) : [axis as number]).map(a => (a < 0 ? a + rank : a));
}

/** Reshapes a weight so that it broadcasts over the normalised axes of x. */
function spreadOver(call: OperatorCall, i: number, name: string, axes: readonly number[]): Operand {
  const shape = call.shape(0, 'x').map((n, axis) => (axes.includes(axis) ? n : 1));
  if (shape.some(n => n === null)) throw wrongArgument(name, 'an axis of unknown size');
  return node('Reshape', [call.operand(i, name), ints(shape as number[])]);
}

function scaled(
  call: OperatorCall,
  y: Expression,
  axes: readonly number[],
  scale: readonly [number, string],
  shift?: readonly [number, string],
): Expression {
  const has = ([i, name]: readonly [number, string]) => call.has(i, name);
  const wide = has(scale) ? mul(y, spreadOver(call, ...scale, axes)) : y;
  return shift && has(shift) ? add(wide, spreadOver(call, ...shift, axes)) : wide;
}

/** keras.config.epsilon() */
const EPSILON = 1e-7;

/** Nests a number in lists: depth 2 gives [[value]]. */
function wrap(value: number, depth: number): unknown {
  return depth === 0 ? value : [wrap(value, depth - 1)];
}

/** Moves elements between channels and spatial blocks. */
const blocks =
  (op: string): Rule =>
  call =>
    channelsFirst(call, x => node(op, [x], { blocksize: call.number(-1, 'block_size', 1) }), 'x');

/** Adaptive pooling: output_size windows along each spatial axis, which together cover it. */
function adaptive(reduce: string): Rule {
  return call => {
    const shape = call.shape(0, 'inputs');
    const first = call.given(-1, 'data_format') === 'channels_first' ? 2 : 1;
    const counts = [call.given(-1, 'output_size')].flat() as number[];
    return counts.reduce<Operand>(
      (x, count, i) => {
        const size = shape[first + i];
        if (size === null) throw wrongArgument('inputs', 'an axis of unknown size');
        const parts = adaptiveWindows(size, count).map(([from, to]) =>
          node(reduce, [sliced(x, first + i, from, to), ints([first + i])], { keepdims: 1 }),
        );
        return node('Concat', parts, { axis: first + i });
      },
      call.float(0, 'inputs'),
    ) as Expression;
  };
}

export const NETWORKS: Readonly<Record<string, Rule>> = {
  DepthToSpace: blocks('DepthToSpace'),
  SpaceToDepth: blocks('SpaceToDepth'),
  RGBToGrayscale(call) {
    if (call.given(-1, 'data_format') === 'channels_first') throw wrongArgument('data_format', 'channels_first');
    const shape = call.shape(0, 'images');
    if (shape.at(-1) === 1) return node('Identity', [call.operand(0, 'images')]);
    const weighed = mul(call.float(0, 'images'), { constant: [0.2989, 0.587, 0.114] });
    return node('ReduceSum', [weighed, ints([-1])], { keepdims: 1 });
  },
  MaxPool: pool('MaxPool'),
  AveragePool: pool('AveragePool'),
  AdaptiveMaxPool: adaptive('ReduceMax'),
  AdaptiveAveragePool: adaptive('ReduceMean'),
  Conv(call) {
    const shape = kernelShape(call, 1, 'kernel');
    const group = channelsOf(call) / Number(shape[shape.length - 2]);
    return channelsFirst(call, x =>
      node('Conv', [x, filters(call.operand(1, 'kernel'), shape.length - 2)], { ...windowsOf(call, shape), group }),
    );
  },
  DepthwiseConv: call => channelsFirst(call, x => depthwise(call, x, 'kernel')),
  SeparableConv: separableConv,
  LayerNorm(call) {
    const axes = normalisedAxes(call);
    const x = call.float(0, 'x');
    const mean = (value: Operand) => node('ReduceMean', [value, ints(axes)], { keepdims: 1 });
    const apart = sub(x, mean(x));
    const deviation = node('Sqrt', [add(mean(mul(apart, apart)), number(call.number(-1, 'epsilon', EPSILON)))]);
    // with the root of the mean square alone, x stays where it is
    if (call.flag(-1, 'rms_scaling')) return scaled(call, div(x, deviation), axes, [1, 'gamma']);
    return scaled(call, div(apart, deviation), axes, [1, 'gamma'], [2, 'beta']);
  },
  RMSNorm(call) {
    const axes = normalisedAxes(call);
    const x = call.float(0, 'x');
    const squares = node('ReduceMean', [mul(x, x), ints(axes)], { keepdims: 1 });
    const size = node('Sqrt', [add(squares, number(call.number(-1, 'epsilon', EPSILON)))]);
    return scaled(call, div(x, size), axes, [1, 'scale']);
  },
  BatchNorm(call) {
    const axes = normalisedAxes(call);
    const spread = (i: number, name: string) => spreadOver(call, i, name, axes);
    const deviation = node('Sqrt', [add(spread(2, 'variance'), number(call.number(-1, 'epsilon', 1e-3)))]);
    const y = div(sub(call.float(0, 'x'), spread(1, 'mean')), deviation);
    return scaled(call, y, axes, [4, 'scale'], [3, 'offset']);
  },
  /** query [N, T, H, K], key and value [N, S, H, K] -> [N, T, H, K] */
  DotProductAttention(call) {
    for (const name of ['attn_logits_soft_cap', 'flash_attention'])
      if (![null, undefined, false].includes(call.given(-1, name) as null)) throw wrongArgument(name, call.given(-1, name) as number);
    const isGiven = (i: number, name: string) => call.has(i, name);
    const K = call.shape(0, 'query')[3];
    const [T, S] = [call.shape(0, 'query')[1], call.shape(1, 'key')[1]];
    if (K === null) throw wrongArgument('query', 'an axis of unknown size');
    const einsum = (equation: string, a: Operand, b: Operand) => node('Einsum', [a, b], { equation });
    const products = einsum('btnh,bsnh->bnts', call.float(0, 'query'), call.float(1, 'key'));
    let scores = mul(products, number(call.number(5, 'scale', 1 / Math.sqrt(K))));
    if (isGiven(3, 'bias')) scores = add(scores, call.float(3, 'bias'));
    if (isGiven(4, 'mask')) scores = choose(cast(call.operand(4, 'mask'), BOOL), scores, number(-1e30));
    if (call.flag(-1, 'is_causal')) {
      if (T === null || S === null) throw wrongArgument('is_causal', 'an axis of unknown size');
      const seen = Array.from({ length: T }, (_, t) => Array.from({ length: S }, (_, s) => (s <= t ? 1 : 0)));
      scores = choose({ constant: { type: 'bool', value: seen } }, scores, number(-1e30));
    }
    return einsum('bnts,bsnh->btnh', node('Softmax', [scores], { axis: -1 }), call.float(2, 'value'));
  },
  /**
   * max(0, x − τ) with τ = (s_k − 1)/k, where s_k is the sum of the k largest x, and k the largest for which 1 + k·x_(k) > s_k (Martins,
   * Astudillo 2016).
   */
  Sparsemax(call) {
    const { axis } = call.axis(1, 'axis', -1);
    const x = call.float(0, 'x');
    const size = call.size(axis, 'axis');
    const sorted = node('TopK', [x, ints([size])], { axis, largest: 1 });
    const sums = node('CumSum', [sorted, ints(axis)]);
    const places = call
      .shape(0, 'x')
      .reduceRight<unknown>(
        (inner, _, a) =>
          a === axis
            ? Array.from({ length: size }, (_, k) => wrap(k + 1, call.shape(0, 'x').length - 1 - axis))
            : a > axis
              ? inner
              : [inner],
        0,
      );
    const inside = node('Greater', [add(mul(sorted, { constant: places }), number(1)), sums]);
    const over = (value: Operand) => node('ReduceSum', [choose(inside, value, number(0)), ints([axis])], { keepdims: 1 });
    const tau = div(sub(over(sums), number(1)), over(add(mul(sorted, number(0)), number(1))));
    return node('Max', [sub(x, tau), number(0)]);
  },
};
