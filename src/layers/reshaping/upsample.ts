import { factor } from '../../cells/weightShapes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { DATA_FORMATS, type DataFormat, lastChannels, overSpace } from '../channels.js';
import { inGrammar, type OnnxCall } from '../facets.js';
import { sizes } from '../fields.js';
import { checkOption } from '../kerasConfig.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { INTERPOLATIONS, type Interpolation, NUMPY_RESIZE, resizedAlong, resizeNode, TORCH_RESIZE } from './resize.js';

/** Every value along the axes of space several times, or with values between them: [N, T, D] -> [N, size·T, D] (Keras UpSampling). */
export interface UpSamplingSpec extends LayerBase {
  readonly kind: `upsample${1 | 2 | 3}d`;
  readonly size: readonly number[];
  readonly interpolation: Interpolation;
  readonly dataFormat: DataFormat;
}

function upsampling(name: UpSamplingSpec['kind'], axes: number): LayerKind<UpSamplingSpec> {
  const kerasClass = `UpSampling${axes}D`;
  const axisOf = (layer: UpSamplingSpec, i: number) => i + (lastChannels(layer) ? 1 : 2);
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields: {
      size: sizes({ count: axes, default: new Array(axes).fill(2) }),
      interpolation: { type: 'choice', choices: axes === 2 ? INTERPOLATIONS : ['nearest'], default: 'nearest' },
      dataFormat: { type: 'choice', choices: DATA_FORMATS, default: 'channels_last' },
    },
    grammar: inGrammar(axes, {
      sizes: {
        form: 'times',
        example: '2',
        counts: [0, axes],
        fields: given => (given.length === 0 ? {} : { size: given.length === axes ? given : new Array(axes).fill(given[0]) }),
      },
    }),
    keras: {
      classes: {
        [kerasClass]: config => {
          checkOption(config, 'interpolation', axes === 2 ? INTERPOLATIONS : ['nearest']);
          return {
            size: config.size ?? 2,
            interpolation: config.interpolation ?? 'nearest',
            dataFormat: config.data_format ?? 'channels_last',
          };
        },
      },
      config: ({ size, interpolation, dataFormat }) =>
        axes === 1 ? { size: size[0] } : { size, ...(axes === 2 ? { interpolation } : {}), data_format: dataFormat },
    },
    outputShape: (layer, [input]) =>
      overSpace(layer, input, axes, space =>
        space.map(({ symbol, size }, i) => ({
          symbol: layer.size[i] === 1 ? symbol : `${layer.size[i]}*${factor(symbol)}`,
          size: size === null ? null : size * layer.size[i],
        })),
      ),
    apply: (layer, [{ tensor }], { kernels }) => ({
      tensor: layer.size.reduce((t, times, i) => {
        const axis = axisOf(layer, i);
        return nearest(layer)
          ? repeated(t, axis, times, kernels)
          : resizedAlong(t, axis, times * t.shape[axis], layer.interpolation, kernels);
      }, tensor),
    }),
    onnx: (layer, call) =>
      nearest(layer)
        ? layer.size.reduce((x, times, i) => repeatedNodes(layer.name, call, x, axisOf(layer, i), times), call.inputs[0])
        : resizeNode(layer, call, { scales: layer.size }),
    scripts: {
      numpy: {
        helpers: NUMPY_RESIZE,
        expression: (layer, { inputs: [x] }) =>
          layer.size.reduce((text, times, i) => scaled('np.repeat', layer, text, times, axisOf(layer, i)), x),
      },
      torch: {
        helpers: TORCH_RESIZE,
        expression: (layer, { inputs: [x] }) =>
          layer.size.reduce((text, times, i) => scaled('torch.repeat_interleave', layer, text, times, axisOf(layer, i)), x),
      },
    },
  };
}

export const upsample1d = upsampling('upsample1d', 1);
export const upsample2d = upsampling('upsample2d', 2);
export const upsample3d = upsampling('upsample3d', 3);

function nearest({ interpolation }: UpSamplingSpec): boolean {
  return interpolation === 'nearest';
}

function scaled(repeat: string, layer: UpSamplingSpec, x: string, times: number, axis: number): string {
  return nearest(layer) ? `${repeat}(${x}, ${times}, ${axis})` : `resize(${x}, ${axis}, "${layer.interpolation}", times=${times})`;
}

/** Each slice along an axis `times` times. */
function repeated(t: Tensor, axis: number, times: number, kernels: Kernels): Tensor {
  const inner = sizeOf(t.shape.slice(axis + 1));
  const rows = t.data.length / inner;
  const data = kernels.allocate(t.data.length * times);
  for (let r = 0; r < rows; r++) {
    const slice = t.data.subarray(r * inner, (r + 1) * inner);
    for (let k = 0; k < times; k++) data.set(slice, (r * times + k) * inner);
  }
  return { shape: t.shape.map((size, a) => (a === axis ? size * times : size)), data };
}

/** A new axis of size 1 is inserted after it, repeated, and merged with it. */
function repeatedNodes(name: string, { builder, shapes }: OnnxCall, x: string, axis: number, times: number): string {
  const rank = shapes[0].length;
  const beside = builder.add('Unsqueeze', [x, builder.integers([axis + 1])], {}, name);
  const tiled = builder.add(
    'Tile',
    [beside, builder.integers(Array.from({ length: rank + 1 }, (_, a) => (a === axis + 1 ? times : 1)))],
    {},
    name,
  );
  // axes before it stay (0 takes the size at the same place), those behind have known sizes or are the last open one
  const behind = shapes[0].slice(axis + 1).map(d => d.size ?? -1);
  const own = behind.includes(-1) ? (shapes[0][axis].size ?? 0) * times : -1;
  return builder.add('Reshape', [tiled, builder.integers([...new Array(axis).fill(0), own, ...behind])], {}, name);
}
