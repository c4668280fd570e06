import type { Kernels } from '../layers/layer.js';
import { claim, claimProducts } from '../ops/room.js';
import { sizeOf } from '../tensor/tensor.js';

/** Wraps kernels so that memory and multiplications are claimed against the limits (ops/room.ts) before they are used. */
export function claimingKernels(kernels: Kernels): Kernels {
  const claimed = (length: number, shape?: readonly number[]) => claim(length * (kernels.precision === 'f32' ? 4 : 8), shape);
  return {
    ...kernels,
    allocate: length => {
      claimed(length);
      return kernels.allocate(length);
    },
    affine: (x, kernel, bias) => {
      const shape = [...x.shape.slice(0, -1), kernel.shape[1]];
      claimed(sizeOf(shape), shape);
      claimProducts(sizeOf(x.shape) * kernel.shape[1]);
      return kernels.affine(x, kernel, bias);
    },
    recurrence: args => {
      const { x, weights, units, sequence } = args;
      const [N, T] = x.shape;
      if (sequence) claimed(N * T * units, [N, T, units]);
      claimProducts(N * T * (sizeOf(weights.kernel?.shape ?? []) + sizeOf(weights.recurrentKernel?.shape ?? [])));
      return kernels.recurrence(args);
    },
  };
}
