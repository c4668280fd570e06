import type { KerasFacet } from '../facets.js';
import type { ConvSpec } from './spec.js';

/** Conv1D, Conv2D */
export function keras(axes: number): KerasFacet<ConvSpec> {
  return {
    classes: {
      [`Conv${axes}D`]: (config, read) => ({
        filters: config.filters,
        kernelSize: config.kernel_size,
        strides: config.strides ?? 1,
        dilation: config.dilation_rate ?? 1,
        padding: config.padding ?? 'valid',
        groups: config.groups ?? 1,
        activation: read.activation(config.activation),
        useBias: config.use_bias ?? true,
        dataFormat: config.data_format ?? 'channels_last',
      }),
    },
    config: layer => ({
      filters: layer.filters,
      kernel_size: layer.kernelSize,
      strides: layer.strides,
      padding: layer.padding,
      data_format: layer.dataFormat,
      dilation_rate: layer.dilation,
      groups: layer.groups,
      activation: layer.activation,
      use_bias: layer.useBias,
    }),
    weightNames: { W: 'kernel', b: 'bias' },
  };
}
