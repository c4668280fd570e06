import { paddingOf } from '../../../layers/window/window.js';
import { number } from './arithmetic.js';
import { type OperatorCall, type Rule, wholeNumbers, wrongArgument } from './call.js';
import { ints, node, type Operand } from './expression.js';

/** Extracts windows of images as rows, and assembles images from windows. */

/** The most indices in a table of a graph. */
const MOST = 2 ** 20;

interface Windows {
  /** size of the padded image */
  readonly size: readonly number[];
  readonly pads: readonly (readonly [number, number])[];
  /** number of windows along each axis */
  readonly counts: readonly number[];
  /** [windows, elements of a window]: indices into the flattened padded image */
  readonly places: readonly number[][];
}

function twoOf(call: OperatorCall, name: string, otherwise: number): number[] {
  const given = call.given(-1, name) ?? otherwise;
  const pair = wholeNumbers(given, name);
  if (pair.length !== 2 && Array.isArray(given)) throw wrongArgument(name, given);
  return [pair[0], pair[pair.length - 1]];
}

function windowsOf(
  space: readonly (number | null)[],
  { kernel, stride, dilation, pads }: Record<'kernel' | 'stride' | 'dilation', readonly number[]> & { pads: Windows['pads'] },
): Windows {
  if (space.length !== 2 || space.includes(null)) throw wrongArgument('x', 'anything but images of one size');
  if ([kernel, stride, dilation].flat().some(n => n < 1)) throw wrongArgument('x', 'windows of no size');
  const size = space.map((n, i) => n! + pads[i][0] + pads[i][1]);
  const counts = size.map((n, i) => Math.floor((n - (kernel[i] - 1) * dilation[i] - 1) / stride[i]) + 1);
  if (counts[0] * counts[1] * kernel[0] * kernel[1] > MOST || counts.some(n => n < 1))
    throw wrongArgument('x', 'windows that do not fit into the image, or too many');
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  const places = range(counts[0] * counts[1]).map(w => {
    const [row, column] = [Math.floor(w / counts[1]) * stride[0], (w % counts[1]) * stride[1]];
    return range(kernel[0] * kernel[1]).map(k => {
      const [i, j] = [Math.floor(k / kernel[1]) * dilation[0], (k % kernel[1]) * dilation[1]];
      return (row + i) * size[1] + column + j;
    });
  });
  return { size, pads, counts, places };
}

function torchWindows(call: OperatorCall, space: readonly (number | null)[]): Windows {
  // a config without a version is read with the names of Keras 1, where stride is called strides
  const [once, twice] = ['stride', 'strides'].map(name => twoOf(call, name, 1));
  const stride = once.map((n, i) => Math.max(n, twice[i]));
  const [kernel, dilation, padding] = [twoOf(call, 'kernel_size', 1), twoOf(call, 'dilation', 1), twoOf(call, 'padding', 0)];
  return windowsOf(space, { kernel, stride, dilation, pads: padding.map((n): [number, number] => [n, n]) });
}

/** Pads axes of an image with zeros. */
function padded(x: Operand, axes: readonly number[], pads: Windows['pads']): Operand {
  if (pads.every(([before, behind]) => before === 0 && behind === 0)) return x;
  return node('Pad', [x, ints([...pads.map(p => p[0]), ...pads.map(p => p[1])]), number(0), ints(axes)], { mode: 'constant' });
}

const tableOf = (places: readonly number[][]): Operand => ({ constant: { type: 'int', value: places } });

function channelsLast(call: OperatorCall, name: string): readonly (number | null)[] {
  if (call.given(-1, 'data_format') === 'channels_first') throw wrongArgument('data_format', 'channels_first');
  const shape = call.shape(0, name);
  if (shape.length !== 4) throw wrongArgument(name, 'an image without an axis of samples');
  return shape;
}

export const PATCHES: Readonly<Record<string, Rule>> = {
  /** [N, C, H, W] -> [N, C·k·k, windows] */
  Unfold(call) {
    const shape = call.shape(0, 'x');
    const { places, pads, size } = torchWindows(call, shape.slice(2));
    const channels = shape[1]!;
    const flat = node('Reshape', [padded(call.float(0, 'x'), [2, 3], pads), ints([-1, channels, size[0] * size[1]])]);
    const turned = places[0].map((_, k) => places.map(window => window[k]));
    return node('Reshape', [node('Gather', [flat, tableOf(turned)], { axis: 2 }), ints([-1, channels * places[0].length, places.length])]);
  },
  /** The inverse of Unfold; where windows overlap, they are added. */
  Fold(call) {
    const space = twoOf(call, 'output_size', 1);
    const { places, pads, size } = torchWindows(call, space);
    const columns = call.shape(0, 'x')[1];
    if (columns === null || size[0] * size[1] * places.length * places[0].length > MOST)
      throw wrongArgument('x', 'windows of unknown size, or too large');
    const channels = columns / places[0].length;
    const inOrder = places[0].flatMap((_, k) => places.map(window => window[k]));
    const sums = inOrder.map(at => Array.from({ length: size[0] * size[1] }, (_, p) => Number(p === at)));
    const rows = node('Reshape', [call.float(0, 'x'), ints([-1, channels, inOrder.length])]);
    const image = node('Reshape', [node('MatMul', [rows, { constant: sums }]), ints([-1, channels, ...size])]);
    const [from, to] = [pads.map(([before]) => before), pads.map(([before], i) => before + space[i])];
    return node('Slice', [image, ints(from), ints(to), ints([2, 3])]);
  },
  /** [N, H, W, C] -> [N, rows, columns, k·k·C] */
  ExtractPatches(call) {
    const shape = channelsLast(call, 'images');
    call.given(-1, 'is_3d');
    const kernel = twoOf(call, 'size', 1);
    const given = call.given(-1, 'strides') ?? null;
    const [stride, dilation] = [given === null ? kernel : twoOf(call, 'strides', 1), twoOf(call, 'dilation_rate', 1)];
    const space = shape.slice(1, 3);
    const same = call.given(-1, 'padding') === 'same';
    const pads = space.map((n, i): readonly [number, number] =>
      same && n !== null
        ? (paddingOf(n, { size: kernel[i], stride: stride[i], dilation: dilation[i], padding: 'same' }) as [number, number])
        : [0, 0],
    );
    const { places, counts, size } = windowsOf(space, { kernel, stride, dilation, pads });
    const channels = shape[3]!;
    const flat = node('Reshape', [padded(call.float(0, 'images'), [1, 2], pads), ints([-1, size[0] * size[1], channels])]);
    return node('Reshape', [node('Gather', [flat, tableOf(places)], { axis: 1 }), ints([-1, ...counts, places[0].length * channels])]);
  },
  PadImages: call => cropped(call, 'padding', 1),
  CropImages: call => cropped(call, 'cropping', -1),
};

const SIDES = ['top', 'bottom', 'left', 'right'] as const;

/** Pads or crops the four sides. Of before, after and target size, two determine the third. */
function cropped(call: OperatorCall, what: 'padding' | 'cropping', sign: 1 | -1): ReturnType<Rule> {
  const shape = channelsLast(call, 'images');
  const given = SIDES.map(side => call.given(-1, `${side}_${what}`) ?? null);
  const targets = ['target_height', 'target_width'].map(name => call.given(-1, name) ?? null);
  const pads = [0, 1].map((axis): [number, number] => {
    const [before, behind] = [given[2 * axis], given[2 * axis + 1]] as (number | null)[];
    const size = shape[axis + 1];
    const target = targets[axis] as number | null;
    const rest = target === null || size === null ? null : sign * (target - size);
    const pair = [
      before ?? (rest === null || behind === null ? null : rest - behind),
      behind ?? (rest === null || before === null ? null : rest - before),
    ];
    if (pair.includes(null)) throw wrongArgument(`${SIDES[2 * axis]}_${what}`, 'sizes that do not determine the others');
    return pair as [number, number];
  });
  const x = call.float(0, 'images');
  if (sign === 1) return padded(x, [1, 2], pads) as ReturnType<Rule>;
  const ends = pads.map(([, behind], i) => (behind === 0 ? Number.MAX_SAFE_INTEGER : (shape[i + 1] ?? 0) - behind));
  return node('Slice', [x, ints(pads.map(([before]) => before)), ints(ends), ints([1, 2])]);
}
