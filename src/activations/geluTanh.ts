import { sigmoid } from '../numerics/sigmoid.js';
import type { ElementwiseActivation } from './activation.js';

const TWICE_ROOT_2_PI = 1.5957691216057308; // 2·√(2/π)

/** x * (1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))) / 2 */
export const geluTanh: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'gelu_tanh',
  aliases: ['gelu_new'],
  create: () => geluTanhOf,
};

/** (1 + tanh u)/2 = σ(2u), which keeps the digits of the left tail. */
export function geluTanhOf(x: number): number {
  return x === Number.NEGATIVE_INFINITY ? -0 : x * sigmoid(TWICE_ROOT_2_PI * (x + 0.044715 * x * x * x));
}
