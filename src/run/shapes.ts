import { RnnError } from '../errors.js';
import { TUTORIAL } from '../model/dimensions.js';
import { loadDescription, type Network, openModel } from './network/network.js';
import { outlinedShapes } from './network/outlinedShapes.js';
import { shapesOf } from './network/shapesResult.js';
import type { ShapesRequest } from './request.js';
import type { ShapesResult } from './result.js';

/**
 * Shapes, weights, parameters, work and memory of a network, from its description alone.
 * @param onNetwork told what was described, which needs D
 */
export async function runShapes(request: ShapesRequest, onNetwork?: (network: Network) => void): Promise<ShapesResult> {
  const opened = await openModel(request);
  try {
    const network = await loadDescription(request, undefined, opened);
    onNetwork?.(network);
    return shapesOf(network);
  } catch (error) {
    if (!(error instanceof RnnError && error.code === 'E_SIZE' && error.where === '--D')) {
      const outlined = opened?.problem && outlinedShapes(opened, request.model!);
      if (!outlined || error !== opened.problem) throw error;
      onNetwork?.(outlined.network);
      return outlined.shapes;
    }
    onNetwork?.(await loadDescription({ ...request, D: TUTORIAL.D }));
    return withoutFeatures(D => loadDescription({ ...request, D }));
  }
}

/** Two sizes that no layer has: what differs between them depends on D. */
const SIZES = [1_000_003, 1_000_033] as const;

/** The same while D is symbolic: every number that depends on it is null, and its formula says how. */
export async function withoutFeatures(load: (D: number) => Promise<Network>): Promise<ShapesResult> {
  const [a, b] = await Promise.all(SIZES.map(async D => shapesOf(await load(D))));
  return nullWhereDifferent(a, b) as ShapesResult;
}

function nullWhereDifferent(a: unknown, b: unknown): unknown {
  if (Array.isArray(a)) return a.map((item, i) => nullWhereDifferent(item, (b as unknown[])[i]));
  if (typeof a !== 'object' || a === null) return a === b ? a : null;
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, nullWhereDifferent(value, (b as Record<string, unknown>)[key])]));
}
