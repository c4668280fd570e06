import { RnnError } from '../../errors.js';
import type { ModelFile } from '../files/describedFile.js';
import type { NetworkRequest } from '../request.js';
import type { Network } from './network.js';
import { checkAsked, checkSizesHeld } from './networkSizes.js';

/** Whether the graph is a chain of layers from the graph's own input to its output, so that it is run as layers. */
export function isExact({ layers }: NonNullable<ModelFile['graph']>): boolean {
  return 'model' in layers && layers.exact;
}

/** A graph as it is shown: `networkOfGraph` with its own axes, and with the branches that alone fit what reads them. */
export function shownGraph(network: Network, asked: NetworkRequest): Promise<Network> {
  return wired(network, asked, async () => (await import('../../engines/graph/graphSpec.js')).shownSpec, 'own');
}

/**
 * A graph that is not a chain of layers, as layers and operators.
 * @param layout 'own': keep the axes of every input as in the graph
 * @throws RnnError with the reason why its shapes are not known before it runs
 */
export function networkOfGraph(network: Network, asked: NetworkRequest = {}, layout?: 'own'): Promise<Network> {
  return wired(network, asked, async () => (await import('../../engines/graph/graphSpec.js')).specOfGraph, layout);
}

type Reader = typeof import('../../engines/graph/graphSpec.js').specOfGraph;

async function wired(network: Network, asked: NetworkRequest, reader: () => Promise<Reader>, layout?: 'own'): Promise<Network> {
  const sizes = new Map(Object.entries({ N: asked.N, T: asked.T === '?' ? undefined : asked.T, D: asked.D }));
  const sizeOf = (letter: string, said: number | null): number | null => {
    checkAsked(letter, said, sizes.get(letter));
    return said ?? sizes.get(letter) ?? null;
  };
  const read = await reader();
  const own = { ...network, ...read(network.graph!.model, { sizeOf, layout }) };
  checkSizesHeld(own, asked);
  return own;
}

/** Axes of the inputs of a graph that have no size in the file, and that a flag gives the size of. */
export async function openLetters({ graph }: Network): Promise<('N' | 'T' | 'D')[]> {
  const { axisLetters } = await import('../../engines/graph/axisLetters.js');
  const { inputs } = graph!.model.graph;
  const letters = axisLetters(graph!.model.graph).flatMap((own, i) => own.filter((_, axis) => typeof inputs[i].shape?.[axis] !== 'number'));
  return (['N', 'T', 'D'] as const).filter(letter => letters.includes(letter));
}

/** The layers and operators as which a file is run; null: a graph of which too little is known before it runs. */
export async function asRun(network: Network): Promise<Network | null> {
  return !network.graph || network.graph.exact ? network : ifWired(network);
}

/** `asRun` with the graph's own axes, or the network unchanged if that is not possible. */
export async function shownNetwork(network: Network): Promise<Network> {
  if (!network.graph || network.model.layers.length > 0) return network;
  return (await ifWired(network, 'own')) ?? network;
}

async function ifWired(network: Network, layout?: 'own'): Promise<Network | null> {
  try {
    return await networkOfGraph(network, {}, layout);
  } catch (error) {
    if (error instanceof RnnError && error.kind !== 'limit') return null;
    throw error;
  }
}
