import type { Kernels, Product } from './layer.js';

/** Implements `product` for kernels that only have `affine`: gathers the rows, multiplies them, and copies the results to their places. */
export function productBy(kernels: Pick<Kernels, 'affine' | 'allocate'>): Kernels['product'] {
  return (kernel, bias): Product =>
    (out, x, R) => {
      const [D, K] = kernel.shape;
      const rows = kernels.allocate(R * D);
      for (let r = 0; r < R; r++) rows.set(x.data.subarray(x.start + r * x.stride, x.start + r * x.stride + D), r * D);
      const { data } = kernels.affine({ shape: [R, D], data: rows }, kernel, bias);
      for (let r = 0; r < R; r++) out.data.set(data.subarray(r * K, (r + 1) * K), out.start + r * out.stride);
    };
}
