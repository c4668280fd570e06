import { residentNetwork } from '../engines/batched/resident.js';
import { RnnError } from '../errors.js';
import { keep } from '../tensor/lazy.js';
import { tensorFrom } from './input/arraysInMemory.js';
import { type Prepared, prepare } from './prepare.js';
import type { InputRequest, NetworkRequest } from './request.js';
import type { TensorData } from './result.js';

/** A network that is loaded once and run many times. */
export interface LoadedNetwork {
  /** the network that it was made from, with its weights */
  readonly prepared: Pick<Prepared, 'network' | 'weights' | 'weightsSource' | 'notes'>;
  /**
   * y of x [N, T, D] (token numbers [N, T]), float32, with the bits of `forward` on the batched engine. From the second call with a shape on,
   * nothing is packed or laid out any more: the tutorial's network answers in about a microsecond. @throws RnnError E_ARRAY, E_INPUT_SHAPE
   */
  run(x: TensorData): TensorData;
}

export type LoadRequest = NetworkRequest & Pick<InputRequest, 'seed' | 'rng' | 'init' | 'maxMemory'>;

/**
 * @param request the network, and where its weights are from; everything about an input is left out
 * @throws RnnError of every kind a description or a file can be wrong in; E_LOAD_GRAPH for a graph that is no chain of layers
 */
export async function runLoad(request: LoadRequest): Promise<LoadedNetwork> {
  const prepared = await prepare(request, undefined, 1);
  const { network, weights, weightsSource, notes } = prepared;
  if (prepared.graphInputs)
    throw new RnnError('unsupported', 'E_LOAD_GRAPH', 'this graph is not a chain of layers', {
      where: 'model',
      fix: 'use forward() for it',
    });
  keep(weights.values());
  const resident = await residentNetwork(network.model, weights);
  const run = (x: TensorData) => resident.run(tensorFrom('x', x));
  return { prepared: { network, weights, weightsSource, notes }, run };
}
