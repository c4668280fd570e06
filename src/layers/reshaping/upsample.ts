import { factor } from '../../cells/weightShapes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { DATA_FORMAT, type DataFormat, overSpace, spaceAxes } from '../channels.js';
import { type ArrayLibrary, inBoth, inGrammar, type NodesCall, oneForAll } from '../facets.js';
import { sizes } from '../fields.js';
import { checkOption } from '../kerasConfig.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { computed } from '../nodes.js';
import { howText, RESIZE_PYTHON, resizedAlong, resizeNode } from './resize.js';
import { INTERPOLATIONS, type Interpolation } from './samples.js';

/** Repeats every value along the spatial axes, or interpolates between them: [N, T, D] -> [N, size·T, D] (Keras UpSampling). */
export interface UpSamplingSpec extends LayerBase {
  readonly kind: `upsample${1 | 2 | 3}d`;
  readonly size: readonly number[];
  readonly interpolation: Interpolation;
  readonly dataFormat: DataFormat;
}

function upsampling(name: UpSamplingSpec['kind'], axes: number): LayerKind<UpSamplingSpec> {
  const kerasClass = `UpSampling${axes}D`;
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields: {
      size: sizes({ count: axes, default: new Array(axes).fill(2) }),
      interpolation: { type: 'choice', choices: axes === 2 ? INTERPOLATIONS : ['nearest'], default: 'nearest' },
      dataFormat: DATA_FORMAT,
    },
    grammar: inGrammar(axes, {
      sizes: {
        form: 'times',
        example: '2',
        fields: [oneForAll('size', axes)],
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
    apply(layer, inputs, context) {
      if (nearest(layer)) return computed(repeated, layer, inputs, context);
      const along = (t: Tensor, times: number, i: number) =>
        resizedAlong(t, axisOf(layer, i), times * t.shape[axisOf(layer, i)], layer, context.kernels);
      return { tensor: layer.size.reduce(along, inputs[0].tensor) };
    },
    onnx: (layer, call) => (nearest(layer) ? repeated(layer, call) : resizeNode(layer, call, { scales: layer.size })),
    scripts: inBoth(
      (library, layer, { inputs: [x] }) =>
        layer.size.reduce((text, times, i) => enlargedText(library, layer, text, times, axisOf(layer, i)), x),
      RESIZE_PYTHON,
    ),
  };
}

export const upsample1d = upsampling('upsample1d', 1);
export const upsample2d = upsampling('upsample2d', 2);
export const upsample3d = upsampling('upsample3d', 3);

function nearest({ interpolation }: UpSamplingSpec): boolean {
  return interpolation === 'nearest';
}

function enlargedText(library: ArrayLibrary, layer: UpSamplingSpec, x: string, times: number, axis: number): string {
  if (!nearest(layer)) return `enlarged(${x}, ${axis}, ${times}, ${howText(layer)})`;
  return `${library === 'np' ? 'np.repeat' : 'torch.repeat_interleave'}(${x}, ${times}, ${axis})`;
}

/** Returns the input's axis for spatial axis i. */
function axisOf(layer: UpSamplingSpec, i: number): number {
  return spaceAxes(layer, layer.size.length)[i];
}

/** Repeats each slice along every spatial axis. */
function repeated(layer: UpSamplingSpec, call: NodesCall): string {
  return layer.size.reduce((x, times, i) => repeatedAlong(layer.name, call, x, axisOf(layer, i), times), call.inputs[0]);
}

/** Repeats each slice along one axis: inserts a new axis after it, tiles it, and merges the two. */
function repeatedAlong(name: string, { builder, shapes }: NodesCall, x: string, axis: number, times: number): string {
  const rank = shapes[0].length;
  const beside = builder.add('Unsqueeze', [x, builder.integers([axis + 1])], {}, name);
  const tiled = builder.add(
    'Tile',
    [beside, builder.integers(Array.from({ length: rank + 1 }, (_, a) => (a === axis + 1 ? times : 1)))],
    {},
    name,
  );
  // Reshape: axes before it keep their size (0), those after it have known sizes or are the last open one (-1)
  const behind = shapes[0].slice(axis + 1).map(d => d.size ?? -1);
  const own = behind.includes(-1) ? (shapes[0][axis].size ?? 0) * times : -1;
  return builder.add('Reshape', [tiled, builder.integers([...new Array(axis).fill(0), own, ...behind])], {}, name);
}
