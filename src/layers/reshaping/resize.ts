import { int, text } from '../../formats/onnx/builder.js';
import { padAxes } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { sizesAlong } from '../axes.js';
import { channelsFirst, DATA_FORMAT, type DataFormat, lastChannels, overSpace, withChannels } from '../channels.js';
import { symbolic } from '../dims.js';
import type { OnnxCall, ScriptCall } from '../facets.js';
import { sizes } from '../fields.js';
import { checkOption } from '../kerasConfig.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { sized } from '../operatorNumbers.js';
import type { DimShape } from '../shape.js';
import { cutText, padsConstant } from './cut.js';

/** An image of another size: [N, H, W, C] -> [N, height, width, C] (Keras Resizing). */
export interface ResizeSpec extends LayerBase {
  readonly kind: 'resize';
  readonly size: readonly number[];
  readonly interpolation: Interpolation;
  /** of the largest middle that has the proportions of the new image (Keras crop_to_aspect_ratio) */
  readonly crop: boolean;
  readonly dataFormat: DataFormat;
}

/** The value that is nearest, or the two that are, weighed by how near they are. */
export type Interpolation = 'nearest' | 'bilinear';
export const INTERPOLATIONS: readonly Interpolation[] = ['nearest', 'bilinear'];

/** Options of Keras' Resizing that are not run here, with what each must be. */
const ONLY = { pad_to_aspect_ratio: [false], antialias: [false], interpolation: INTERPOLATIONS };

/** Numbers of x along an axis at places between them (half pixels); beyond the edge stands the edge. @param take Python of the numbers at whole places */
const written = (library: string, take: (places: string) => string) => `
def resize(x, axis, how, n=None, times=1):
    m = x.shape[axis]
    n = n or m * times
    at = (${library}.arange(n) + 0.5) * (m / n) - 0.5
    if how == "nearest":
        return ${take(`${library}.floor(at + 0.5)`)}
    at = at.clip(0, m - 1)
    near = ${library}.floor(at)
    w = (at - near).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return ${take('near')} * (1 - w) + ${take('(near + 1).clip(0, m - 1)')} * w
`;

export const NUMPY_RESIZE = written('np', places => `np.take(x, ${places}.astype(int), axis)`);
export const TORCH_RESIZE = written('torch', places => `x.index_select(axis, ${places}.long())`);

export const resize: LayerKind<ResizeSpec> = {
  name: 'resize',
  reads: 'sequence',
  kerasClass: () => 'Resizing',
  fields: {
    size: sizes({ count: 2 }),
    interpolation: { type: 'choice', choices: INTERPOLATIONS, default: 'bilinear' },
    crop: { type: 'boolean', default: false },
    dataFormat: DATA_FORMAT,
  },
  grammar: { sizes: { form: 'HEIGHTxWIDTH', example: '8x6', counts: [2, 2], fields: size => ({ size }) } },
  keras: {
    classes: {
      Resizing: config => {
        for (const [option, allowed] of Object.entries(ONLY)) checkOption(config, option, allowed);
        return {
          size: [config.height, config.width],
          interpolation: config.interpolation ?? 'bilinear',
          crop: config.crop_to_aspect_ratio ?? false,
          dataFormat: config.data_format ?? 'channels_last',
        };
      },
    },
    forImages: ['Resizing'],
    config: ({ size: [height, width], interpolation, crop, dataFormat }) => ({
      ...{ height, width, interpolation, data_format: dataFormat },
      ...(crop ? { crop_to_aspect_ratio: true } : {}),
    }),
  },
  outputShape: (layer, [input]) => overSpace(layer, input, 2, () => layer.size.map(sized)),
  apply: (layer, [{ tensor }], { kernels }) => ({ tensor: resized(layer, tensor, kernels) }),
  onnx: resizedOnnx,
  scripts: {
    numpy: { helpers: NUMPY_RESIZE, expression },
    torch: { helpers: TORCH_RESIZE, expression },
  },
};

/** What resizing reads of a layer. */
type Resizing = Omit<ResizeSpec, 'kind' | keyof LayerBase> & { readonly name: string };

export function resized(layer: Resizing, tensor: Tensor, kernels: Kernels): Tensor {
  const image = layer.crop ? padAxes(tensor, proportionate(layer, symbolic(tensor.shape))) : tensor;
  return spaceAxes(layer).reduce((t, axis, i) => resizedAlong(t, axis, layer.size[i], layer.interpolation, kernels), image);
}

export function resizedOnnx(layer: Resizing, call: OnnxCall): string {
  const { builder, inputs, shapes } = call;
  if (!layer.crop) return resizeNode(layer, call, { sizes: layer.size });
  const image = builder.add('Pad', [inputs[0], padsConstant(builder, proportionate(layer, shapes[0]))], {}, layer.name);
  return resizeNode(layer, { ...call, inputs: [image] }, { sizes: layer.size });
}

export function expression(layer: Resizing, { inputs: [x], shapes: [input] }: Pick<ScriptCall, 'inputs' | 'shapes'>): string {
  const image = layer.crop ? cutText(x, proportionate(layer, input)) : x;
  return spaceAxes(layer).reduce((text, axis, i) => `resize(${text}, ${axis}, "${layer.interpolation}", ${layer.size[i]})`, image);
}

function spaceAxes(layer: Pick<Resizing, 'size' | 'dataFormat'>): number[] {
  return layer.size.map((_, i) => i + (lastChannels(layer) ? 1 : 2));
}

/** Ends that are cut off, as negative numbers, so that the middle has the proportions of the new size. @throws RnnError E_SYMBOLIC */
function proportionate(layer: Resizing, input: DimShape): [number, number][] {
  const own = sizesAlong(spaceAxes(layer), input);
  const cut = own.map((size, i): [number, number] => {
    const kept = Math.max(Math.min(size, Math.floor((own[1 - i] * layer.size[i]) / layer.size[1 - i])), 1);
    const before = Math.floor((size - kept) / 2);
    return [-before, kept + before - size];
  });
  return withChannels(layer, [[0, 0], ...cut], [0, 0]);
}

/** m numbers along an axis become n. */
export function resizedAlong({ shape, data: x }: Tensor, axis: number, n: number, how: Interpolation, kernels: Kernels): Tensor {
  const [outer, m, inner] = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
  const data = kernels.allocate(outer * n * inner);
  for (let i = 0; i < n; i++) {
    const at = Math.min(Math.max(((i + 0.5) * m) / n - (how === 'nearest' ? 0 : 0.5), 0), m - 1);
    const [near, w] = [Math.floor(at), how === 'nearest' ? 0 : at - Math.floor(at)];
    const next = Math.min(near + 1, m - 1);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < inner; k++) {
        const [a, b] = [x[(o * m + near) * inner + k], x[(o * m + next) * inner + k]];
        data[(o * n + i) * inner + k] = w === 0 ? a : a * (1 - w) + b * w;
      }
  }
  return { shape: shape.map((size, a) => (a === axis ? n : size)), data };
}

/** @param to the sizes of height and width, or how often as large each becomes */
export function resizeNode(
  layer: { readonly name: string; readonly interpolation: Interpolation; readonly dataFormat: DataFormat },
  { builder, inputs: [input], shapes: [shape] }: OnnxCall,
  to: { readonly sizes: readonly number[] } | { readonly scales: readonly number[] },
): string {
  const attributes = { mode: text(layer.interpolation === 'nearest' ? 'nearest' : 'linear'), nearest_mode: text('round_prefer_ceil') };
  return channelsFirst(layer, builder, input, 2, x => {
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
    const rest = builder.integers([...sizesAlong([lastChannels(layer) ? 3 : 1], shape), ...to.sizes]);
    const sizes = builder.add('Concat', [samples, rest], { axis: int(0) }, layer.name);
    return builder.add('Resize', [x, '', '', sizes], attributes, layer.name);
  });
}
