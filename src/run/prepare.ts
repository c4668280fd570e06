import type { EngineInput, GraphProgram } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { DType } from '../formats/format.js';
import { type Assumption, checkAssumptions } from '../model/assumptions.js';
import { inputsOf } from '../model/spec.js';
import { type GraphValue, isInteger } from '../ops/value.js';
import { swapBatchAndTime } from '../tensor/layout.js';
import type { Weights } from '../weights/weights.js';
import type { ModelFile } from './files/describedFile.js';
import { hasNamedInputs, hasOwnT, hasStepsFirst } from './input/declaredInput.js';
import {
  checkDrawnSizes,
  checkDraws,
  DEFAULT_RNG,
  DEFAULT_SEED,
  draw,
  drawnSizes,
  drawnWeights,
  drawnX,
  inputWish,
} from './input/drawing.js';
import { finiteNotes } from './input/finite.js';
import type { DrawnInputs } from './input/graphInput.js';
import { readInitialStates, stateLeftOut } from './input/initialStates.js';
import { checkSizes, INPUT_NAMES, inputNotes, type ReadArray, readArray, toInput, unreadArrays } from './input/input.js';
import { paddedInput, withTimesteps } from './input/padding.js';
import { checkApart, computedTogether, rowsOfInput } from './input/rows.js';
import { checkMemory } from './memory.js';
import { endingAt } from './network/endingAt.js';
import { loadNetwork, type Network, openModel } from './network/network.js';
import { checkAsked } from './network/networkSizes.js';
import { asRun, isExact, networkOfGraph } from './network/wiredGraph.js';
import type { InputRequest, NetworkRequest } from './request.js';
import type { ForwardResult } from './result.js';

type Origins = Pick<ForwardResult, 'seed' | 'rng' | 'init' | 'promises' | 'inputSource' | 'weightsSource' | 'notes'>;

/** Everything a run needs: network, weights, X, padding, initial states, and the source of each. */
export interface Prepared extends Origins {
  readonly network: Network;
  readonly weights: Weights;
  readonly input: EngineInput;
  /** inputs by name, if the network is a graph that is run node by node */
  readonly graphInputs?: ReadonlyMap<string, GraphValue>;
  /** the ONNX graph from which the layers and operators were made, for an engine that reads it directly */
  readonly asGraph?: { readonly program: GraphProgram; readonly inputs: ReadonlyMap<string, GraphValue> };
  /** shape of the array in the input file, before it got three axes; absent if a flag or the network's file gives T */
  readonly inputShape?: readonly number[];
  readonly assumptions: readonly Assumption[];
}

/** `output`: the requested output; absent: all of them */
type PrepareRequest = NetworkRequest & InputRequest & { readonly output?: string };

/** What the caller already has beside the request. */
interface Known {
  /** the first samples of an input that is read in pieces; the caller checks whether they are finite */
  readonly given?: ReadArray;
  /** steps of a drawn input if nothing else gives T, instead of E_SIZE */
  readonly steps?: number;
  /** the network's file, if it has already been read */
  readonly opened?: ModelFile;
}

/** @throws RnnError of any kind that a description, a file or a size can cause */
export async function prepare(request: PrepareRequest, { given, steps, opened: read }: Known = {}): Promise<Prepared> {
  const opened = read ?? (await openModel(request));
  if (opened?.graph && !isExact(opened.graph)) return prepareGraph(request, opened);
  // an unsupported network is reported before any error in its input
  if (opened?.problem) await loadNetwork(request, undefined, opened);
  if (hasNamedInputs(opened?.spec)) return prepareNamed(request, opened!);
  const timeMajor = request.timeMajor || hasStepsFirst(opened);
  const array = given ?? (request.input === undefined ? undefined : await readArray(request.input, INPUT_NAMES));
  const network = endingAt(await loadNetwork(withFramework(request), knownShape(array, timeMajor), opened), request.output);
  checkBuilt(network, request);
  checkApart(request, network);
  const seed = request.seed ?? DEFAULT_SEED;
  const sizes = array ? sizesOf(array, network) : drawnSizes(network, request, steps);
  const { N, T } = sizes;
  const assumptions = checkedAssumptions(network, request, N, array ? unreadArrays(array, request.input!) : []);
  checkMemory(network, [N, T], request.maxMemory);
  checkDraws(request, network, array !== undefined);
  const drawn = draw(network, request, seed, array ? null : inputWish(network, sizes));
  const weights = network.weights ?? drawn.weights!;
  const givenT = typeof request.T === 'number' ? request.T : undefined;
  const whole = array ? toInput(array, network, { timeMajor, T: givenT, N: request.N }) : drawn.x!;
  const padded = await paddedInput(whole, network, request);
  const input = request.rows ? rowsOfInput(padded, request.rows) : padded;
  const run = input.x.shape[1] < whole.shape[1] ? withTimesteps(network, input.x.shape[1]) : network;
  return {
    network: run,
    weights,
    input,
    seed,
    rng: drawn.rng,
    init: drawn.init,
    promises: { weights: drawn.promise, input: drawn.inputPromise },
    inputSource: array ? escapeText(request.input!) : `seed ${seed}`,
    weightsSource: network.weightsSource === null ? `seed ${seed}` : escapeText(network.weightsSource),
    ...(array && givenT === undefined && !hasOwnT(opened) ? { inputShape: array.tensor.shape } : {}),
    notes: [
      ...network.notes,
      ...(array ? [...array.notes, ...inputNotes(array, whole, givenT)] : []),
      ...finiteNotes(request.strictFinite ?? false, given ? null : whole, weights),
    ],
    assumptions,
  };
}

/** Prepares a network whose inputs are read by name. */
async function prepareNamed(request: PrepareRequest, opened: ModelFile): Promise<Prepared> {
  const network = endingAt(await loadNetwork(withFramework(request), undefined, opened), request.output);
  checkBuilt(network, request);
  checkApart(request, network);
  const seed = request.seed ?? DEFAULT_SEED;
  const { readNamedInputs } = await import('./input/namedInputs.js');
  const { x: given, others, source, promise, wish } = await readNamedInputs(network, request, seed);
  if (request.input !== undefined) checkSizes(network.model.input.shape ? { N: request.N } : request, given.shape);
  else checkDrawnSizes(request, [given, ...others.values()]);
  const N = given.shape[0];
  const assumptions = checkedAssumptions(network, request, N);
  checkMemory(network, [N, given.shape[1] ?? 1], request.maxMemory);
  checkDraws(request, network, promise === null);
  const drawn = draw(network, request, seed, wish);
  const x = drawn.x ?? given;
  const weights = network.weights ?? drawn.weights!;
  const whole = { x, others, initialStates: await readInitialStates(network.model, N, request.h0, request.c0) };
  return {
    network,
    weights,
    input: request.rows ? rowsOfInput(whole, request.rows) : whole,
    seed,
    rng: drawn.rng,
    init: drawn.init,
    promises: { weights: drawn.promise, input: promise },
    inputSource: source,
    weightsSource: network.weightsSource === null ? `seed ${seed}` : escapeText(network.weightsSource),
    notes: [...network.notes, ...finiteNotes(request.strictFinite ?? false, x, weights)],
    assumptions,
  };
}

/** Assumptions of the file and of a run of N samples. @throws RnnError E_ASSUMED with --strict */
function checkedAssumptions(network: Network, request: PrepareRequest, N: number, ofInput: readonly Assumption[] = []): Assumption[] {
  const drawn = [...drawnWeights(network, request), ...drawnX(request)];
  const ofRun = [...drawn, ...ofInput, ...stateLeftOut(network, request), ...computedTogether(network, N)];
  const assumptions = [...network.assumptions, ...ofRun];
  checkAssumptions(assumptions, request.strict);
  return assumptions;
}

/** @throws RnnError E_UNBUILT if the file says that its layers have no weights yet */
function checkBuilt(network: Network, request: NetworkRequest): void {
  if (!network.withoutWeights) return;
  throw new RnnError('unsupported', 'E_UNBUILT', network.withoutWeights, {
    where: escapeText(request.model!),
    fix: 'in Python: model.build(...), load or train its weights, and save it again; or give them with --weights',
  });
}

/** Prepares an ONNX graph that is not a chain of layers: only its input may be drawn. */
async function prepareGraph(request: PrepareRequest, opened: ModelFile): Promise<Prepared> {
  const network = await loadNetwork(request, undefined, opened);
  checkApart(request, network);
  const seed = request.seed ?? DEFAULT_SEED;
  const { readGraphInputs } = await import('./input/graphInput.js');
  const inputs = await readGraphInputs(opened.graph!.model, request, seed, await drawnForGraph(network, request, seed));
  checkDraws(request, network, inputs.promise === null);
  const assumptions = [...network.assumptions, ...drawnX(request)];
  checkAssumptions(assumptions, request.strict);
  const run = await graphRun(network, inputs.values, request);
  return {
    ...run,
    seed,
    rng: inputs.promise === null ? 'file' : (request.inputRng ?? request.rng ?? DEFAULT_RNG),
    init: null,
    promises: { weights: null, input: inputs.promise },
    inputSource: inputs.source,
    weightsSource: escapeText(network.weightsSource!),
    notes: [...run.notes, ...inputs.notes, ...finiteNotes(request.strictFinite ?? false, inputs.x, new Map())],
    assumptions,
  };
}

/**
 * Draws the inputs of a graph with several inputs or with token numbers, along the graph's own axes; its layers and operators decide how.
 * @throws RnnError E_CONFLICT: a flag and the graph give different sizes
 */
async function drawnForGraph(network: Network, request: NetworkRequest & InputRequest, seed: string): Promise<DrawnInputs | undefined> {
  const { inputs } = network.graph!.model.graph;
  const isGiven = [request.input, request.h0, request.c0].some(flag => flag !== undefined);
  const run = isGiven ? undefined : await asRun(network);
  if (!run) return undefined;
  const { batch, timesteps, features, shape } = run.model.input;
  checkAsked('batch', batch, request.N);
  if (!shape) {
    checkAsked('timesteps', timesteps, request.T === '?' ? undefined : request.T);
    checkAsked('features', features, request.D);
  }
  if (inputs.length === 1 && !(inputs[0].dtype && isInteger(inputs[0].dtype))) return undefined;
  const { readNamedInputs } = await import('./input/namedInputs.js');
  const { x, others, promise } = await readNamedInputs(run, request, seed);
  const own = inputsOf(run.model).map(({ name }, i) => {
    const t = i === 0 ? x : others.get(name)!;
    return [inputs[i].name, run.stepsFirst?.has(name) ? swapBatchAndTime(t) : t] as const;
  });
  return { arrays: new Map(own), promise: promise! };
}

type GraphRun = Pick<Prepared, 'network' | 'weights' | 'input' | 'graphInputs' | 'asGraph' | 'notes'>;

/**
 * Turns a graph into a network of layers and operators; if parts of it are only known while it runs, it is run node by node.
 * @throws RnnError E_MEMORY
 */
async function graphRun(network: Network, inputs: ReadonlyMap<string, GraphValue>, request: PrepareRequest): Promise<GraphRun> {
  const [x = { kind: 'float', shape: [], data: new Float32Array(1) }, ...rest] = inputs.values();
  const asItStands = (why: string) => {
    if (request.input !== undefined) checkNoSizes(request);
    const notes = [...network.notes, `run node by node, and not as layers: ${why}`];
    return { network, weights: network.weights!, input: { x }, graphInputs: inputs, notes };
  };
  if ([x, ...rest].some(({ shape }) => shape.length === 0)) return asItStands('an input is a single number');
  if (!network.graph!.model.graph.inputs.every(({ dtype }) => KEPT_TYPES.has(dtype))) return asItStands('an input has numbers of few bits');
  try {
    const { graph, ...wired } = endingAt(await networkOfGraph(network), request.output);
    checkMemory(wired, [x.shape[0], x.shape[1] ?? 1], request.maxMemory);
    const [first, ...others] = [...inputs].map(([name, value]) => (wired.stepsFirst!.has(name) ? swapBatchAndTime(value) : value));
    if (request.input !== undefined) checkSizes(wired.model.input.shape ? { N: request.N } : request, first.shape);
    const named = wired.model.otherInputs && new Map(wired.model.otherInputs.map(({ name }, i) => [name, others[i]]));
    return {
      network: wired,
      weights: wired.weights!,
      input: { x: first, others: named },
      asGraph: { program: graph!, inputs },
      notes: wired.notes,
    };
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind === 'limit' || ['E_INPUT_SHAPE', 'E_OUTPUT_NAME'].includes(error.code)) throw error;
    return asItStands(error.message);
  }
}

/** @throws RnnError E_CONFLICT with --N, --T or --D: it is not known which axes of the graph's input these are */
function checkNoSizes(request: NetworkRequest): void {
  const letter = (['N', 'T', 'D'] as const).find(l => request[l] !== undefined);
  if (!letter) return;
  const message = `--${letter} has nothing to act on: a graph that is run node by node takes its input as it is`;
  throw new RnnError('usage', 'E_CONFLICT', message, { fix: `drop --${letter}` });
}

/** Input types that layers compute with exactly. Integers of other types wrap around, because they have fewer bits. */
const KEPT_TYPES: ReadonlySet<DType | null> = new Set<DType | null>(['f16', 'bf16', 'f32', 'f64', 'i32', 'i64', 'bool']);

/** Chooses PyTorch as the framework if --rng torch is given and nothing says otherwise. */
export function withFramework<R extends NetworkRequest & InputRequest>(request: R): R {
  const torch = request.rng === 'torch' && request.framework === undefined && request.weights === undefined;
  return torch ? { ...request, framework: 'torch' } : request;
}

/** The shape of the array in the file, batch first. */
function knownShape(array: ReadArray | undefined, timeMajor = false): readonly number[] | undefined {
  if (!array) return undefined;
  const { shape } = array.tensor;
  return timeMajor && shape.length >= 2 ? [shape[1], shape[0], ...shape.slice(2)] : shape;
}

/** N and T of an array of any rank: a 2D array is one sequence whose rows are steps. */
function sizesOf({ tensor }: ReadArray, { model }: Network): { N: number; T: number } {
  const { timesteps, features } = model.input;
  const steps = tensor.shape[tensor.shape.length - (features === null ? 1 : 2)] ?? 1;
  const T = Math.max(1, timesteps ?? steps);
  return { N: Math.max(1, Math.ceil(tensor.data.length / (T * (features ?? 1)))), T };
}
