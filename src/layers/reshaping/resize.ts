import { RnnError } from '../../errors.js';
import { int, text } from '../../formats/onnx/builder.js';
import { halfToEven } from '../../numerics/halfToEven.js';
import { padAxes, permuteAxes } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { sizesAlong } from '../axes.js';
import { channelsFirst, DATA_FORMAT, type DataFormat, lastChannels, overSpace, spaceAxes, withChannels } from '../channels.js';
import { showShape, symbolic } from '../dims.js';
import { type ArrayLibrary, inBoth, type OnnxCall, type ScriptCall } from '../facets.js';
import { sizes } from '../fields.js';
import { checkOption, type Json } from '../kerasConfig.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { sized } from '../operatorNumbers.js';
import type { DimShape } from '../shape.js';
import { cutText, paddedText, padsConstant } from './cut.js';
import { INTERPOLATIONS, type Interpolation, sampled, sampledPython, type Weighed } from './samples.js';

/** Returns a Python function that resizes x along an axis, as weighted sums. */
function resizePython(rows: string, weighed: string, single: string): string {
  return `
def resize(x, axis, n, how, antialias=False):
    rows = ${rows}
    return ${weighed}


def enlarged(x, axis, times, how):
    return resize(x, axis, times * x.shape[axis], how)

${sampledPython(single)}`;
}

const SAMPLED = 'sampled(x.shape[axis], n, how, antialias)';
// marked pure, so that the bundle of the page can leave them out
export const RESIZE_PYTHON: Readonly<Record<ArrayLibrary, string>> = {
  np: /* @__PURE__ */ resizePython(SAMPLED, 'np.moveaxis(np.tensordot(rows, x, (1, axis)), 0, axis)', 'np.float32(v)'),
  torch: /* @__PURE__ */ resizePython(
    `torch.tensor(${SAMPLED}, dtype=x.dtype)`,
    'torch.tensordot(rows, x, ([1], [axis])).movedim(0, axis)',
    'torch.tensor(v, dtype=torch.float32)',
  ),
};

/** Resizes an image: [N, H, W, C] -> [N, height, width, C] (Keras Resizing, `keras.ops.image.resize`). */
export interface ResizeSpec extends LayerBase {
  readonly kind: 'resize';
  readonly size: readonly number[];
  readonly interpolation: Interpolation;
  readonly antialias: boolean;
  /** keep the proportions: `crop` to the largest centre part with those of the new size, or `pad` the image to them */
  readonly crop: boolean;
  readonly pad: boolean;
  /** value of the padding */
  readonly fillValue: number;
  readonly dataFormat: DataFormat;
  /** integer type of x, to which y is rounded; null: floats */
  readonly whole: keyof typeof WHOLE | null;
  readonly kerasClass: string;
}

/** Smallest and largest number of each integer type. */
export const WHOLE = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 2 ** 32 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 53), 2 ** 53],
} as const;

/** The fields that resizing reads. */
type Resizing = Pick<ResizeSpec, 'name' | 'size' | 'interpolation' | 'crop' | 'dataFormat'> &
  Partial<Pick<ResizeSpec, 'antialias' | 'pad' | 'fillValue' | 'whole'>>;

const fields: LayerKind<ResizeSpec>['fields'] = {
  size: sizes({ count: 2 }),
  interpolation: { type: 'choice', choices: INTERPOLATIONS, default: 'bilinear' },
  antialias: { type: 'boolean', default: false },
  crop: { type: 'boolean', default: false },
  pad: { type: 'boolean', default: false },
  fillValue: { type: 'number', default: 0 },
  dataFormat: DATA_FORMAT,
  whole: { type: 'choice', choices: Object.keys(WHOLE), default: null },
  kerasClass: { type: 'choice', choices: ['Resizing', 'Resize'], default: 'Resizing' },
};

/** Reads the arguments of Keras' layer or operator. @throws RnnError E_KERAS_OPTION */
export function resizingOf(config: Json): Json {
  checkOption(config, 'fill_mode', ['constant']);
  checkOption(config, 'interpolation', INTERPOLATIONS);
  return {
    interpolation: config.interpolation ?? 'bilinear',
    antialias: config.antialias ?? false,
    crop: config.crop_to_aspect_ratio ?? false,
    pad: config.pad_to_aspect_ratio ?? false,
    fillValue: config.fill_value ?? 0,
    dataFormat: config.data_format ?? 'channels_last',
  };
}

export const resize: LayerKind<ResizeSpec> = {
  name: 'resize',
  reads: 'sequence',
  kerasClass: layer => layer.kerasClass,
  fields,
  grammar: { sizes: { form: 'HEIGHTxWIDTH', example: '8x6', fields: [{ list: 'size', counts: [2, 2] }] } },
  keras: {
    classes: { Resizing: config => ({ size: [config.height, config.width], ...resizingOf(config) }) },
    forImages: ['Resizing'],
    inputType: 'whole',
    config({ size: [height, width], interpolation, antialias, crop, pad, fillValue, dataFormat, whole }) {
      if (whole !== null)
        throw new RnnError('unsupported', 'E_CONVERT_LAYER', `resizing ${whole} images cannot be converted: Keras rounds the results`, {
          expected: 'float32 images',
          found: whole,
        });
      return {
        ...{ height, width, interpolation, data_format: dataFormat },
        ...(antialias ? { antialias } : {}),
        ...(crop ? { crop_to_aspect_ratio: true } : {}),
        ...(pad ? { pad_to_aspect_ratio: true, fill_value: fillValue } : {}),
      };
    },
  },
  outputShape: (layer, [input]) => overSpace(layer, input, 2, () => layer.size.map(sized)),
  apply: (layer, [{ tensor }], { kernels }) => ({ tensor: resized(layer, tensor, kernels) }),
  onnx: resizedOnnx,
  scripts: inBoth(resizedText, RESIZE_PYTHON),
};

/**
 * Refuses area means of integers if the windows cut pixels: a mean halfway between two integers is then rounded by the last bit of TensorFlow's
 * sum. @throws RnnError E_KERAS_OPTION
 */
function checkAreas(layer: Resizing, input: DimShape): void {
  const isWhole = spaceAxes(layer, 2).every((axis, i) => input[axis].size === null || input[axis].size % layer.size[i] === 0);
  if (!layer.whole || layer.interpolation !== 'area' || (isWhole && !layer.crop && !layer.pad)) return;
  throw new RnnError(
    'unsupported',
    'E_KERAS_OPTION',
    'area interpolation of integers is not supported: how a mean is rounded depends on the last digit of a sum',
    {
      where: 'interpolation',
      expected: 'float images, a size that divides the input, or an interpolation other than area',
      found: `area of ${layer.whole}, ${showShape(input)} to ${layer.size.join(' × ')}`,
    },
  );
}

/** Resizes an image, after padding or cropping it if the layer keeps the proportions. */
export function resized(layer: Resizing, tensor: Tensor, kernels: Kernels): Tensor {
  const pads = proportionate(layer, symbolic(tensor.shape));
  const image = pads ? padAxes(tensor, pads, layer.fillValue) : tensor;
  // TensorFlow resizes along the width first only for bilinear without antialias
  const order = layer.interpolation === 'bilinear' && !layer.antialias ? [1, 0] : [0, 1];
  const y = order.reduce((t, i) => resizedAlong(t, spaceAxes(layer, 2)[i], layer.size[i], layer, kernels), image);
  if (!layer.whole) return y;
  const [least, most] = WHOLE[layer.whole];
  return { shape: y.shape, data: y.data.map(v => Math.min(most, Math.max(least, halfToEven(Math.fround(v))))) };
}

/** `resized` as ONNX nodes. */
export function resizedOnnx(layer: Resizing, call: OnnxCall): string {
  const { builder, inputs, shapes } = call;
  const add = (op: string, of: readonly string[]) => builder.add(op, of, {}, layer.name);
  const number = (value: number) => builder.constant(`${layer.name}.number`, { shape: [], data: Float64Array.of(value) });
  const pads = proportionate(layer, shapes[0]);
  const image = pads
    ? add('Pad', [inputs[0], padsConstant(builder, pads), ...(layer.fillValue ? [number(layer.fillValue)] : [])])
    : inputs[0];
  const own = shapes[0].map((dim, axis) => (pads && dim.size !== null ? { ...dim, size: dim.size + pads[axis][0] + pads[axis][1] } : dim));
  const y = resizeNode(layer, { ...call, inputs: [image], shapes: [own] }, { sizes: layer.size });
  if (!layer.whole) return y;
  return add('Clip', [add('Round', [y]), ...WHOLE[layer.whole].map(number)]);
}

/** `resized` as Python. */
export function resizedText(library: ArrayLibrary, layer: Resizing, { inputs: [x], shapes: [input] }: ScriptCall): string {
  const pads = proportionate(layer, input);
  const image = pads ? (layer.pad ? paddedText(library, x, pads, layer.fillValue ?? 0) : cutText(x, pads)) : x;
  const y = spaceAxes(layer, 2).reduce((text, axis, i) => `resize(${text}, ${axis}, ${layer.size[i]}, ${howText(layer)})`, image);
  if (!layer.whole) return y;
  const limits = WHOLE[layer.whole].join(', ');
  return library === 'np' ? `np.clip(np.round(np.float32(${y})), ${limits}).astype(float)` : `torch.clip(torch.round(${y}), ${limits})`;
}

/** The last arguments of our Python function `resize`: how, and antialias. */
export function howText({ interpolation, antialias }: Pick<Resizing, 'interpolation' | 'antialias'>): string {
  return `"${interpolation}"${antialias ? ', True' : ''}`;
}

/**
 * Returns the pads (negative: cropped) that give the image the proportions of the new size; undefined if proportions need not be kept.
 * @throws RnnError E_SYMBOLIC, and what checkAreas throws
 */
function proportionate(layer: Resizing, input: DimShape): [number, number][] | undefined {
  checkAreas(layer, input);
  if (!layer.crop && !layer.pad) return undefined;
  const own = sizesAlong(spaceAxes(layer, 2), input);
  const sides = own.map((size, i): [number, number] => {
    const wanted = Math.floor(Math.fround(own[1 - i] * layer.size[i]) / layer.size[1 - i]);
    if (layer.pad) {
      const around = Math.floor((Math.max(size, wanted) - size) / 2);
      return [around, around];
    }
    const kept = Math.max(Math.min(size, wanted), 1);
    const before = Math.floor((size - kept) / 2);
    return [-before, kept + before - size];
  });
  return withChannels(layer, [[0, 0], ...sides], [0, 0]);
}

/** Resizes an axis from m to n elements. For integers the steps are TensorFlow's, since the last bit decides how a result is rounded. */
export function resizedAlong(
  { shape, data: x }: Tensor,
  axis: number,
  n: number,
  { interpolation, antialias = false, whole = null }: Pick<Resizing, 'interpolation' | 'antialias' | 'whole'>,
  kernels: Kernels,
): Tensor {
  const [outer, m, inner] = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
  const data = kernels.allocate(outer * n * inner);
  const step = whole ? Math.fround : (v: number) => v;
  const isLine = interpolation === 'bilinear' && !antialias;
  sampled(m, n, interpolation, antialias).forEach((weights, i) => {
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < inner; k++) {
        const from = o * m * inner + k;
        let y = isLine ? x[from + weights[0][0] * inner] : 0;
        for (const [at, weight] of isLine ? weights.slice(1) : weights)
          y = step(y + step(weight * (isLine ? x[from + at * inner] - y : x[from + at * inner])));
        data[(o * n + i) * inner + k] = y;
      }
  });
  return { shape: shape.map((size, a) => (a === axis ? n : size)), data };
}

/** Adds the nodes that resize height and width. @param to the new sizes, or the scales */
export function resizeNode(
  layer: Pick<Resizing, 'name' | 'interpolation' | 'antialias' | 'dataFormat'>,
  call: OnnxCall,
  to: { readonly sizes: readonly number[] } | { readonly scales: readonly number[] },
): string {
  const { builder, inputs, shapes } = call;
  const mode = layer.antialias && layer.interpolation !== 'nearest' ? undefined : ONNX_MODES[layer.interpolation];
  return channelsFirst(layer, builder, inputs[0], 2, x => {
    if (!mode) return products(layer, call, x, to);
    const attributes = { mode: text(mode), nearest_mode: text('round_prefer_ceil') };
    if ('scales' in to) {
      const scales = { shape: [4], data: Float64Array.of(1, 1, ...to.scales) };
      return builder.add('Resize', [x, '', builder.constant(`${layer.name}.scales`, scales)], attributes, layer.name);
    }
    const samples = builder.add(
      'Slice',
      [builder.add('Shape', [x], {}, layer.name), builder.integers([0]), builder.integers([1])],
      {},
      layer.name,
    );
    const rest = builder.integers([...sizesAlong([lastChannels(layer) ? 3 : 1], shapes[0]), ...to.sizes]);
    const sizes = builder.add('Concat', [samples, rest], { axis: int(0) }, layer.name);
    return builder.add('Resize', [x, '', '', sizes], attributes, layer.name);
  });
}

/** The modes that ONNX's Resize computes as TensorFlow does. */
const ONNX_MODES: Readonly<Partial<Record<Interpolation, string>>> = { nearest: 'nearest', bilinear: 'linear' };

/** Resizes x [N, C, H, W] by a product with a constant matrix for each axis. @throws RnnError E_SYMBOLIC */
function products(
  layer: Parameters<typeof resizeNode>[0],
  { builder, shapes: [input] }: OnnxCall,
  x: string,
  to: Parameters<typeof resizeNode>[2],
): string {
  const own = sizesAlong(spaceAxes(layer, 2), input);
  const wanted = 'sizes' in to ? to.sizes : to.scales.map((times, i) => times * own[i]);
  const [rows, columns] = own.map((m, i) => matrixOf(sampled(m, wanted[i], layer.interpolation, layer.antialias ?? false), m));
  const constant = (tensor: Tensor) => builder.constant(`${layer.name}.weights`, tensor);
  const high = builder.add('MatMul', [constant(rows), x], {}, layer.name);
  return builder.add('MatMul', [high, constant(permuteAxes(columns, [1, 0]))], {}, layer.name);
}

/** Returns the weights as a matrix [n, m]. */
function matrixOf(rows: readonly Weighed[], m: number): Tensor {
  const data = new Float64Array(rows.length * m);
  rows.forEach((weights, i) => {
    for (const [at, weight] of weights) data[i * m + at] += weight;
  });
  return { shape: [rows.length, m], data };
}
