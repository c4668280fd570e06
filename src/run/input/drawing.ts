import type { EngineInput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Assumption } from '../../model/assumptions.js';
import { TUTORIAL } from '../../model/dimensions.js';
import { ownSamples } from '../../model/samples.js';
import { weightShapesByLayer } from '../../model/shapes.js';
import { formatShape, type Tensor } from '../../tensor/tensor.js';
import { drawInputFrom, drawNetwork } from '../../weights/draw.js';
import type { InputWish } from '../../weights/init.js';
import type { Weights } from '../../weights/weights.js';
import type { Network } from '../network/network.js';
import { noSize } from '../network/networkSizes.js';
import type { InputRequest, NetworkRequest } from '../request.js';
import { rowsLookedUp } from './indexInputs.js';

export const DEFAULT_SEED = '42';

export const DEFAULT_RNG = 'seedrandom';

/** An assumption for `--against` without an input: x was drawn, but the other output was computed from an unknown x. */
export function drawnX(request: NetworkRequest & InputRequest & { readonly against?: string }): Assumption[] {
  const { against, input, seed, rng, inputRng } = request;
  if (against === undefined || [input, seed, rng, inputRng].some(flag => flag !== undefined)) return [];
  const what = `x was drawn from seed ${DEFAULT_SEED}`;
  return [
    { fact: 'x', what, value: 'drawn', why: '--against brings y, and nothing says from which x', say: '-i FILE, or --seed to draw it' },
  ];
}

/** An assumption that the weights of a model file were drawn although no flag asked for it. */
export function drawnWeights(network: Network, { model, seed, rng, init }: NetworkRequest & InputRequest): Assumption[] {
  const asked = [seed, rng, init].some(flag => flag !== undefined);
  const hasSome = network.shapes.layers.some(({ weights }) => weights.length > 0);
  if (network.weights || model === undefined || asked || !hasSome) return [];
  const say = '--weights FILE, or --seed to draw them';
  return [
    { fact: 'weights', what: `the weights were drawn from seed ${DEFAULT_SEED}`, value: 'drawn', why: 'the model file has none', say },
  ];
}

/** Refuses flags about drawing something that is read from a file. @throws RnnError E_CONFLICT (usage) */
export function checkDraws(request: InputRequest, { weights }: Network, inputIsRead: boolean): void {
  const conflict = (flag: string, draws: string, read: string) =>
    new RnnError('usage', 'E_CONFLICT', `${flag} says how ${draws} drawn, and ${read}`, { fix: `drop ${flag}` });
  if (request.init !== undefined && weights) throw conflict('--init', 'weights are', 'they are read from a file');
  if (request.inputRng !== undefined && inputIsRead) throw conflict('--input-rng', 'x is', 'it is read from a file');
  if (!weights || !inputIsRead) return;
  const flag = request.rng !== undefined ? '--rng' : request.seed !== undefined ? '--seed' : undefined;
  if (flag) throw conflict(flag, 'weights and x are', 'both are read from files');
}

/** Refuses sizes that contradict the file. @throws RnnError E_INPUT_SHAPE */
export function checkDrawnSizes(request: NetworkRequest, inputs: readonly Tensor[]): void {
  for (const letter of ['N', 'T', 'D'] as const) {
    const asked = request[letter];
    const has = inputs.some(({ shape }) => shape.includes(asked as number));
    if (typeof asked !== 'number' || has) continue;
    throw new RnnError('shape', 'E_INPUT_SHAPE', `--${letter} ${asked} was given, but the file fixes another size`, {
      found: inputs.map(({ shape }) => formatShape(shape)).join(', '),
      fix: `drop --${letter}`,
    });
  }
}

interface DrawnParts {
  readonly weights: Weights | null;
  readonly x: Tensor | null;
  readonly rng: string;
  readonly init: string | null;
  readonly promise: string | null;
  readonly inputPromise: string | null;
}

/** Draws whatever no file provides. @throws RnnError E_SEED, E_RNG_LAYER, E_RNG_INIT */
export function draw(network: Network, request: InputRequest, seed: string, input: InputWish | null): DrawnParts {
  const rng = request.rng ?? DEFAULT_RNG;
  const inputRng = request.inputRng ?? rng;
  const nothing = { weights: null, x: null, init: null, promise: null, inputPromise: null };
  if (network.weights) {
    if (input === null) return { ...nothing, rng: 'file' };
    const { x, promise } = drawInputFrom(inputRng, seed, input);
    return { ...nothing, x, rng: inputRng, inputPromise: promise };
  }
  const [own] = rng === 'keras' ? (network.described?.ownInitializers?.() ?? []) : [];
  if (own !== undefined)
    throw new RnnError(
      'unsupported',
      'E_RNG_INIT',
      `--rng keras draws with the default initialisers of Keras, but this network has others`,
      {
        where: escapeText(own, 120),
        expected: 'default initialisers without seeds',
        found: escapeText(own, 120),
        fix: 'save the model with its weights, or use --rng seedrandom',
      },
    );
  const frameworkInit = network.framework === 'torch' ? 'torch' : 'keras';
  const { init } = request;
  return { rng, ...drawNetwork(network.model, weightShapesByLayer(network.shapes), { seed, rng, inputRng, init, frameworkInit, input }) };
}

/** N and T of a drawn input. @throws RnnError E_SIZE (usage) if the number of steps is not known */
export function drawnSizes({ model, shapes }: Network, { N }: NetworkRequest, steps?: number): { N: number; T: number } {
  const T = model.input.timesteps ?? steps;
  if (T === undefined) throw noSize('T', 'how many steps the input has');
  return { N: N ?? ownSamples(model, shapes) ?? TUTORIAL.N, T };
}

/** Whether the input is [N, T, D] of real numbers, or token numbers [N, T]. */
export function isOneSequence({ model: { input }, wholeInputs }: Network): boolean {
  return input.shape === undefined && (input.features === null || !wholeInputs?.has(input.name));
}

/** The shape of an input to be drawn, and the number of tokens if it holds token numbers. */
export function inputWish({ model }: Network, { N, T }: { N: number; T: number }): InputWish {
  const tokens = rowsLookedUp(model, model.input.name);
  if (model.input.features === null && tokens !== null) return { shape: [N, T], tokens };
  return { shape: [N, T, model.input.features!], tokens: null };
}

/** A seeded input on which a conversion is checked, with a few samples if the batch size is open. */
export async function drawFor(network: Network, seed: string): Promise<EngineInput> {
  const N = ownSamples(network.model, network.shapes) ?? CHECK_SAMPLES;
  const { T } = TUTORIAL;
  if (network.model.otherInputs || !isOneSequence(network)) {
    const { readNamedInputs } = await import('./namedInputs.js');
    return readNamedInputs(network, { N, T }, seed);
  }
  const wish = inputWish(network, { N, T: network.model.input.timesteps ?? T });
  return { x: drawInputFrom(DEFAULT_RNG, seed, wish).x };
}

const CHECK_SAMPLES = 3;
