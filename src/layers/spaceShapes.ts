import type { Dim, DimShape } from './layer.js';

/** Sizes along the axes of space of operators that slide a window: x [N, C, …S]. */

export interface Windows {
  readonly window: readonly number[];
  attribute(name: string): number | string | readonly number[] | undefined;
}

function list({ window, attribute }: Windows, name: string, otherwise: number): readonly number[] {
  return (attribute(name) as readonly number[] | undefined) ?? window.map(() => otherwise);
}

/** A size that keeps its symbol where it stays the same. */
function sized(from: Dim, size: number | null, same: boolean): Dim {
  if (same) return from;
  return size === null ? { symbol: `${from.symbol}'`, size: null } : { symbol: String(size), size };
}

/** Of a convolution or a pooling. */
export function slid(space: DimShape, windows: Windows): DimShape {
  const [strides, dilations, pads] = [list(windows, 'strides', 1), list(windows, 'dilations', 1), padsOf(windows)];
  const auto = String(windows.attribute('auto_pad') ?? 'NOTSET');
  return space.map((from, i): Dim => {
    const span = dilations[i] * (windows.window[i] - 1) + 1;
    if (auto.startsWith('SAME')) return sized(from, from.size === null ? null : Math.ceil(from.size / strides[i]), strides[i] === 1);
    const added = pads[i] + pads[i + space.length];
    return sized(from, from.size === null ? null : windowsIn(from.size), strides[i] === 1 && added === span - 1);

    function windowsIn(size: number): number {
      const whole = Math.floor((size + added - span) / strides[i]) + 1;
      // with ceil_mode one more for what is left, unless it would begin in the padding behind
      const left = (size + added - span) % strides[i] > 0 && whole * strides[i] < size + pads[i];
      return windows.attribute('ceil_mode') === 1 && left ? whole + 1 : whole;
    }
  });
}

/** Of a transposed convolution. */
export function unslid(space: DimShape, windows: Windows): DimShape {
  const [strides, dilations, extra, pads] = [
    list(windows, 'strides', 1),
    list(windows, 'dilations', 1),
    list(windows, 'output_padding', 0),
    padsOf(windows),
  ];
  return space.map((from, i): Dim => {
    const more = extra[i] + dilations[i] * (windows.window[i] - 1) + 1 - pads[i] - pads[i + space.length];
    return sized(from, from.size === null ? null : strides[i] * (from.size - 1) + more, strides[i] === 1 && more === 1);
  });
}

function padsOf({ window, attribute }: Windows): readonly number[] {
  return (attribute('pads') as readonly number[] | undefined) ?? window.flatMap(() => [0, 0]);
}
