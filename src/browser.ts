/**
 * The part of the library that needs JavaScript alone: no files, no threads, nothing of Node. `import … from '@rnn-cli/cli/browser'` in a page
 * or a worker gives shapes and counts, a forward pass with the bits of the command line, and the hand calculation of every step.
 *
 * ```js
 * import { forward, shapes, sha256 } from '@rnn-cli/cli/browser';
 *
 * const { totals } = await shapes({ cell: 'lstm', T: 10, D: 3, M: [5], K: 2 });
 * const { output, weights } = await forward({ layers: 'rnn:5,dense:2', D: 3, T: 10, seed: '42' });
 * sha256(output.y); // what `rnn-cli forward --engine batched` prints
 * ```
 *
 * @packageDocumentation
 */

import { float32Bytes, shortSha256 } from './run/files/sha256.js';
import { handCalculationOf, type Zoom } from './run/handCalculation.js';
import { type MemoryRequest, type MemoryRun, networkInMemory } from './run/inMemory.js';
import { shapesOf } from './run/network/shapesResult.js';
import type { HandStep, ShapesResult, TensorData } from './run/result.js';

export { type ErrorDetails, type ErrorKind, RnnError } from './errors.js';
export { runInMemory as forward } from './run/inMemory.js';
export type {
  Count,
  DimsJson,
  HandLine,
  HandStep,
  How,
  LayerRow,
  ShapesResult,
  TensorData,
  Term,
  WeightRow,
} from './run/result.js';
export { VERSION as version } from './run/version.js';
export type { MemoryRequest, MemoryRun, Zoom };

/** Shapes, counts under every framework's rules, multiply-adds and memory. @throws RnnError */
export async function shapes(request: MemoryRequest): Promise<ShapesResult> {
  return shapesOf(await networkInMemory(request));
}

/** Yields the hand calculation of each step of a run made with `trace: true`. @throws RnnError E_ZOOM */
export function handCalculation({ network, weights, input, output }: MemoryRun, zoom: Zoom): Iterable<HandStep> {
  return handCalculationOf({ model: network.model, weights, input, output }, zoom);
}

/** SHA-256 of a tensor as little-endian float32 in C order: the digest that the command line prints for y. */
export function sha256({ data }: TensorData): string {
  return shortSha256(float32Bytes(data));
}
