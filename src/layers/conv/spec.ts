import type { ActivationSpec } from '../../activations/activation.js';
import type { DataFormat } from '../channels.js';
import type { LayerBase } from '../layer.js';
import type { Padding, Window } from '../window/window.js';

/** y = act(x * W + b): filters that slide over time [N, T, D] -> [N, T', F], or over axes of space [N, …S, D] -> [N, …S', F]. */
export interface ConvSpec extends LayerBase {
  readonly kind: `conv${1 | 2 | 3}d`;
  readonly filters: number;
  /** one number per axis of space, as in all of the following */
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding;
  /** the input's channels and the filters in so many groups that do not see each other */
  readonly groups: number;
  readonly activation: ActivationSpec;
  readonly useBias: boolean;
  readonly dataFormat: DataFormat;
}

/** The window of the filters along each axis of space. */
export function windowsOf({ kernelSize, strides, dilation, padding }: Sliding): Window[] {
  return kernelSize.map((size, axis) => ({ size, stride: strides[axis], dilation: dilation[axis], padding }));
}

/** What every layer has whose filters slide. */
export type Sliding = Pick<ConvSpec, 'kernelSize' | 'strides' | 'dilation' | 'padding'>;
