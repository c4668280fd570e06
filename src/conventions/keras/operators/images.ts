import { RnnError } from '../../../errors.js';
import { resizingOf } from '../../../layers/reshaping/resize.js';
import { add, div, mul, number, sub } from './arithmetic.js';
import { type Expression, ints, node, type Operand, type OperatorCall, type Rule, wholeType, wrongArgument } from './call.js';

/** Operators of `keras.ops.image`, and layers that change images. */

/** The layer that does the same, whose numbers are rounded where they were whole. */
function resize(call: OperatorCall): Expression {
  const names = 'interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value data_format'.split(' ');
  const config = Object.fromEntries(names.map(name => [name, call.given(-1, name)]));
  const whole = wholeType(call.given(0, 'images'));
  const attributes = { size: call.given(-1, 'size'), ...resizingOf(config), ...(whole === undefined ? {} : { whole }) };
  return { kind: 'resize', op: '', operands: [call.operand(0, 'images')], attributes };
}

/** Numbers of one range as those of another. */
function ranged(x: Operand, from: readonly number[], to: readonly number[]): Operand {
  if (from[0] === to[0] && from[1] === to[1]) return x;
  const share = div(sub(x, number(from[0])), number(from[1] - from[0]));
  return add(mul(share, number(to[1] - to[0])), number(to[0]));
}

/** The layer AutoContrast: the least and the largest number of each channel become the ends of the range; a channel of one number stays. */
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
  return node('Where', [node('IsNaN', [y]), original, y]);
}

/** The layer RandomCrop leaves an image of its own size as it is. @throws RnnError E_KERAS_OPTION for others, which versions of Keras treat differently */
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

export const IMAGES: Readonly<Record<string, Rule>> = {
  Resize: resize,
};
