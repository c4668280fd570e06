import { RnnError } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import { ownSamples } from '../../model/samples.js';
import { inferShapes } from '../../model/shapes.js';
import { inputsOf, type LayerSpec, type ModelSpec } from '../../model/spec.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import type { Tensor } from '../../tensor/tensor.js';
import { drawInputFrom } from '../../weights/draw.js';
import { holdArrays, release } from '../input/arraysInMemory.js';
import { hasStepsFirst } from '../input/declaredInput.js';
import { DEFAULT_RNG, DEFAULT_SEED, inputWish, isOneSequence } from '../input/drawing.js';
import { finiteNotes } from '../input/finite.js';
import { INPUT_NAMES, readArray, toInput } from '../input/input.js';
import { readNamedInputs } from '../input/namedInputs.js';
import { paddedInput } from '../input/padding.js';
import type { Network } from '../network/network.js';
import { asRun } from '../network/wiredGraph.js';
import { type Prepared, prepare } from '../prepare.js';
import type { CompareRequest, NetworkRequest } from '../request.js';
import type { InputsOfBoth } from '../result.js';

/**
 * Two networks on the same inputs. Given inputs are read along the axes of the first file; otherwise they are drawn from the seed in sizes
 * that both accept.
 */
export interface Pair {
  readonly pair: readonly [Prepared, Prepared];
  readonly source: string;
  /** null: x was given */
  readonly seed: string | null;
  readonly takes: InputsOfBoth;
}

type PairRequest = CompareRequest & { readonly files: readonly [string, string] };

/** Samples and steps of the common input if the models leave them open. */
const SAMPLES = 4;
const STEPS = 10;

interface Input {
  readonly name: string;
  /** along the axes in the file; null: open */
  readonly sizes: readonly (number | null)[] | null;
}

/** A file as it is run: layers and operators, or a graph whose shapes are only known while it runs. */
interface Side {
  readonly network: Network;
  readonly file: string;
  readonly inputs: readonly Input[];
  readonly kind: 'sequence' | 'named' | 'graph';
}

/** All inputs by name, samples first. */
type Inputs = ReadonlyMap<string, Tensor>;

/** @throws RnnError E_INPUT_NAME: the networks have different numbers of inputs; all errors of reading an input */
export async function preparePair(first: Network, second: Network, request: PairRequest): Promise<Pair> {
  const seed = request.seed ?? DEFAULT_SEED;
  const given = request.input !== undefined;
  const sides = [await sideOf(first, request.files[0]), await sideOf(second, request.files[1])] as const;
  const models = sides.map(({ network }) => network.model);
  const drawn = given ? null : await drawnInputs(sides, request, seed);
  const inputs = drawn === null ? await givenInputs(sides[0], request, seed) : withMaskedSteps(drawn, models);
  const run = (side: Side) => preparedOn(side, inputsFor(side, inputs, sides), request, seed);
  return {
    pair: [await run(sides[0]), await run(sides[1])],
    source: drawn === null ? escapeText(request.input!) : `seed ${seed}${inputs === drawn ? '' : ', with masked steps'}`,
    seed: drawn === null ? null : seed,
    takes: inputsOfBoth(...sides),
  };
}

/** The inputs of each side, and the sizes that both accept. The number of samples and steps of a sequence is open. */
function inputsOfBoth(first: Side, second: Side): InputsOfBoth {
  const of = ({ inputs }: Side) => inputs.map(({ name, sizes }) => ({ name: escapeText(name, 40), shape: sizes }));
  const isNamed = first.kind === 'named' && second.kind === 'named';
  const both = first.inputs.map(({ name, sizes: a }, i) => {
    const b = (second.inputs.find(input => input.name === name) ?? second.inputs[i])?.sizes;
    if (!a || !b) return { name: escapeText(name, 40), shape: a ?? b ?? null };
    const fits = a.length === b.length && a.every((size, k) => size === null || b[k] === null || size === b[k] || (k < 2 && !isNamed));
    return fits ? { name: escapeText(name, 40), shape: b.map((size, k) => size ?? a[k]) } : null;
  });
  return { first: of(first), second: of(second), both: both.some(input => input === null) ? null : (both as InputsOfBoth['first']) };
}

async function sideOf(network: Network, file: string): Promise<Side> {
  const run = await asRun(network);
  // inputs of a spec have a batch axis; an input of a graph may be a single number
  if (run === null || inputsOf(run.model).some(({ name }) => run.shapes.values.get(name)?.length === 0)) {
    const own = network.graph!.model.graph.inputs.map(({ name, shape }) => ({
      name,
      sizes: shape?.map(n => (typeof n === 'number' ? n : null)) ?? null,
    }));
    return { network, file, inputs: own, kind: 'graph' };
  }
  const inputs = inputsOf(run.model).map(({ name }) => ({ name, sizes: run.shapes.values.get(name)?.map(({ size }) => size) ?? null }));
  const isSequence = inputs.length === 1 && isOneSequence(run) && run === network;
  return { network: run, file, inputs, kind: isSequence ? 'sequence' : 'named' };
}

async function givenInputs(side: Side, request: PairRequest, seed: string): Promise<Inputs> {
  const { network, kind, inputs } = side;
  if (kind === 'graph') return (await preparedGraph(side, request.input, request)).graphInputs!;
  if (kind === 'named') return byName(inputs, await readNamedInputs(network, request, seed));
  const { timeMajor, T, N } = request;
  const sizes = { timeMajor: timeMajor || hasStepsFirst(network), T: typeof T === 'number' ? T : undefined, N };
  return new Map([[inputs[0].name, toInput(await readArray(request.input!, INPUT_NAMES), network, sizes)]]);
}

function byName(inputs: readonly Input[], { x, others }: { readonly x: Tensor; readonly others: Inputs }): Inputs {
  return new Map([[inputs[0].name, x], ...others]);
}

/**
 * Draws x for the side that leaves fewer sizes open (weights behind a flatten fix T), in sizes that the other side fixes; for the first
 * side if no input fits both.
 */
async function drawnInputs(sides: readonly [Side, Side], request: PairRequest, seed: string): Promise<Inputs> {
  const layered = sides.filter(({ kind }) => kind !== 'graph');
  const networks = layered.map(({ network }) => network);
  const N = request.N ?? networks.map(n => ownSamples(n.model, n.shapes)).find(size => size !== null) ?? SAMPLES;
  const T = (typeof request.T === 'number' ? request.T : null) ?? stepsOf(networks) ?? STEPS;
  if (layered.length === 0) return drawnByGraph(sides[0], request, { N, T });
  if (layered.every(({ kind }) => kind === 'sequence')) {
    const wishes = networks.map(network => inputWish(network, { N, T }));
    const tokens = wishes.flatMap(wish => wish.tokens ?? []);
    const wish = { ...wishes[0], tokens: tokens.length === 0 ? null : Math.min(...tokens) };
    return new Map([[layered[0].inputs[0].name, drawInputFrom(request.inputRng ?? request.rng ?? DEFAULT_RNG, seed, wish).x]]);
  }
  const isRefused = inputsOfBoth(...sides).both === null && layered[0] === sides[0];
  const [by] = isRefused ? layered : [...layered].sort((a, b) => openSizes(a) - openSizes(b));
  return byName(by.inputs, await readNamedInputs(by.network, { ...request, N, T }, seed));
}

function openSizes({ network, inputs }: Side): number {
  return inputs.flatMap(({ name }) => network.shapes.values.get(name)!).filter(({ size }) => size === null).length;
}

function stepsOf(networks: readonly Network[]): number | null {
  const said = networks.filter(n => n.model.layers.some(l => l.kind === 'flatten'));
  const steps = (said.length > 0 ? said : networks).map(n => n.model.input.timesteps);
  return steps.find(T => T !== null) ?? null;
}

/** Draws the input of a graph; where the graph leaves sizes open, they are N and T. */
async function drawnByGraph(side: Side, request: PairRequest, sizes: { N: number; T: number }): Promise<Inputs> {
  try {
    return (await preparedGraph(side, undefined, request, { N: request.N })).graphInputs!;
  } catch (error) {
    if (!(error instanceof RnnError) || error.code !== 'E_SIZE') throw error;
    return (await preparedGraph(side, undefined, request, sizes)).graphInputs!;
  }
}

/** The same inputs under the names of the other side; if its names differ, in order. @throws RnnError E_INPUT_NAME */
function inputsFor({ inputs }: Side, own: Inputs, [first, second]: readonly [Side, Side]): Inputs {
  if (inputs.length !== own.size) {
    const [a, b] = [first, second].map(side => escapeNames(side.inputs.map(({ name }) => name)));
    throw new RnnError('shape', 'E_INPUT_NAME', 'the two networks have different inputs', {
      where: escapeText(second.file),
      expected: `${first.inputs.length}, as ${escapeText(first.file)}: ${a}`,
      found: `${second.inputs.length}: ${b}`,
      fix: 'run each on its own inputs with rnn-cli forward -o, then compare the two outputs: rnn-cli compare y1.npy y2.npy',
    });
  }
  const sameNames = inputs.every(({ name }) => own.has(name));
  const inOrder = [...own.values()];
  return new Map(inputs.map(({ name, sizes }, i) => [name, transposedToFit(sizes, sameNames ? own.get(name)! : inOrder[i])]));
}

/** Transposes x to steps first if that is the only way it fits a graph without named axes. */
function transposedToFit(sizes: Input['sizes'], t: Tensor): Tensor {
  const fits = ({ shape }: { readonly shape: readonly number[] }) => sizes?.every((size, i) => size === null || size === shape[i]) ?? true;
  if (fits(t) || t.shape.length < 2 || t.shape.length !== sizes!.length) return t;
  const swapped = swapBatchAndTime(t);
  return fits(swapped) ? swapped : t;
}

async function preparedOn(side: Side, inputs: Inputs, request: PairRequest, seed: string): Promise<Prepared> {
  const { network, kind } = side;
  if (kind === 'graph') {
    const held = await holdArrays('x', Object.fromEntries(inputs) as Parameters<typeof holdArrays>[1]);
    try {
      return await preparedGraph(side, held, request);
    } finally {
      release([held]);
    }
  }
  const [x, ...rest] = side.inputs.map(({ name }) => inputs.get(name)!);
  const others = rest.length > 0 ? new Map(rest.map((t, i) => [side.inputs[i + 1].name, t])) : undefined;
  const input = kind === 'sequence' ? await paddedInput(x, network, request) : { x, others };
  // the network is run with the number of steps of this input
  const open = { ...network.model, input: { ...network.model.input, batch: null, timesteps: input.x.shape[1] } };
  const model = kind === 'sequence' ? open : network.model;
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

/** Prepares a graph that is run node by node. @param sizes of its input if that is drawn */
function preparedGraph(
  { file }: Side,
  input: string | undefined,
  request: PairRequest,
  sizes: Pick<NetworkRequest, 'N' | 'T'> = {},
): Promise<Prepared> {
  const { seed, rng, inputRng, strict, strictFinite, maxMemory } = request;
  const draws = input === undefined ? { seed, rng, inputRng } : {};
  return prepare({ ...draws, strict, strictFinite, maxMemory, ...sizes, model: file, input });
}

/**
 * Makes some steps of drawn inputs [N, T, …] padding for networks that mask: some at the end of a sample and one inside another. Otherwise
 * a drawn input contains none, and masks would make no difference. Returns the inputs unchanged if neither network masks.
 */
function withMaskedSteps(inputs: ReadonlyMap<string, Tensor>, models: readonly ModelSpec[]): ReadonlyMap<string, Tensor> {
  const values = [...new Set(models.flatMap(maskedValues))];
  if (values.length === 0) return inputs;
  return new Map([...inputs].map(([name, t]) => [name, t.shape.length < 2 ? t : masked(t, values)]));
}

/**
 * Values that mark a masked step: of masking layers, of embeddings, and of comparisons with an input, as Keras writes masks into the graph.
 */
function maskedValues(model: ModelSpec): number[] {
  const names = new Set(inputsOf(model).map(({ name }) => name));
  return model.layers.flatMap((layer: LayerSpec) => {
    if (layer.kind === 'masking') return [layer.value];
    if (layer.kind === 'embedding') return layer.maskZero ? [0] : [];
    if (layer.kind !== 'op' || layer.op !== 'Equal' || !names.has(layer.inputs[0])) return [];
    return layer.operands?.find(operand => operand?.data.length === 1)?.data ?? [];
  });
}

function masked({ shape, data }: Tensor, values: readonly number[]): Tensor {
  const [N, T] = shape;
  const filled = data.slice();
  const width = data.length / (N * T);
  // a token is a row index, so only values in range can be used
  const isTokens = data.every(v => Number.isInteger(v) && v >= 0);
  const fits = values.filter(v => !isTokens || v === 0 || data.includes(v));
  fits.forEach((value, j) => {
    const fill = (n: number, from: number, to: number) => filled.fill(value, (n * T + from) * width, (n * T + to) * width);
    fill((j + 1) % N, Math.ceil(T / 2), T);
    if (T > 3) fill(j % N, 1, 2);
  });
  return { shape, data: filled };
}
