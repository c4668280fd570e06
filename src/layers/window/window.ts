import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import type { Dim, DimShape } from '../shape.js';

/** A sliding window of a convolution or pooling along one axis. */
export interface Window {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: Padding;
}

/** valid: only whole windows; same: ceil(T / stride) windows, padded on both sides, the odd value at the end; causal: padded at the start, so that no window sees later values. */
export type Padding = 'valid' | 'same' | 'causal';
export const PADDINGS: readonly Padding[] = ['valid', 'same', 'causal'];

/** How many positions a window spans, from its first value to its last. */
function reach({ size, dilation }: Window): number {
  return (size - 1) * dilation + 1;
}

/** How many windows there are along `length` values; 0 or less if the window does not fit. */
export function windowsIn(length: number, window: Window): number {
  if (window.padding !== 'valid') return Math.ceil(length / window.stride);
  return Math.floor((length - reach(window)) / window.stride) + 1;
}

/** How many values are padded before and after: TensorFlow's rule for `same`. */
export function paddingOf(length: number, window: Window): readonly [before: number, behind: number] {
  if (window.padding === 'valid') return [0, 0];
  if (window.padding === 'causal') return [reach(window) - 1, 0];
  const total = Math.max(0, (windowsIn(length, window) - 1) * window.stride + reach(window) - length);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/** Returns the spatial sizes of the output. @throws RnnError E_WINDOW */
export function slid(space: DimShape, windows: readonly Window[]): Dim[] {
  return space.map((dim, axis) => slideAlong(dim, windows[axis]));
}

/** Returns the size after the windows: 'T-2', '(T-3)/2+1', '(T+1)/2' (integer division). @throws RnnError E_WINDOW if the window does not fit */
function slideAlong(dim: Dim, window: Window): Dim {
  const size = dim.size === null ? null : windowsIn(dim.size, window);
  if (size !== null && size < 1)
    throw new RnnError('shape', 'E_WINDOW', `a window over ${reach(window)} does not fit into ${dim.size}`, {
      expected: `at least ${reach(window)}`,
      found: String(dim.size),
      fix: 'give it more steps, a smaller window, or pad it (+same)',
    });
  return { symbol: symbolOf(dim.symbol, window), size };
}

function symbolOf(symbol: string, window: Window): string {
  const { stride, padding } = window;
  const less = padding === 'valid' ? reach(window) - 1 : 0;
  if (stride === 1) return less === 0 ? symbol : lessen(symbol, less);
  // (T − 1) / s + 1 is ceil(T / s)
  return `${factor(lessen(symbol, less === 0 ? 1 : less + 1))}/${stride}+1`;
}

/** Subtracts from a symbol: 'T' by 2 is 'T-2', 'T-2' by 3 is 'T-5'. */
function lessen(symbol: string, by: number): string {
  const [, letter, before] = /^([A-Z]\d*)-(\d+)$/.exec(symbol) ?? [];
  return letter === undefined ? `${symbol}-${by}` : `${letter}-${Number(before) + by}`;
}
