import type { DataFormat } from '../channels.js';
import type { Json } from '../kerasConfig.js';

/** How PyTorch and ONNX say a convolution over x [N, C, …S]. */
export interface ExplicitConvolution {
  /** [F, C/groups, …k] */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** zeros in front of each axis of space, and behind it */
  readonly before: readonly number[];
  readonly behind: readonly number[];
  readonly groups: number;
  readonly useBias: boolean;
  /** of x, in which the pads are said */
  readonly dataFormat: DataFormat;
}

/** The layer; where it does not pad as it should, `pads` says what is to be padded before it: in front of each axis of x, then behind. */
export function explicitConvolution({ kernel, strides, dilations, before, behind, groups, useBias, dataFormat }: ExplicitConvolution): {
  readonly spec: Json;
  readonly pads: readonly number[] | undefined;
} {
  const [filters, , ...window] = kernel;
  const same = window.every((k, i) => {
    const total = dilations[i] * (k - 1);
    return strides[i] === 1 && before[i] === Math.floor(total / 2) && before[i] + behind[i] === total;
  });
  const spec = {
    kind: `conv${window.length}d`,
    filters,
    kernelSize: window,
    strides,
    dilation: dilations,
    padding: same ? 'same' : 'valid',
    groups,
    useBias,
    dataFormat,
  };
  const padded = !same && [...before, ...behind].some(n => n > 0);
  const around = (n: readonly number[]) => (dataFormat === 'channels_first' ? [0, 0, ...n] : [0, ...n, 0]);
  return { spec, pads: padded ? [...around(before), ...around(behind)] : undefined };
}

/** [F, C, …k] -> the order of axes that turns it into [...k, C, F] */
export function kernelTurned(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, i) => 2 + i), 1, 0];
}
