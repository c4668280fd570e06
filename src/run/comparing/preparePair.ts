import { escapeText } from '../../escape.js';
import { inferShapes } from '../../model/shapes.js';
import { inputsOf } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import { drawInputFrom } from '../../weights/draw.js';
import { DEFAULT_SEED, inputWish } from '../input/drawing.js';
import { INPUT_NAMES, type ReadArray, readArray, toInput } from '../input/input.js';
import { paddedInput } from '../input/padding.js';
import type { Network } from '../network/network.js';
import { finiteNotes, hasStepsFirst, type Prepared, prepare } from '../prepare.js';
import type { CompareRequest, NetworkRequest } from '../request.js';

/** Two networks on one input: the one that is given, else one drawn from the seed in the size that both take. */
export interface Pair {
  readonly pair: readonly [Prepared, Prepared];
  readonly source: string;
  /** null: x was given */
  readonly seed: string | null;
}

/** Steps and samples of the input both are run on, where the models leave them open. */
const SAMPLES = 4;
const STEPS = 10;

export async function preparePair(
  first: Network,
  second: Network,
  request: CompareRequest & { readonly files: readonly [string, string] },
): Promise<Pair> {
  const seed = request.seed ?? DEFAULT_SEED;
  const given = request.input !== undefined;
  const source = given ? escapeText(request.input!) : `seed ${seed}`;
  if ([first, second].some(readsOtherwise)) {
    const { files, layers: _, M: __, K: ___, cell: ____, ...common } = request;
    const side = (file: string) => prepare({ ...common, model: file, against: undefined } as NetworkRequest);
    return { pair: [await side(files[0]), await side(files[1])], source, seed: given ? null : seed };
  }
  const array = given ? await readArray(request.input!, INPUT_NAMES) : undefined;
  const x = array ? inputFrom(array, first, request) : drawnFor(first, second, request, seed);
  const other = array ? inputFrom(array, second, request) : x;
  return { pair: [await sideOn(first, x, request, seed), await sideOn(second, other, request, seed)], source, seed: given ? null : seed };
}

/** Several inputs, one that is no sequence, or a graph that is no chain of layers. */
function readsOtherwise({ model, graph, stepsFirst }: Network): boolean {
  return (
    inputsOf(model).length > 1 ||
    model.input.shape !== undefined ||
    (graph !== undefined && (model.layers.length === 0 || stepsFirst !== undefined))
  );
}

function inputFrom(array: ReadArray, network: Network, { timeMajor, T, N }: CompareRequest): Tensor {
  return toInput(array, network, {
    timeMajor: timeMajor || hasStepsFirst(network),
    T: typeof T === 'number' ? T : undefined,
    N,
  });
}

function drawnFor(first: Network, second: Network, request: CompareRequest, seed: string): Tensor {
  const N = request.N ?? first.model.input.batch ?? second.model.input.batch ?? SAMPLES;
  const T = (typeof request.T === 'number' ? request.T : null) ?? stepsOf(first, second) ?? STEPS;
  const wish = inputWish(first, { N, T });
  const tokens = inputWish(second, { N, T }).tokens;
  const both = wish.tokens !== null && tokens !== null ? { ...wish, tokens: Math.min(wish.tokens, tokens) } : wish;
  return drawInputFrom(request.inputRng ?? request.rng ?? 'seedrandom', seed, both).x;
}

/** A flatten's weights fix T; else what a model says of it, weights alone saying nothing. */
function stepsOf(...networks: readonly Network[]): number | null {
  const said = networks.filter(n => n.model.layers.some(l => l.kind === 'flatten'));
  const steps = (said.length > 0 ? said : networks).map(n => n.model.input.timesteps);
  return steps.find(T => T !== null) ?? null;
}

/** A network as it is run on x, for any number of steps. */
async function sideOn(network: Network, x: Tensor, request: CompareRequest, seed: string): Promise<Prepared> {
  const input = await paddedInput(x, network, request);
  const model = { ...network.model, input: { ...network.model.input, batch: null, timesteps: input.x.shape[1] } };
  return {
    network: { ...network, model, shapes: inferShapes(model), graph: undefined },
    weights: network.weights!,
    input,
    seed,
    rng: 'file',
    init: null,
    promises: { weights: null, input: null },
    inputSource: '',
    weightsSource: escapeText(network.weightsSource ?? ''),
    notes: finiteNotes(request.strictFinite ?? false, x, network.weights!),
    assumptions: network.assumptions,
  };
}
