import { factor } from '../../cells/weightShapes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { DATA_FORMATS, type DataFormat, lastChannels, spaceOf, withChannels } from '../channels.js';
import { NO_COST } from '../dims.js';
import type { OnnxCall } from '../facets.js';
import { sizes } from '../fields.js';
import { checkOption } from '../kerasConfig.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';

/** Every value along the axes of space several times: [N, T, D] -> [N, size·T, D] (Keras UpSampling, nearest neighbours). */
export interface UpSamplingSpec extends LayerBase {
  readonly kind: 'upsample1d' | 'upsample2d';
  readonly size: readonly number[];
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
      dataFormat: { type: 'choice', choices: DATA_FORMATS, default: 'channels_last' },
    },
    grammar: {
      sizes: {
        form: 'times',
        example: '2',
        counts: [0, axes],
        fields: given => (given.length === 0 ? {} : { size: given.length === axes ? given : new Array(axes).fill(given[0]) }),
      },
    },
    keras: {
      classes: {
        [kerasClass]: config => {
          checkOption(config, 'interpolation', ['nearest']);
          return { size: config.size ?? 2, dataFormat: config.data_format ?? 'channels_last' };
        },
      },
      config: ({ size, dataFormat }) => (axes === 1 ? { size: size[0] } : { size, data_format: dataFormat }),
    },
    weightShapes: () => [],
    outputShape(layer, [input]) {
      const [N, ...space] = spaceOf(layer, input, axes);
      const grown = space.map(({ symbol, size }, i) => ({
        symbol: layer.size[i] === 1 ? symbol : `${layer.size[i]}*${factor(symbol)}`,
        size: size === null ? null : size * layer.size[i],
      }));
      return withChannels(layer, [N, ...grown], input[lastChannels(layer) ? input.length - 1 : 1]);
    },
    cost: () => NO_COST,
    apply: (layer, [{ tensor }], { kernels }) => ({
      tensor: layer.size.reduce((t, times, i) => repeated(t, axisOf(layer, i), times, kernels), tensor),
    }),
    onnx: (layer, call) => layer.size.reduce((x, times, i) => repeatedNodes(layer.name, call, x, axisOf(layer, i), times), call.inputs[0]),
    scripts: {
      numpy: {
        expression: (layer, { inputs: [x] }) =>
          layer.size.reduce((text, times, i) => `np.repeat(${text}, ${times}, ${axisOf(layer, i)})`, x),
      },
      torch: {
        expression: (layer, { inputs: [x] }) =>
          layer.size.reduce((text, times, i) => `${text}.repeat_interleave(${times}, ${axisOf(layer, i)})`, x),
      },
    },
  };
}

export const upsample1d = upsampling('upsample1d', 1);
export const upsample2d = upsampling('upsample2d', 2);

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
