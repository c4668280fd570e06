import type { ActivationSpec } from '../../activations/activation.js';
import type { DataFormat } from '../channels.js';
import type { LayerBase } from '../layer.js';
import type { Padding, Window } from '../window/window.js';

/** y = act(x * W + b), a convolution over time [N, T, D] -> [N, T', F], or over spatial axes [N, …S, D] -> [N, …S', F]. */
export interface ConvSpec extends LayerBase {
  readonly kind: `conv${1 | 2 | 3}d`;
  readonly filters: number;
  /** one number per spatial axis, as are strides and dilation */
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding;
  /** channels and filters are split into this many independent groups */
  readonly groups: number;
  readonly activation: ActivationSpec;
  readonly useBias: boolean;
  readonly dataFormat: DataFormat;
}

/** The filters' window along each spatial axis. */
export function windowsOf({ kernelSize, strides, dilation, padding }: Sliding): Window[] {
  return kernelSize.map((size, axis) => ({ size, stride: strides[axis], dilation: dilation[axis], padding }));
}

/** The fields of every layer with sliding filters. */
export type Sliding = Pick<ConvSpec, 'kernelSize' | 'strides' | 'dilation' | 'padding'>;
