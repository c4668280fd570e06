import { RnnError } from '../../../errors.js';
import { resizingOf } from '../../../layers/reshaping/resize.js';
import { exp } from '../../../numerics/exp.js';
import { add, choose, div, less, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wholeType, wrongArgument } from './call.js';
import { type Expression, ints, node, type Operand, sliced } from './expression.js';

/** Operators of `keras.ops.image`, and layers that change images. */

/** keras.ops.image.resize, as the layer Resizing, which rounds the result for integers. */
function resize(call: OperatorCall): Expression {
  const names = ['interpolation', 'fill_mode', 'fill_value', 'data_format'].map(name => [name, call.given(-1, name)]);
  const flags = ['antialias', 'crop_to_aspect_ratio', 'pad_to_aspect_ratio'].map(name => [name, call.flag(-1, name)]);
  const config = Object.fromEntries([...names, ...flags]);
  const whole = wholeType(call.given(0, 'images'));
  const attributes = { size: call.given(-1, 'size'), ...resizingOf(config), ...(whole === undefined ? {} : { whole }) };
  return { kind: 'resize', op: '', operands: [call.operand(0, 'images')], attributes };
}

/** Maps one range of numbers linearly to another. */
function ranged(x: Operand, from: readonly number[], to: readonly number[]): Operand {
  if (from[0] === to[0] && from[1] === to[1]) return x;
  const share = div(sub(x, number(from[0])), number(from[1] - from[0]));
  return add(mul(share, number(to[1] - to[0])), number(to[0]));
}

/** The layer AutoContrast: stretches each channel from its minimum and maximum to the value range; a constant channel is unchanged. */
export function autoContrast(call: OperatorCall): Expression {
  const range = call.given(-1, 'value_range') ?? [0, 255];
  if (!Array.isArray(range) || !range.every(Number.isFinite)) throw wrongArgument('value_range', range);
  const original = call.float(0, 'data');
  const x = ranged(original, range as number[], [0, 255]);
  const end = (op: string) => node(op, [x, ints([1, 2])], { keepdims: 1 });
  const low = end('ReduceMin');
  const scale = div(number(255), sub(end('ReduceMax'), low));
  const wide = node('Clip', [sub(mul(x, scale), mul(low, scale)), number(0), number(255)]);
  const y = ranged(wide, [0, 255], range as number[]);
  return choose(node('IsNaN', [y]), original, y);
}

/**
 * The layer RandomCrop at inference: the identity for images of the requested size. @throws RnnError E_KERAS_OPTION for others, which
 * versions of Keras treat differently
 */
export function randomCrop(call: OperatorCall): Expression {
  const shape = call.shape(0, 'data');
  const [height, width] = [call.number(-1, 'height', 0), call.number(-1, 'width', 0)];
  const axis = call.given(-1, 'data_format') === 'channels_first' ? 2 : 1;
  if (shape[axis] === height && shape[axis + 1] === width) return node('Identity', [call.operand(0, 'data')]);
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'RandomCrop gives another size at inference than it says', {
    where: 'height, width',
    expected: `images of ${height} × ${width}: of larger ones some versions of Keras give the middle, and others the whole`,
    found: `(${shape.map(n => n ?? '?').join(', ')})`,
    fix: 'put a Resizing or CenterCrop in front of it',
  });
}

/** Channel k of an image; the axis of channels is kept. */
function channel(x: Operand, axis: number, k: number): Operand {
  return sliced(x, axis, k, k + 1);
}

function channelAxis(call: OperatorCall): number {
  return call.given(-1, 'data_format') === 'channels_first' ? -3 : -1;
}

const within = (x: Operand): Operand => node('Clip', [x, number(0), number(1)]);
const isAbove0 = (x: Operand): Operand => node('Greater', [x, number(0)]);

/** RGB to hue, saturation and value, each from 0 to 1 (TensorFlow's rgb_to_hsv). */
function toHsv(call: OperatorCall): Expression {
  const [x, axis] = [call.float(0, 'images'), channelAxis(call)];
  const [red, green, blue] = [0, 1, 2].map(k => channel(x, axis, k));
  const value = node('ReduceMax', [x, ints([axis])], { keepdims: 1 });
  const range = sub(value, node('ReduceMin', [x, ints([axis])], { keepdims: 1 }));
  const saturation = choose(isAbove0(value), div(range, value), number(0));
  const share = (a: Operand, b: Operand, from: number) => add(div(sub(a, b), mul(range, number(6))), number(from / 6));
  const isLargest = (c: Operand) => node('Equal', [c, value]);
  const others = choose(isLargest(green), share(blue, red, 2), share(red, green, 4));
  const turn = choose(isAbove0(range), choose(isLargest(red), share(green, blue, 0), others), number(0));
  const hue = choose(less(turn, number(0)), add(turn, number(1)), turn);
  return node('Concat', [hue, saturation, value], { axis });
}

/** The inverse of rgb_to_hsv. */
function fromHsv(call: OperatorCall): Expression {
  const [x, axis] = [call.float(0, 'images'), channelAxis(call)];
  const [hue, saturation, value] = [0, 1, 2].map(k => channel(x, axis, k));
  const from = (k: number) => node('Abs', [sub(mul(hue, number(6)), number(k))]);
  const shares = [within(sub(from(3), number(1))), within(sub(number(2), from(2))), within(sub(number(2), from(4)))];
  const colour = (share: Operand) => mul(add(sub(number(1), saturation), mul(saturation, share)), value);
  return node('Concat', shares.map(colour), { axis });
}

/** Applies the same filters [count, height, width] to each channel -> [N, C·count, H, W]. */
function filtered(x: Operand, channels: number, filters: readonly (readonly (readonly number[])[])[], attributes: object): Expression {
  const all = Array.from({ length: channels }, () => filters.map(filter => [filter])).flat();
  return node('Conv', [x, { constant: all }], { kernel_shape: [filters[0].length, filters[0][0].length], group: channels, ...attributes });
}

/** An image with its channels first, and the sizes [C, H, W]. */
function planes(call: OperatorCall): { x: Operand; sizes: number[]; isLast: boolean } {
  const shape = call.shape(0, 'images');
  const isLast = channelAxis(call) === -1;
  const sizes = isLast ? [shape[3], shape[1], shape[2]] : shape.slice(1);
  if (shape.length !== 4 || sizes.includes(null)) throw wrongArgument('images', 'a tensor that is not [N, H, W, C] with known sizes');
  const x = call.float(0, 'images');
  return { x: isLast ? node('Transpose', [x], { perm: [0, 3, 1, 2] }) : x, sizes: sizes as number[], isLast };
}

/** The weights of a Gaussian over `size` positions; they add up to 1. */
function gaussian(size: number, sigma: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => exp(-0.5 * ((i - (size - 1) / 2) / sigma) ** 2));
  const sum = weights.reduce((all, w) => all + w, 0);
  return weights.map(w => w / sum);
}

function blurred(call: OperatorCall): Expression {
  const [size, ...spread] = ['kernel_size', 'sigma', 'stddev'].map(name => call.given(-1, name) as number[] | undefined);
  const sigma = spread.find(Array.isArray);
  if (!size || !sigma) throw wrongArgument('sigma', null);
  const { x, sizes, isLast } = planes(call);
  // Keras on TensorFlow builds the kernel as [width, height] and reshapes it to [height, width]; so do we
  const [across, down] = [gaussian(size[0], sigma[0]), gaussian(size[1], sigma[1])];
  const all = down.flatMap(b => across.map(a => a * b));
  const filter = Array.from({ length: size[0] }, (_, i) => all.slice(i * size[1], (i + 1) * size[1]));
  const before = size.map(n => Math.floor((n - 1) / 2));
  const y = filtered(x, sizes[0], [filter], { pads: [...before, ...size.map((n, i) => n - 1 - before[i])] });
  return isLast ? node('Transpose', [y], { perm: [0, 2, 3, 1] }) : y;
}

const SOBEL = [
  [-1, -2, -1],
  [0, 0, 0],
  [1, 2, 1],
];

/** The gradients of an image downwards and to the right (Sobel), along a new last axis. */
function edges(call: OperatorCall): Expression {
  const { x, sizes, isLast } = planes(call);
  const wide = node('Pad', [x, ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'reflect' });
  const y = filtered(wide, sizes[0], [SOBEL, SOBEL.map((_, i) => SOBEL.map(row => row[i]))], {});
  const apart = node('Reshape', [y, ints([-1, sizes[0], 2, sizes[1], sizes[2]])]);
  return node('Transpose', [apart], { perm: isLast ? [0, 3, 4, 1, 2] : [0, 1, 3, 4, 2] });
}

export const IMAGES: Readonly<Record<string, Rule>> = {
  Resize: resize,
  RGBToHSV: toHsv,
  HSVToRGB: fromHsv,
  GaussianBlur: blurred,
  SobelEdges: edges,
};
