import type { ModelSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { InputWish } from '../init.js';
import type { WeightShapes, Weights } from '../weights.js';

/**
 * A whole script as users write it: seed, layers, input. Frameworks draw weights when layers are constructed, so the numbers of a seed depend on
 * everything drawn before; a script fixes that order.
 */
export interface Script {
  /** value of --rng */
  readonly name: string;
  /** versioned name of the sequence the weights come from */
  readonly promise: string;
  /** the same for the input */
  readonly inputPromise: string;
  /** the only initialiser that the script supports; null: any */
  readonly init: string | null;
  /** the lines of the script */
  readonly lines: readonly string[];
  /** @throws RnnError E_SEED, E_RNG_LAYER if the framework has no such layer, E_UNKNOWN_INITIALIZER */
  draw(model: ModelSpec, shapes: WeightShapes, request: ScriptRequest): ScriptResult;
  /** Draws only the input, right after seeding. */
  drawInput(seed: string, wish: InputWish): Tensor;
}

export interface ScriptRequest {
  readonly seed: string;
  readonly init: string;
  /** null: the input comes from elsewhere and is not drawn here */
  readonly input: InputWish | null;
}

export interface ScriptResult {
  readonly weights: Weights;
  readonly x: Tensor | null;
}
