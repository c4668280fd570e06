import { padAxes } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Kernels } from '../layer.js';
import { offsetsOf, startsOf } from '../window/places.js';
import { paddingOf, type Window, windowsIn } from '../window/window.js';

/**
 * Every channel separately: y[n, o, c·m + j] = Σ_k x[n, o·stride + k·dilation, c] · W[k, c, j].
 * x [N, …S, C], kernel [...k, C, m] -> [N, …O, C·m]
 */
export function depthwise(x: Tensor, kernel: Tensor, windows: readonly Window[], kernels: Kernels): Tensor {
  const [N, ...rest] = x.shape;
  const space = rest.slice(0, -1);
  const [C, m] = kernel.shape.slice(-2);
  const padded = padAxes(x, [[0, 0], ...space.map((size, axis) => paddingOf(size, windows[axis])), [0, 0]]);
  const out = space.map((size, axis) => windowsIn(size, windows[axis]));
  const inner = padded.shape.slice(1);
  const [offsets, starts] = [offsetsOf(inner, windows), startsOf(inner, out, windows)];
  const data = kernels.allocate(N * starts.length * C * m);
  const sums = new Float64Array(C * m);
  let at = 0;
  for (let n = 0; n < N; n++) {
    for (const start of starts) {
      sums.fill(0);
      for (let k = 0; k < offsets.length; k++) {
        const from = n * sizeOf(inner) + start + offsets[k];
        for (let c = 0; c < C; c++) {
          const v = padded.data[from + c];
          const w = (k * C + c) * m;
          for (let j = 0; j < m; j++) sums[c * m + j] += v * kernel.data[w + j];
        }
      }
      data.set(sums, at);
      at += sums.length;
    }
  }
  return { shape: [N, ...out, C * m], data };
}
