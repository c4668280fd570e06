import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { TUTORIAL } from '../model/dimensions.js';
import { shapesInFile } from './network/fileCounts.js';
import { loadDescription, type Network, openModel, wiredNetwork } from './network/network.js';
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
    const loaded = await loadDescription(request, undefined, opened);
    const network = loaded.graph && loaded.model.layers.length === 0 ? await saidShapes(loaded, request) : loaded;
    onNetwork?.(network);
    return shapesInFile(network);
  } catch (error) {
    if (!(error instanceof RnnError && error.code === 'E_SIZE' && error.where === '--D')) {
      if (!opened?.problem || error !== opened.problem) throw error;
      const beside =
        request.weights === undefined ? undefined : await (await import('./files/modelFile.js')).readTensorFile(request.weights);
      const outlined = outlinedShapes(opened, request.model!, beside);
      if (!outlined) throw error;
      onNetwork?.(outlined.network);
      return outlined.shapes;
    }
    onNetwork?.(await loadDescription({ ...request, D: TUTORIAL.D }));
    return withoutFeatures(D => loadDescription({ ...request, D }));
  }
}

/** A graph as layers and operators. @throws RnnError E_OPERATOR */
async function saidShapes(network: Network, request: ShapesRequest): Promise<Network> {
  try {
    return await wiredNetwork(network, request, 'own');
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind === 'usage') throw error;
    throw new RnnError('unsupported', 'E_OPERATOR', `its shapes cannot be said before it runs: ${error.message}`, {
      where: [escapeText(request.model!), ...(error.where ? [error.where] : [])].join(': '),
      expected: 'a network of layers and operators',
      fix: 'sizes that the file leaves open can be given (--N, --T, --D); rnn-cli inspect shows its recurrent layers, rnn-cli forward runs it',
    });
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
