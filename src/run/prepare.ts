import type { EngineInput, GraphProgram } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { DType } from '../formats/format.js';
import { type Assumption, checkAssumptions } from '../model/assumptions.js';
import { inputsOf } from '../model/spec.js';
import { type GraphValue, isInteger } from '../ops/value.js';
import { swapBatchAndTime } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { ModelFile } from './files/describedFile.js';
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
import { checkFinite } from './input/finite.js';
import type { DrawnInputs } from './input/graphInput.js';
import { readInitialStates, stateLeftOut } from './input/initialStates.js';
import { checkSizes, INPUT_NAMES, inputNotes, type ReadArray, readArray, toInput } from './input/input.js';
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

/** Everything a run needs: network, weights, X, padding, initial states, and where each came from. */
export interface Prepared extends Origins {
  readonly network: Network;
  readonly weights: Weights;
  readonly input: EngineInput;
  /** inputs by name of a graph that is run as it stands */
  readonly graphInputs?: ReadonlyMap<string, GraphValue>;
  /** the graph whose layers and operators the network is, for an engine that reads it itself */
  readonly asGraph?: { readonly program: GraphProgram; readonly inputs: ReadonlyMap<string, GraphValue> };
  /** of the input file’s array, before it got three axes; absent where a flag or the network’s file says T */
  readonly inputShape?: readonly number[];
  readonly assumptions: readonly Assumption[];
}

/** `output`: the one that is wanted; absent: all */
type PrepareRequest = NetworkRequest & InputRequest & { readonly output?: string };

/** What is known beside the request. */
interface Known {
  /** the first samples of an input that is read in pieces; whether they are finite is left to the caller */
  readonly given?: ReadArray;
  /** of a drawn input where nothing says how many, instead of E_SIZE */
  readonly steps?: number;
  /** the file of the network, where it has been read already */
  readonly opened?: ModelFile;
}

/** @throws RnnError of every kind a description, a file or a size can be wrong in */
export async function prepare(request: PrepareRequest, { given, steps, opened: read }: Known = {}): Promise<Prepared> {
  const opened = read ?? (await openModel(request));
  if (opened?.graph && !isExact(opened.graph)) return prepareGraph(request, opened);
  // that a network is not supported comes before any error about its input
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
  const assumptions = checkedAssumptions(network, request, N);
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

/** The file of the network says how many steps it reads; without that they are those of the input. */
export function hasOwnT(opened: ModelFile | undefined): boolean {
  const input = opened?.spec?.input as { timesteps?: number | null } | undefined;
  return (input?.timesteps ?? null) !== null;
}

/** The file's only sequence is [T, N, D]. */
export function hasStepsFirst(opened: Pick<ModelFile, 'stepsFirst'> | undefined): boolean {
  return (opened?.stepsFirst?.size ?? 0) > 0;
}

/** Several inputs, or one that is neither a sequence nor token numbers [N, T]. */
function hasNamedInputs(spec: Record<string, unknown> | undefined): boolean {
  if (spec?.inputs !== undefined) return true;
  const shape = (spec?.input as { shape?: unknown } | undefined)?.shape;
  const layers = Array.isArray(spec?.layers) ? (spec.layers as { kind?: unknown }[]) : [];
  return Array.isArray(shape) && !(shape.length === 1 && layers[0]?.kind === 'embedding');
}

/** A network whose inputs are read by their names. */
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

/** Of the file, and of a run of N samples. @throws RnnError E_ASSUMED with --strict */
function checkedAssumptions(network: Network, request: PrepareRequest, N: number): Assumption[] {
  const ofRun = [...drawnWeights(network, request), ...drawnX(request), ...stateLeftOut(network, request), ...computedTogether(network, N)];
  const assumptions = [...network.assumptions, ...ofRun];
  checkAssumptions(assumptions, request.strict);
  return assumptions;
}

/** @throws RnnError E_UNBUILT where the file says that its layers have no weights yet */
function checkBuilt(network: Network, request: NetworkRequest): void {
  if (!network.withoutWeights) return;
  throw new RnnError('unsupported', 'E_UNBUILT', network.withoutWeights, {
    where: escapeText(request.model!),
    fix: 'in Python: model.build(...), load or train its weights, and save it again; or give them with --weights',
  });
}

/** An ONNX graph that is no chain of layers: nothing is drawn but its input. */
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
 * Several inputs of a graph, or token numbers, with the graph's own axes: its layers and operators say how they are drawn.
 * @throws RnnError E_CONFLICT: a flag says another size than the graph
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
 * The network of layers and operators that a graph is; where something of it can be said only while it runs, the graph itself.
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

/** @throws RnnError E_CONFLICT: nothing says which axes of a graph's input are N, T and D */
function checkNoSizes(request: NetworkRequest): void {
  const letter = (['N', 'T', 'D'] as const).find(l => request[l] !== undefined);
  if (!letter) return;
  const message = `--${letter} has nothing to act on: a graph that is run node by node takes its input as it is`;
  throw new RnnError('usage', 'E_CONFLICT', message, { fix: `drop --${letter}` });
}

/** Types of inputs whose whole numbers wrap around, having fewer bits than 64. */
const KEPT_TYPES: ReadonlySet<DType | null> = new Set<DType | null>(['f16', 'bf16', 'f32', 'f64', 'i32', 'i64', 'bool']);

/** A script in PyTorch is a PyTorch network, unless something says otherwise. */
export function withFramework<R extends NetworkRequest & InputRequest>(request: R): R {
  const torch = request.rng === 'torch' && request.framework === undefined && request.weights === undefined;
  return torch ? { ...request, framework: 'torch' } : request;
}

/** The shape of the file, batch first. */
function knownShape(array: ReadArray | undefined, timeMajor = false): readonly number[] | undefined {
  if (!array) return undefined;
  const { shape } = array.tensor;
  return timeMajor && shape.length >= 2 ? [shape[1], shape[0], ...shape.slice(2)] : shape;
}

/** N and T of an array, whatever its axes: one sequence has two, and the rows of a table are steps. */
function sizesOf({ tensor }: ReadArray, { model }: Network): { N: number; T: number } {
  const { timesteps, features } = model.input;
  const steps = tensor.shape[tensor.shape.length - (features === null ? 1 : 2)] ?? 1;
  const T = Math.max(1, timesteps ?? steps);
  return { N: Math.max(1, Math.ceil(tensor.data.length / (T * (features ?? 1)))), T };
}

/** NaN and infinities are computed with as IEEE says; they are counted, and refused with --strict-finite. @throws RnnError E_NOT_FINITE */
export function finiteNotes(strict: boolean, x: Tensor | null, weights: Weights): string[] {
  const notes = x === null ? [] : checkFinite('the input', x, strict);
  for (const [name, weight] of weights) notes.push(...checkFinite(`the weight ${escapeText(name)}`, weight, strict));
  return notes;
}
