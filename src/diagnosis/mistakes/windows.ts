import { PADDINGS } from '../../layers/window/window.js';
import type { LayerSpec, ModelSpec } from '../../model/spec.js';
import { permuteAxes, takeAlong } from '../../tensor/axes.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { changeLayer, type Fix, mistake, onNamed, type Scenario, type Way } from '../mistake.js';
import { bypass } from './heads.js';

/** Mistakes with sliding windows: padding, strides and dilation of a convolution, and the size of a pooling. */

type Conv = Extract<LayerSpec, { readonly kind: `conv${1 | 2 | 3}d` }>;
type Pool = Extract<LayerSpec, { readonly poolSize: readonly number[] }>;

const isConv = (l: LayerSpec): l is Conv => /^conv\dd$/.test(l.kind);
const isPool = (l: LayerSpec): l is Pool => 'poolSize' in l;
const sameSize = (sizes: readonly number[], size: number) => sizes.map(() => size);
const shown = (sizes: readonly number[]) => (new Set(sizes).size === 1 ? `${sizes[0]}` : `(${sizes.join(', ')})`);

const STRIDES = [1, 2, 3];
const DILATIONS = [1, 2, 3, 4];
const SIZES = [2, 3, 4, 5];

/** Changes one field of a layer. */
function other(layer: LayerSpec, parameter: string, fields: Readonly<Record<string, unknown>>, words: string, fix: Fix): Way {
  return { parameter, layer: layer.name, change: s => changeLayer(s, layer.name, fields), why: `${layer.name} ${words}.`, fix };
}

/** An equal number of zeros on both sides, as PyTorch's padding=p; with strides, they differ from those of `same`. */
function evenlyPadded(model: ModelSpec, layer: Conv | Pool, sizes: readonly number[]): ModelSpec {
  const name = `${layer.name}/padding`;
  const padding = {
    kind: 'zeropad1d',
    name,
    inputs: [layer.inputs[0]],
    trainable: true,
    border: sizes.flatMap(s => [s, s]),
    dataFormat: layer.dataFormat,
  };
  const layers = model.layers.flatMap((l): unknown[] =>
    l.name === layer.name ? [padding, { ...l, inputs: [name], padding: 'valid' }] : [l],
  );
  return { ...model, layers: layers as LayerSpec[] };
}

function convolutionWays(layer: Conv): Way[] {
  const { padding, strides, dilation, kernelSize, dataFormat } = layer;
  const isTime = layer.kind === 'conv1d';
  const half = kernelSize.map((size, axis) => Math.floor(((size - 1) * dilation[axis]) / 2));
  return [
    ...PADDINGS.filter(p => p !== padding && (isTime || p !== 'causal')).map(p =>
      other(layer, 'padding', { padding: p }, `is padded as '${p}' instead of '${padding}'`, {
        keras: `Conv1D(F, width, padding='${padding}')`,
        torch: TORCH_PADDING[padding],
      }),
    ),
    ...(isTime && dataFormat === 'channels_last' && half[0] > 0
      ? [
          {
            ...other(layer, 'padding', {}, `is padded by ${half[0]} zeros on each side instead of '${padding}'`, {
              torch: TORCH_PADDING[padding],
            }),
            change: (s: Scenario) => ({ ...s, model: evenlyPadded(s.model, layer, half) }),
          },
        ]
      : []),
    ...STRIDES.filter(n => n !== strides[0]).map(n =>
      other(layer, 'strides', { strides: sameSize(strides, n) }, `has strides ${n} instead of ${shown(strides)}`, {
        keras: `Conv1D(F, width, strides=${shown(strides)})`,
        torch: `nn.Conv1d(C, F, width, stride=${shown(strides)})`,
      }),
    ),
    ...DILATIONS.filter(n => n !== dilation[0]).map(n =>
      other(layer, 'dilation', { dilation: sameSize(dilation, n) }, `has dilation ${n} instead of ${shown(dilation)}`, {
        keras: `Conv1D(F, width, dilation_rate=${shown(dilation)})`,
        torch: `nn.Conv1d(C, F, width, dilation=${shown(dilation)})`,
      }),
    ),
    {
      ...other(layer, 'flipped', {}, 'runs with its kernel from the last place to the first (np.convolve does that)', {
        numpy: 'W = W[::-1]                   # ← for np.convolve, which runs through the kernel from its end',
      }),
      change: s =>
        onNamed(s, layer.name, ['W'], t => kernelSize.reduce((now, size, axis) => takeAlong(now, axis, size, k => size - 1 - k), t)),
    },
    ...(isTime && layer.groups === 1
      ? KERNELS.map(([words, fix, change]) => ({
          ...other(layer, 'kernel', {}, words, fix),
          change: (s: Scenario) => onNamed(s, layer.name, ['W'], change),
        }))
      : []),
  ];
}

/** Kernels [width, C, F] of Keras and [F, C, width] of PyTorch, converted into each other by reshape. */
const KERNELS: readonly (readonly [string, Fix, (t: Tensor) => Tensor])[] = [
  [
    'runs with a kernel that was brought from [width, C, F] to [F, C, width] by reshape instead of by a transpose',
    {
      torch: 'conv.weight.data = torch.tensor(kernel.transpose(2, 1, 0))',
      numpy: 'weight = kernel.transpose(2, 1, 0)   # ← not reshape(F, C, width)',
    },
    t => permuteAxes(reshape(t, [...t.shape].reverse()), [2, 1, 0]),
  ],
  [
    'runs with a kernel that was brought from [F, C, width] to [width, C, F] by reshape instead of by a transpose',
    {
      numpy: 'kernel = weight.transpose(2, 1, 0)   # ← not reshape(width, C, F)',
      keras: 'kernel = weight.transpose(2, 1, 0)   # ← not reshape(width, C, F)',
    },
    t => reshape(permuteAxes(t, [2, 1, 0]), t.shape),
  ],
];

const TORCH_PADDING = {
  valid: 'nn.Conv1d(C, F, width, padding=0)',
  same: "nn.Conv1d(C, F, width, padding='same')",
  causal: 'y = conv(F.pad(x, ((width - 1) * dilation, 0)))   # ← all zeros in front',
};

export const convolution = mistake('convolution', 'a convolution slides otherwise', ['alone'], {
  why: 'A convolution has another padding, other strides or another dilation, or its kernel is turned.',
  keras: "Conv1D(F, width, padding='valid', strides=1, dilation_rate=1)   # ← as in the model",
  torch: 'nn.Conv1d(C, F, width, stride=1, padding=0, dilation=1)   # ← as in the model',
  example: { layers: 'conv:2x3+same,rnn:3,dense:1', N: 2, T: 5, D: 2 },
  variants: ({ model }) => model.layers.filter(isConv).flatMap(convolutionWays),
});

function poolWays(layer: Pool, model: ModelSpec): Way[] {
  const { poolSize, padding, kind } = layer;
  const strides = layer.strides ?? poolSize;
  // strides that equal the size, which is the default, change with it
  const withSize = (n: number) => ({ poolSize: sameSize(poolSize, n), ...(`${strides}` === `${poolSize}` && { strides: null }) });
  const call = kind.startsWith('max') ? 'MaxPooling1D' : 'AveragePooling1D';
  const fix: Fix = {
    keras: `${call}(${shown(poolSize)}, strides=${shown(strides)}, padding='${padding}')`,
    torch: `nn.${call.replace('ing1D', '1d').replace('Average', 'Avg')}(${shown(poolSize)}, stride=${shown(strides)})`,
  };
  return [
    ...SIZES.filter(n => n !== poolSize[0]).map(n =>
      other(layer, 'size', withSize(n), `has windows of ${n} instead of ${shown(poolSize)}`, fix),
    ),
    ...STRIDES.filter(n => n !== strides[0]).map(n =>
      other(layer, 'strides', { strides: sameSize(strides, n) }, `has strides ${n} instead of ${shown(strides)}`, fix),
    ),
    ...PADDINGS.filter(p => p !== padding && p !== 'causal').map(p =>
      other(layer, 'padding', { padding: p }, `is padded as '${p}' instead of '${padding}'`, fix),
    ),
    ...(layer.name === model.output
      ? []
      : [{ ...other(layer, 'missing', {}, 'is left out', fix), change: (s: Scenario) => ({ ...s, model: bypass(s.model, layer.name) }) }]),
  ];
}

export const poolWindow = mistake('pool-window', 'a pooling has other windows', ['alone'], {
  why: 'A pooling over windows of steps has windows of another size, other strides or another padding, or is left out.',
  keras: "MaxPooling1D(2, strides=2, padding='valid')   # ← as in the model",
  torch: 'nn.MaxPool1d(2, stride=2)     # ← as in the model; the strides are the size unless given',
  example: { layers: 'maxpool1d:2,rnn:3,dense:1', N: 2, T: 6, D: 2 },
  variants: ({ model }) => model.layers.filter(isPool).flatMap(layer => poolWays(layer, model)),
});
