import { residentNetwork } from '../engines/batched/resident.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { inputsOf } from '../model/spec.js';
import { keep } from '../tensor/lazy.js';
import type { ModelFile } from './files/describedFile.js';
import { tensorFrom } from './input/arraysInMemory.js';
import { loadNetwork, type Network } from './network/network.js';
import { asRun, isExact } from './network/wiredGraph.js';
import { type Prepared, prepare } from './prepare.js';
import type { ForwardRequest, InputRequest, NetworkRequest } from './request.js';
import type { TensorData } from './result.js';

/** A network that is loaded once and run many times. */
export interface RunnableNetwork {
  /** the network and its weights */
  readonly prepared: Pick<Prepared, 'network' | 'weights' | 'weightsSource' | 'notes'>;
  /**
   * y of x [N, T, D] (or token numbers [N, T]), float32, bit for bit as `forward` with the batched engine. From the second call with the
   * same shape on, nothing is packed or allocated again: the tutorial network takes about a microsecond.
   * @throws RnnError E_ARRAY, E_INPUT_SHAPE; E_LOAD_GRAPH: the network has several inputs, or is a graph that is run node by node
   */
  run(x: TensorData): TensorData;
}

export type LoadRequest = NetworkRequest & Pick<InputRequest, 'seed' | 'rng' | 'init' | 'maxMemory'>;

/** An input of a loaded network, without the keys that describe the network and draw its weights. */
export type LoadedForwardRequest = Pick<NetworkRequest, 'N' | 'T'> & Omit<ForwardRequest, keyof NetworkRequest | 'seed' | 'rng' | 'init'>;

/**
 * @param request the network and the source of its weights; keys about an input are ignored
 * @param opened the network's file; undefined if it is described without one
 * @throws RnnError of any kind that a description or a file can cause
 */
export async function runLoad(request: LoadRequest, opened: ModelFile | undefined): Promise<RunnableNetwork> {
  const isGraph = opened?.graph !== undefined && !isExact(opened.graph);
  const prepared = isGraph ? await preparedGraph(request, opened) : await prepare(request, { steps: 1, opened });
  const { network, weights, weightsSource, notes } = prepared;
  keep(weights.values());
  const runnable = isGraph ? await asRun(network) : network;
  const inputs = runnable ? inputsOf(runnable.model) : [];
  const resident = inputs.length === 1 ? await residentNetwork(runnable!.model, runnable!.weights ?? weights) : undefined;
  const run = (x: TensorData) => {
    if (!resident)
      throw severalInputs(
        network,
        inputs.map(input => input.name),
      );
    return resident.run(tensorFrom('x', x));
  };
  return { prepared: { network, weights, weightsSource, notes }, run };
}

/** A graph brings its own weights, so nothing is drawn. */
async function preparedGraph(request: LoadRequest, opened: ModelFile): Promise<RunnableNetwork['prepared']> {
  const network = await loadNetwork(request, undefined, opened);
  return { network, weights: network.weights!, weightsSource: escapeText(network.weightsSource!), notes: network.notes };
}

function severalInputs({ graph }: Network, wired: readonly string[]): RnnError {
  const names = wired.length > 0 ? wired : (graph?.model.graph.inputs ?? []).map(input => input.name);
  const message = names.length === 1 ? 'this graph is run node by node' : 'run(x) gives one array, and the network reads several';
  return new RnnError('unsupported', 'E_LOAD_GRAPH', message, {
    where: 'run',
    expected: names.map(name => escapeText(name, 40)).join(', '),
    found: 'x',
    fix: `network.forward({ input: { ${names.map(name => `${escapeText(JSON.stringify(name), 42)}: …`).join(', ')} } })`,
  });
}
