import { getCell } from '../cells/index.js';
import type { EngineInput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { type Assumption, checkAssumptions } from '../model/assumptions.js';
import { TUTORIAL } from '../model/dimensions.js';
import { maskReaders } from '../model/masks.js';
import { inferShapes, type ModelShapes, weightShapesByLayer } from '../model/shapes.js';
import { isRecurrent, type ModelSpec } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import { concatFirst } from '../tensor/layout.js';
import { exactSize, sliceRow, type Tensor } from '../tensor/tensor.js';
import { drawInputFrom, drawNetwork } from '../weights/draw.js';
import type { InputWish } from '../weights/init.js';
import type { Weights } from '../weights/weights.js';
import { checkFinite } from './finite.js';
import { readInitialStates } from './initialStates.js';
import { INPUT_NAMES, inputNotes, maskOfLengths, type ReadArray, readArray, readLengths, readMask, toInput } from './input.js';
import { memoryBudget } from './limits.js';
import type { ModelFile } from './modelFile.js';
import { isExact, loadNetwork, type Network, openModel } from './network.js';
import { noSize } from './networkSizes.js';
import type { InputRequest, NetworkRequest } from './request.js';
import { rowsOfInput } from './rows.js';

/** Everything a run needs: network, weights, X, padding, initial states, and where each came from. */
export interface Prepared {
  readonly network: Network;
  readonly weights: Weights;
  readonly input: EngineInput;
  /** inputs by name of a graph that is run as it stands */
  readonly graphInputs?: ReadonlyMap<string, GraphValue>;
  readonly seed: string;
  /** stream of the weights; 'file' where nothing was drawn */
  readonly rng: string;
  readonly init: string | null;
  /** versioned names of the sequences drawn from; null where a file was read */
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly inputSource: string;
  /** of the input file's array, before it got three axes */
  readonly inputShape?: readonly number[];
  readonly weightsSource: string;
  readonly notes: readonly string[];
  readonly assumptions: readonly Assumption[];
}

export const DEFAULT_SEED = '42';
const DEFAULT_RNG = 'seedrandom';

/**
 * @param given the first samples of an input that is read in pieces; whether they are finite is left to the caller
 * @param steps of a drawn input where nothing says how many, instead of E_SIZE
 * @throws RnnError of every kind a description, a file or a size can be wrong in
 */
export async function prepare(request: NetworkRequest & InputRequest, given?: ReadArray, steps?: number): Promise<Prepared> {
  const opened = await openModel(request);
  if (opened?.graph && !isExact(opened.graph)) return prepareGraph(request, opened);
  // a network that is not run is said before anything about its input
  if (opened?.problem) await loadNetwork(request, undefined, opened);
  if (hasNamedInputs(opened?.spec)) return prepareNamed(request, opened!);
  const array = given ?? (request.input === undefined ? undefined : await readArray(request.input, INPUT_NAMES));
  const network = await loadNetwork(withFramework(request), knownShape(array, request.timeMajor), opened);
  checkBuilt(network, request);
  const seed = request.seed ?? DEFAULT_SEED;
  const assumptions = [...network.assumptions, ...drawnWeights(network, request), ...drawnX(request)];
  checkAssumptions(assumptions, request.strict);
  const sizes = array ? sizesOf(array, network) : drawnSizes(network, request, steps);
  const { N, T } = sizes;
  checkMemory(network, [N, T], request.maxMemory);
  checkDraws(request, network, array !== undefined);
  const drawn = draw(network, request, seed, array ? null : inputWish(network, sizes));
  const weights = network.weights ?? drawn.weights!;
  const givenT = typeof request.T === 'number' ? request.T : undefined;
  const whole = array ? toInput(array, network, { timeMajor: request.timeMajor, T: givenT, N: request.N }) : drawn.x!;
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
    ...(array ? { inputShape: array.tensor.shape } : {}),
    notes: [
      ...network.notes,
      ...(array ? [...array.notes, ...inputNotes(array, whole, givenT)] : []),
      ...finiteNotes(request.strictFinite ?? false, given ? null : whole, weights),
    ],
    assumptions,
  };
}

/** Several inputs, or one that is neither a sequence nor token numbers [N, T]. */
function hasNamedInputs(spec: Record<string, unknown> | undefined): boolean {
  if (spec?.inputs !== undefined) return true;
  const shape = (spec?.input as { shape?: unknown } | undefined)?.shape;
  const layers = Array.isArray(spec?.layers) ? (spec.layers as { kind?: unknown }[]) : [];
  return Array.isArray(shape) && !(shape.length === 1 && layers.some(l => l?.kind === 'embedding'));
}

/** A network whose inputs are read by their names. */
async function prepareNamed(request: NetworkRequest & InputRequest, opened: ModelFile): Promise<Prepared> {
  const network = await loadNetwork(withFramework(request), undefined, opened);
  checkBuilt(network, request);
  const seed = request.seed ?? DEFAULT_SEED;
  const assumptions = [...network.assumptions, ...drawnWeights(network, request), ...drawnX(request)];
  checkAssumptions(assumptions, request.strict);
  const { readNamedInputs } = await import('./namedInputs.js');
  const { x, others, source, promise } = await readNamedInputs(network, request, seed);
  const N = x.shape[0];
  checkMemory(network, [N, x.shape[1] ?? 1], request.maxMemory);
  checkDraws(request, network, promise === null);
  const drawn = draw(network, request, seed, null);
  const weights = network.weights ?? drawn.weights!;
  return {
    network,
    weights,
    input: { x, others, initialStates: await readInitialStates(network.model, N, request.h0, request.c0) },
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

/** @throws RnnError E_UNBUILT where the file says that its layers have no weights yet */
function checkBuilt(network: Network, request: NetworkRequest): void {
  if (!network.withoutWeights) return;
  throw new RnnError('unsupported', 'E_UNBUILT', network.withoutWeights, {
    where: escapeText(request.model!),
    fix: 'in Python: model.build(...), load or train its weights, and save it again; or give them with --weights',
  });
}

/** That x was drawn, where the other output was computed from one that nobody has named. */
function drawnX(request: NetworkRequest & InputRequest & { readonly against?: string }): Assumption[] {
  const { against, input, seed, rng, inputRng } = request;
  if (against === undefined || [input, seed, rng, inputRng].some(flag => flag !== undefined)) return [];
  const what = `x was drawn from seed ${DEFAULT_SEED}`;
  return [
    { fact: 'x', what, value: 'drawn', why: '--against brings y, and nothing says from which x', say: '-i FILE, or --seed to draw it' },
  ];
}

/** That weights were drawn, where the model comes from a file and nobody asked for a draw. */
function drawnWeights(network: Network, { model, seed, rng, init }: NetworkRequest & InputRequest): Assumption[] {
  const asked = [seed, rng, init].some(flag => flag !== undefined);
  if (network.weights || model === undefined || asked) return [];
  const say = '--weights FILE, or --seed to draw them';
  return [
    { fact: 'weights', what: `the weights were drawn from seed ${DEFAULT_SEED}`, value: 'drawn', why: 'the model file has none', say },
  ];
}

/** A flag says how something is drawn that is read from a file. @throws RnnError E_CONFLICT (usage) */
function checkDraws(request: InputRequest, { weights }: Network, inputIsRead: boolean): void {
  const conflict = (flag: string, draws: string, read: string) =>
    new RnnError('usage', 'E_CONFLICT', `${flag} says how ${draws} drawn, and ${read}`, { fix: `drop ${flag}` });
  if (request.init !== undefined && weights) throw conflict('--init', 'weights are', 'they are read from a file');
  if (request.inputRng !== undefined && inputIsRead) throw conflict('--input-rng', 'x is', 'it is read from a file');
  if (!weights || !inputIsRead) return;
  const flag = request.rng !== undefined ? '--rng' : request.seed !== undefined ? '--seed' : undefined;
  if (flag) throw conflict(flag, 'weights and x are', 'both are read from files');
}

/** An ONNX graph that is run as it stands: nothing is drawn but its input. */
async function prepareGraph(request: NetworkRequest & InputRequest, opened: ModelFile): Promise<Prepared> {
  const network = await loadNetwork(request, undefined, opened);
  const seed = request.seed ?? DEFAULT_SEED;
  const { readGraphInputs } = await import('./graphInput.js');
  const inputs = await readGraphInputs(opened.graph!.model, request, seed);
  checkDraws(request, network, inputs.promise === null);
  const assumptions = [...network.assumptions, ...drawnX(request)];
  checkAssumptions(assumptions, request.strict);
  const weights = network.weights!;
  return {
    network,
    weights,
    input: { x: inputs.x },
    graphInputs: inputs.values,
    seed,
    rng: inputs.promise === null ? 'file' : (request.inputRng ?? request.rng ?? DEFAULT_RNG),
    init: null,
    promises: { weights: null, input: inputs.promise },
    inputSource: inputs.source,
    weightsSource: escapeText(network.weightsSource!),
    notes: [...network.notes, ...inputs.notes, ...finiteNotes(request.strictFinite ?? false, inputs.x, new Map())],
    assumptions,
  };
}

/** A script in PyTorch is a PyTorch network, unless something says otherwise. */
export function withFramework<R extends NetworkRequest & InputRequest>(request: R): R {
  const torch = request.rng === 'torch' && request.framework === undefined && request.weights === undefined;
  return torch ? { ...request, framework: 'torch' } : request;
}

interface DrawnParts {
  readonly weights: Weights | null;
  readonly x: Tensor | null;
  readonly rng: string;
  readonly init: string | null;
  readonly promise: string | null;
  readonly inputPromise: string | null;
}

/** What no file gives. @throws RnnError E_SEED, E_RNG_LAYER, E_RNG_INIT */
export function draw(network: Network, request: InputRequest, seed: string, input: InputWish | null): DrawnParts {
  const rng = request.rng ?? DEFAULT_RNG;
  const inputRng = request.inputRng ?? rng;
  const nothing = { weights: null, x: null, init: null, promise: null, inputPromise: null };
  if (network.weights) {
    if (input === null) return { ...nothing, rng: 'file' };
    const { x, promise } = drawInputFrom(inputRng, seed, input);
    return { ...nothing, x, rng: inputRng, inputPromise: promise };
  }
  const frameworkInit = network.framework === 'torch' ? 'torch' : 'keras';
  const { init } = request;
  return { rng, ...drawNetwork(network.model, weightShapesByLayer(network.shapes), { seed, rng, inputRng, init, frameworkInit, input }) };
}

/** Multiply-adds of a pass, roughly: every weight meets every sample at every step. */
export function productsOf({ shapes }: Network, N: number, T: number): number {
  return Number(weightNumbers(shapes)) * N * T;
}

/** The same of what is prepared. */
export function productsIn({ network, input }: Prepared): number {
  return productsOf(network, input.x.shape[0], input.x.shape[1]);
}

/** The file's shape with the batch first. */
function knownShape(array: ReadArray | undefined, timeMajor = false): readonly number[] | undefined {
  if (!array) return undefined;
  const { shape } = array.tensor;
  return timeMajor && shape.length >= 2 ? [shape[1], shape[0], ...shape.slice(2)] : shape;
}

/** N and T of a drawn input. @throws RnnError E_SIZE (usage) where nothing says how many steps it has */
export function drawnSizes({ model }: Network, { N }: NetworkRequest, steps?: number): { N: number; T: number } {
  const T = model.input.timesteps ?? steps;
  if (T === undefined) throw noSize('T', 'how many steps the input has');
  return { N: N ?? model.input.batch ?? TUTORIAL.N, T };
}

export function inputWish({ model }: Network, { N, T }: { N: number; T: number }): InputWish {
  const embedding = model.layers.find(l => l.kind === 'embedding');
  if (model.input.features === null && embedding?.kind === 'embedding') return { shape: [N, T], tokens: embedding.tokens };
  return { shape: [N, T, model.input.features!], tokens: null };
}

/** Mask or lengths of the request beside X. PyTorch's packed sequences shrink to the longest. */
export async function paddedInput(whole: Tensor, { model, framework }: Network, request: InputRequest): Promise<EngineInput> {
  const [N, T] = whole.shape;
  if (request.mask !== undefined && request.lengths !== undefined)
    throw new RnnError('usage', 'E_CONFLICT', '--mask and --lengths both say which steps are real', { fix: 'use one of them' });
  checkMaskIsRead(model, request);
  const initialStates = await readInitialStates(model, N, request.h0, request.c0);
  if (request.lengths !== undefined) {
    const lengths = await readLengths(request.lengths, N, T, framework === 'torch' ? 1 : 0);
    const longest = framework === 'torch' ? Math.max(...lengths) : T;
    return { x: firstSteps(whole, longest), mask: maskOfLengths(lengths, longest), initialStates };
  }
  const mask = request.mask === undefined ? undefined : await readMask(request.mask, N, T);
  return { x: whole, mask, initialStates };
}

/** @throws RnnError E_CONFLICT (usage): no layer leaves masked steps out, or one before a recurrent layer drops the mask */
function checkMaskIsRead(model: ModelSpec, { lengths, mask }: InputRequest): void {
  if (lengths === undefined && mask === undefined) return;
  const flag = lengths === undefined ? '--mask' : '--lengths';
  const { readers, unreached } = maskReaders(model);
  if (readers.length > 0 && unreached.length === 0) return;
  const what =
    unreached.length > 0
      ? `does not reach ${unreached.map(name => escapeText(name, 40)).join(', ')}`
      : 'reaches no layer that leaves steps out';
  throw new RnnError('usage', 'E_CONFLICT', `${flag} ${what}`, { fix: `drop ${flag}, and give each sample alone with its own steps` });
}

/** The network with the T it really runs, where padding was cut off. */
function withTimesteps(network: Network, T: number): Network {
  const model = { ...network.model, input: { ...network.model.input, timesteps: T } };
  return { ...network, model, shapes: inferShapes(model) };
}

/** [N, T, …] -> [N, steps, …] */
function firstSteps(x: Tensor, steps: number): Tensor {
  const [N, T, ...rest] = x.shape;
  if (steps === T) return x;
  const width = exactSize(rest);
  const rows = Array.from({ length: N }, (_, n) => ({
    shape: [1, steps, ...rest],
    data: sliceRow(x, n).data.subarray(0, steps * Number(width)),
  }));
  return concatFirst(rows);
}

/** N and T of an array, whatever its axes: one sequence has two, and the rows of a table are steps. */
function sizesOf({ tensor }: ReadArray, { model }: Network): { N: number; T: number } {
  const { timesteps, features } = model.input;
  const steps = tensor.shape[tensor.shape.length - (features === null ? 1 : 2)] ?? 1;
  const T = Math.max(1, timesteps ?? steps);
  return { N: Math.max(1, Math.ceil(tensor.data.length / (T * (features ?? 1)))), T };
}

/** Bytes that any machine has: asking how many this one has takes longer than a small forward pass. */
const ALWAYS = 2n ** 24n;

/**
 * Refuses before anything is allocated. Counted exactly: weights, X, every layer's output, states, in 8 bytes each.
 * @throws RnnError E_MEMORY (limit, exit 5)
 */
export function checkMemory({ model, shapes }: Network, [N, T]: readonly [number, number], maxMemory: number | undefined): void {
  const numbers = weightNumbers(shapes) + activationNumbers(shapes, model, BigInt(N), BigInt(T));
  const bytes = numbers * 8n;
  if (maxMemory === undefined && bytes <= ALWAYS) return;
  const budget = BigInt(maxMemory ?? memoryBudget());
  if (bytes <= budget) return;
  throw new RnnError('limit', 'E_MEMORY', `this needs ${bytes} bytes (${inUnits(bytes)}), the budget is ${inUnits(budget)}`, {
    expected: `at most ${budget} bytes`,
    found: `${bytes} bytes`,
    fix: 'use smaller sizes, fewer samples at a time, or raise --max-memory',
    limit: { flag: '--max-memory', value: Number(budget) },
  });
}

function weightNumbers(shapes: ModelShapes): bigint {
  return shapes.layers.reduce((total, l) => total + l.weights.reduce((sum, w) => sum + exactSize(w.shape), 0n), 0n);
}

/** X, and for every layer its output and, where it is recurrent, its states and one step of gates. */
function activationNumbers(shapes: ModelShapes, model: ModelSpec, N: bigint, T: bigint): bigint {
  const size = (symbols: readonly { symbol: string; size: number | null }[]) =>
    symbols.reduce((total, d, axis) => total * (axis === 0 ? N : BigInt(d.size ?? T)), 1n);
  let total = size(shapes.input);
  for (const { layer, output } of shapes.layers) {
    total += size(output);
    if (isRecurrent(layer)) total += N * BigInt(layer.units) * BigInt(getCell(layer.kind).gates.length + 4);
  }
  return total + BigInt(model.layers.length);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** '227.4 PiB' */
export function inUnits(bytes: bigint): string {
  let power = 0;
  while (power < UNITS.length - 1 && bytes >= 1024n ** BigInt(power + 1)) power++;
  if (power === 0) return `${bytes} B`;
  const tenths = (bytes * 10n) / 1024n ** BigInt(power);
  return `${tenths / 10n}.${tenths % 10n} ${UNITS[power]}`;
}

/** NaN and infinities are computed with as IEEE says; they are counted, and refused with --strict-finite. @throws RnnError E_NOT_FINITE */
export function finiteNotes(strict: boolean, x: Tensor | null, weights: Weights): string[] {
  const notes = x === null ? [] : checkFinite('the input', x, strict);
  for (const [name, weight] of weights) notes.push(...checkFinite(`the weight ${escapeText(name)}`, weight, strict));
  return notes;
}

/** A seeded input for a network, a few samples where the batch is open: what conversions are checked with. */
export async function drawFor(network: Network, seed: string): Promise<EngineInput> {
  const N = network.model.input.batch ?? CHECK_SAMPLES;
  const { T } = TUTORIAL;
  if (network.model.otherInputs || network.model.input.shape) {
    const { readNamedInputs } = await import('./namedInputs.js');
    return readNamedInputs(network, { N, T }, seed);
  }
  const wish = inputWish(network, { N, T: network.model.input.timesteps ?? T });
  return { x: drawInputFrom(DEFAULT_RNG, seed, wish).x };
}

const CHECK_SAMPLES = 3;
