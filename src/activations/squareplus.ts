import type { ElementwiseActivation } from './activation.js';

/** (x + sqrt(x^2 + b)) / 2 */
export const squareplus: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'squareplus',
  keras: 'squareplus',
  parameters: { b: 4 },
  create({ b }) {
    const c = b as number;
    return x => squareplusOf(x, c);
  },
};

/** For negative x the equal form (b/2)/(√(x² + b) − x), where nothing cancels. */
function squareplusOf(x: number, b: number): number {
  const root = Math.sqrt(x * x + b);
  if (root === Number.POSITIVE_INFINITY) return Math.max(x, 0); // x² overflowed: b no longer shows
  return x > 0 ? 0.5 * (x + root) : (0.5 * b) / (root - x);
}
