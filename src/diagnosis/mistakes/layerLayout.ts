import type { LayerSpec } from '../../model/spec.js';
import { permuteAxes } from '../../tensor/axes.js';
import { Mismatch } from '../affine.js';
import { changeLayer, changeLoop, mistake, type Way } from '../mistake.js';

/** Axes confused between two layers: [N, F, T] of PyTorch's convolutions for [N, T, F], and the order in which a Flatten reads. */

/** The output [N, F, T] of a convolution or a pooling, read as [N, T, F] without a transpose. */
function viewed({ name }: LayerSpec): Way {
  return {
    layer: name,
    change: s =>
      changeLoop(s, name, {
        merged: t => {
          if (t.shape.length !== 3) throw new Mismatch();
          return { shape: t.shape, data: permuteAxes(t, [0, 2, 1]).data };
        },
      }),
    why: `Steps and channels of what ${name} gives are mixed up: [N, F, T] (PyTorch) was brought to [N, T, F] by view or reshape instead of by a transpose.`,
    fix: {
      numpy: 'maps = maps.transpose(0, 2, 1)   # ← [N, F, T] -> [N, T, F]; not reshape',
      torch: 'maps = maps.permute(0, 2, 1)     # ← [N, F, T] -> [N, T, F]; not view',
    },
  };
}

/** Flattened unit by unit instead of step by step, or the other way round. */
function flattened(l: Extract<LayerSpec, { readonly kind: 'flatten' }>): Way {
  const { name, dataFormat } = l;
  const stepwise = dataFormat === 'channels_last';
  const [bySteps, byUnits] = ['step by step, [N, T, M] -> [N, T·M]', 'unit by unit, [N, M, T] -> [N, M·T]'];
  const [is, was] = stepwise ? [bySteps, byUnits] : [byUnits, bySteps];
  return {
    layer: name,
    change: s => changeLayer(s, name, { dataFormat: stepwise ? 'channels_first' : 'channels_last' }),
    why: `The numbers of ${name} are flattened ${was}; in the network ${is}. So the dense layer behind it multiplies them with the weights of others.`,
    fix: {
      numpy: stepwise
        ? 'flat = maps.transpose(0, 2, 1).reshape(N, -1)   # ← of maps [N, M, T]: the weights have the steps first'
        : 'flat = hs.transpose(0, 2, 1).reshape(N, -1)   # ← of hs [N, T, M]: the weights have the units first',
      torch: stepwise
        ? 'flat = maps.permute(0, 2, 1).flatten(1)   # ← of maps [N, M, T]: the weights have the steps first'
        : 'flat = out.permute(0, 2, 1).flatten(1)   # ← of out [N, T, M]: the weights have the units first',
    },
  };
}

export const layerLayout = mistake('layer-layout', 'steps and channels are mixed up between two layers', ['alone'], {
  why: 'Between two layers the axes are in another order: what a convolution gives is reshaped instead of transposed, or a Flatten reads units before steps.',
  numpy: 'maps = maps.transpose(0, 2, 1)   # ← [N, F, T] -> [N, T, F]; not reshape',
  torch: 'maps = maps.permute(0, 2, 1)     # ← [N, F, T] -> [N, T, F]; not view',
  example: { layers: 'conv:2x3+same,rnn:3,dense:1', N: 2, T: 5, D: 2 },
  variants: ({ model: { layers, output } }) =>
    layers.flatMap((l): Way[] => {
      if (l.kind === 'flatten') return [flattened(l)];
      const slides = l.kind === 'conv1d' || l.kind === 'maxpool1d' || l.kind === 'avgpool1d';
      return slides && l.name !== output && l.dataFormat === 'channels_last' ? [viewed(l)] : [];
    }),
});
