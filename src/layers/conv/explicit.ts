import type { DataFormat } from '../channels.js';
import type { Json } from '../kerasConfig.js';

/** A convolution over x [N, C, …S] as PyTorch and ONNX describe it, with explicit pads. */
export interface ExplicitConvolution {
  /** [F, C/groups, …k] */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** zeros before each spatial axis, and after it */
  readonly before: readonly number[];
  readonly behind: readonly number[];
  readonly groups: number;
  readonly useBias: boolean;
  /** layout of x */
  readonly dataFormat: DataFormat;
}

/** Returns the layer. If it cannot pad as asked, it does not pad, and x must first be padded by `pads`: before each axis of x, then after each. */
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

/** Returns the order of axes that turns [F, C, …k] into [...k, C, F]. */
export function kernelTurned(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, i) => 2 + i), 1, 0];
}
