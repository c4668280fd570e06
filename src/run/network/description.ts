import { within } from '../../errors.js';
import { dimensionLayers, TUTORIAL } from '../../model/dimensions.js';
import { parseLayers } from '../../model/parse.js';
import { inferSequences } from '../../model/sequences.js';
import type { NetworkRequest } from '../request.js';
import { type Draft, withExcerpt } from './excerpt.js';
import { featuresOf, type HeldWeights, specFromWeights } from './heldWeights.js';
import { inputSizes, type KnownShape, shownPath, withSizes } from './networkSizes.js';

/**
 * The network as plain JSON, not yet checked: from a file's spec, from `--layers`, from the shapes of weights, or from sizes.
 * @throws RnnError E_LAYERS, E_CONFLICT and E_SHAPE if parts contradict each other
 */
export async function describe(
  request: NetworkRequest,
  known: KnownShape,
  spec: Record<string, unknown> | undefined,
  weights: HeldWeights | undefined,
): Promise<Draft> {
  if (spec) return { spec: within(shownPath(request.model!), () => withSizes(spec, request, known)) };
  if (request.layers !== undefined) {
    const { layers, spans } = parseLayers(request.layers);
    const parsed = { text: request.layers, spans };
    return {
      spec: {
        input: inputSizes({ ...request, D: request.D ?? featuresOf(layers, known, weights) }, known, layers, {}),
        layers: withExcerpt({ spec: {}, parsed }, () => inferSequences(layers, request.strict ?? false)),
      },
      parsed,
    };
  }
  const fromFile = weights && within(shownPath(request.weights!), () => specFromWeights(request, known, weights));
  return fromFile ?? { spec: fromDimensions(request, known) };
}

/** The tutorial network with the sizes of the request. */
export function fromDimensions(request: NetworkRequest, known: KnownShape): Record<string, unknown> {
  const units = request.M ?? [TUTORIAL.M];
  const cell = request.cell ?? 'rnn';
  const M = units.length === 1 && request.stack !== undefined ? Array.from({ length: request.stack }, () => units[0]) : units;
  const layers = dimensionLayers({
    cell,
    M,
    K: request.K ?? TUTORIAL.K,
    task: request.task ?? 'many-to-one',
    pool: request.pool ?? 'last',
    bidirectional: request.bidirectional ?? false,
    activation: request.activation,
    recurrentActivation: request.recurrentActivation,
  });
  return { input: inputSizes(request, known, layers, TUTORIAL), layers };
}
