import { RnnError } from '../errors.js';
import type { ModelSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';
import type { InputWish } from './init.js';
import { getInitializer } from './initializers/index.js';
import { getScript } from './scripts/index.js';
import type { Script } from './scripts/script.js';
import type { WeightShapes, Weights } from './weights.js';

export interface DrawRequest {
  readonly seed: string;
  /** stream: 'seedrandom', 'keras', 'torch', 'numpy', 'pcg64' */
  readonly rng: string;
  /** stream of X, if it is another one */
  readonly inputRng?: string;
  /** requested initialiser; default: the script's own, or `frameworkInit` */
  readonly init?: string;
  /** default initialiser of the network's framework */
  readonly frameworkInit: string;
  /** null: X is given */
  readonly input: InputWish | null;
}

export interface Drawn {
  readonly weights: Weights;
  readonly x: Tensor | null;
  readonly init: string;
  /** versioned names of the sequences: 'keras-philox/v1', 'numpy-legacy/v1' */
  readonly promise: string;
  readonly inputPromise: string | null;
}

/**
 * Draws the weights and X of a seed as the script of `rng` does. If X comes from another stream, that stream starts anew from the same seed, and
 * the weights are drawn as if there were no X.
 * @throws RnnError E_SEED, E_RNG_LAYER, E_RNG_INIT, E_UNKNOWN_RNG, E_UNKNOWN_INITIALIZER
 */
export function drawNetwork(model: ModelSpec, shapes: WeightShapes, request: DrawRequest): Drawn {
  const { seed, input } = request;
  const script = getScript(request.rng);
  const inputScript = getScript(request.inputRng ?? request.rng);
  const init = initOf(script, request);
  const together = inputScript === script;
  const { weights, x } = script.draw(model, shapes, { seed, init, input: together ? input : null });
  return {
    weights,
    x: together ? x : input && inputScript.drawInput(seed, input),
    init,
    promise: script.promise,
    inputPromise: input && inputScript.inputPromise,
  };
}

/** Draws X only, right after seeding, when the weights come from a file. Also returns the name of its sequence. @throws RnnError E_SEED, E_UNKNOWN_RNG */
export function drawInputFrom(rng: string, seed: string, wish: InputWish): { x: Tensor; promise: string } {
  const script = getScript(rng);
  return { x: script.drawInput(seed, wish), promise: script.inputPromise };
}

function initOf(script: Script, { init, frameworkInit }: DrawRequest): string {
  const wanted = getInitializer(init ?? script.init ?? frameworkInit).name;
  if (script.init === null || wanted === script.init) return wanted;
  throw new RnnError('usage', 'E_RNG_INIT', `--rng ${script.name} supports only ${script.name}'s own initialisation, not '${wanted}'`, {
    where: '--init',
    expected: script.init,
    found: wanted,
    fix: `drop --init, or draw '${wanted}' from --rng seedrandom, numpy or pcg64`,
  });
}
