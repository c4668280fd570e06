import { padAxes } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Kernels, Product } from '../layer.js';
import { offsetsOf, startsOf } from '../window/places.js';
import { paddingOf, type Window, windowsIn } from '../window/window.js';

/**
 * y[n, o, f] = Σ_{k, c} x[n, o·stride + k·dilation, c] · W[k, c, f] + b[f], over one or more spatial axes, computed as a matrix product of the
 * windows. x [N, …S, C], kernel [...k, C/groups, F], bias [F] -> [N, …O, F]; group g reads channels from g·C/groups and computes filters from
 * g·F/groups on.
 */
export function convolve(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  windows: readonly Window[],
  groups: number,
  kernels: Kernels,
): Tensor {
  const [N, ...rest] = x.shape;
  const space = rest.slice(0, -1);
  const F = kernel.shape[kernel.shape.length - 1];
  const padded = padAxes(x, [[0, 0], ...space.map((size, axis) => paddingOf(size, windows[axis])), [0, 0]]);
  const out = space.map((size, axis) => windowsIn(size, windows[axis]));
  const data = kernels.allocate(N * sizeOf(out) * F);
  const y = { shape: [N, ...out, F], data };
  const one = windows.length === 1 && groups === 1 && windows[0].dilation === 1;
  for (let g = 0; g < groups; g++) {
    const product = kernels.product(...partOf(kernel, bias, g, groups));
    if (one) slide(padded, y, windows[0], product);
    else gather(padded, y, windows, g, groups, product, kernels);
  }
  return y;
}

/** Convolution over time without dilation: the values of a window are contiguous, so the rows of the product overlap in x and nothing is copied. */
function slide(x: Tensor, y: Tensor, window: Window, product: Product): void {
  const [N, T, C] = x.shape;
  const [, O, F] = y.shape;
  for (let n = 0; n < N; n++)
    product({ data: y.data, start: n * O * F, stride: F }, { data: x.data, start: n * T * C, stride: window.stride * C }, O);
}

/** Most numbers that `gather` copies into rows at a time. */
const MOST_GATHERED = 2 ** 18;

/** Convolution with any axes, dilations and groups: copies windows into rows, then multiplies them. */
function gather(x: Tensor, y: Tensor, windows: readonly Window[], g: number, groups: number, product: Product, kernels: Kernels): void {
  const C = x.shape[x.shape.length - 1];
  const F = y.shape[y.shape.length - 1];
  const own = C / groups;
  const offsets = offsetsOf(x.shape.slice(1), windows);
  const D = offsets.length * own;
  const starts = startsOf(x.shape.slice(1), y.shape.slice(1, -1), windows);
  const sample = sizeOf(x.shape.slice(1));
  const all = x.shape[0] * starts.length;
  const most = Math.max(1, Math.min(all, Math.floor(MOST_GATHERED / D)));
  const rows = kernels.allocate(most * D);
  for (let from = 0; from < all; from += most) {
    const count = Math.min(most, all - from);
    for (let r = 0; r < count; r++) {
      let at = r * D;
      const window = from + r;
      const start = Math.floor(window / starts.length) * sample + starts[window % starts.length] + g * own;
      for (const offset of offsets) for (let c = 0; c < own; c++) rows[at++] = x.data[start + offset + c];
    }
    product({ data: y.data, start: from * F + (g * F) / groups, stride: F }, { data: rows, start: 0, stride: D }, count);
  }
}

/** Returns kernel and bias of group g as a matrix [k·C/groups, F/groups] and a vector. */
function partOf(kernel: Tensor, bias: Tensor | undefined, g: number, groups: number): [Tensor, Tensor | undefined] {
  const F = kernel.shape[kernel.shape.length - 1];
  const rows = kernel.data.length / F;
  if (groups === 1) return [{ shape: [rows, F], data: kernel.data }, bias];
  const own = F / groups;
  const data = kernel.data.slice(0, rows * own);
  for (let r = 0; r < rows; r++) data.set(kernel.data.subarray(r * F + g * own, r * F + (g + 1) * own), r * own);
  return [{ shape: [rows, own], data }, bias && { shape: [own], data: bias.data.subarray(g * own, (g + 1) * own) }];
}
