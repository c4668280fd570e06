import type { WeightShape } from '../cells/cell.js';
import type { ModelSpec } from '../model/spec.js';
import type { ArrayStream, RandomStream } from '../random/random.js';
import { seedrandomStream } from '../random/seedrandom.js';
import { sizeOf, type Tensor, tensor } from '../tensor/tensor.js';
import { getInitializer } from './initializers/index.js';
import { filled, type Initializer, type Target } from './initializers/initializer.js';
import type { WeightShapes, Weights } from './weights.js';

export interface DrawOptions {
  readonly seed: string;
  /** name of an initializer: 'keras', 'torch', 'glorot_uniform' … */
  readonly init: string;
  readonly rng: 'seedrandom';
}

/**
 * Draws every weight of the model as float32, with keys `layer/name`. Each has its own stream, named after it, so that its values do not depend
 * on the rest of the model.
 * @throws RnnError E_UNKNOWN_INITIALIZER
 */
export function drawWeights(model: ModelSpec, shapes: WeightShapes, { seed, init }: DrawOptions): Weights {
  const initializer = getInitializer(init);
  const weights = new Map<string, Tensor>();
  for (const layer of model.layers) {
    const layerShapes = shapes.get(layer.name) ?? [];
    for (const weight of layerShapes) {
      const key = `${layer.name}/${weight.name}`;
      const data = drawn(initializer, { layer, weight, fanIn: fanInOf(layerShapes) }, seedrandomStream(seed, key));
      weights.set(key, tensor(weight.shape, Float32Array.from(data)));
    }
  }
  return weights;
}

/** Draws a weight with an initializer, unless it has a constant initial value. */
export function drawn(initializer: Initializer, target: Target, stream: RandomStream): Float64Array {
  const { fill, shape } = target.weight;
  return fill === undefined ? initializer.draw(target, stream) : filled(shape, fill);
}

/** Standard normal input [N, T, D], or token numbers 0 … tokens − 1 [N, T], from the stream 'x' of the seed. */
export function drawInput(shape: readonly number[], { seed, tokens }: { seed: string; tokens?: number }): Tensor {
  return inputFrom(seedrandomStream(seed, 'x'), { shape, tokens: tokens ?? null });
}

/** What an input must look like. */
export interface InputWish {
  /** [N, T, D], or [N, T] for tokens */
  readonly shape: readonly number[];
  /** token numbers 0 … tokens − 1 instead of normals */
  readonly tokens: number | null;
}

/** Draws an input with one call of the stream's array function. Tokens are float32 if that is exact for all of them. */
export function inputFrom(stream: ArrayStream, { shape, tokens }: InputWish): Tensor {
  const size = sizeOf(shape);
  if (tokens === null) return tensor(shape, stream.normals(size));
  const numbers = stream.integers(tokens, size);
  return tensor(shape, tokens > 0x1000000 ? numbers : Float32Array.from(numbers));
}

/** Fan-in of the layer's input kernel (the same for both directions); 0 if it has none. */
export function fanInOf(shapes: readonly WeightShape[]): number {
  const kernel = shapes.find(weight => weight.role === 'kernel');
  return kernel ? sizeOf(kernel.shape.slice(0, -1)) : 0;
}
