import { quickly } from '../cells/quickly.js';
import type { Kernels, Product } from '../layers/layer.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import { fusedCell } from './batched/fused.js';
import { ifThereIsRoom, loadKernel } from './batched/kernel.js';
import { productWith } from './batched/product.js';
import { generalRecurrence } from './batched/recurrence.js';
import { hasStep64, recurrence64 } from './batched/steps64.js';

/**
 * Computes what the textbook loop computes, but for all samples of a step at once: the reference of `compare`. Either bit for bit ('exact'), or
 * with σ and tanh within 1e-14, which is enough to compare with float32 ('quick'). Products run on the WASM kernel in float64, summed in the
 * loop's order, with the bias added last. Cells without a fused path in `batched` stay with the loop: otherwise `batched` would run the same
 * code for them and be compared with itself.
 */
export async function kernelsTogether(textbook: Kernels, how: 'exact' | 'quick' = 'exact'): Promise<Kernels> {
  const kernel = await loadKernel(false);
  if (!kernel) return textbook;
  const product = (w: Tensor, bias?: FloatArray) => biasLast(productWith(w, undefined, kernel), w.shape[1], bias);
  return {
    ...textbook,
    affine(x, W, b) {
      const [D, K] = W.shape;
      const rows = x.data.length / D;
      const data = new Float64Array(rows * K);
      kernel.reset();
      product(W, b?.data)({ data, start: 0, stride: K }, { data: x.data, start: 0, stride: D }, rows);
      return { shape: [...x.shape.slice(0, -1), K], data };
    },
    recurrence(args) {
      const kind = fusedCell(args);
      if (!kind) return textbook.recurrence(args);
      if (how === 'exact') return generalRecurrence(args, kernel, product);
      return (
        (hasStep64(kind, args) && ifThereIsRoom(() => recurrence64(args, kind, kernel))) ||
        generalRecurrence(quickly(args), kernel, product)
      );
    },
  };
}

function biasLast(product: Product, K: number, bias: FloatArray | undefined): Product {
  if (!bias) return product;
  return (out, x, R) => {
    product(out, x, R);
    for (let r = 0; r < R; r++) for (let k = 0, at = out.start + r * out.stride; k < K; k++, at++) out.data[at] += bias[k];
  };
}
