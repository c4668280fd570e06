import type { ElementwiseActivation } from './activation.js';

/** x / (1 + |x|) */
export const softsign: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'softsign',
  keras: 'softsign',
  torch: 'softsign',
  onnx: 'Softsign',
  create: () => softsignOf,
};

function softsignOf(x: number): number {
  const a = Math.abs(x);
  if (a === Number.POSITIVE_INFINITY) return x > 0 ? 1 : -1; // the limit; the formula says ∞/∞
  return x / (1 + a);
}
