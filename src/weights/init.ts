import type { WeightShape } from '../cells/cell.js';
import type { ModelSpec } from '../model/spec.js';
import { seedrandomStream } from '../random/seedrandom.js';
import { allocate, sizeOf, type Tensor, tensor } from '../tensor/tensor.js';
import { getInitializer } from './initializers/index.js';
import type { Weights } from './weights.js';

export interface DrawOptions {
  readonly seed: string;
  /** name of an initializer: 'keras', 'torch', 'glorot_uniform' … */
  readonly init: string;
  readonly rng: 'seedrandom';
}

/** weights of each layer, by its name */
export type LayerShapes = ReadonlyMap<string, readonly WeightShape[]>;

/**
 * Draws every weight of the model, float32, keys `layer/name`. Each has a stream of its own, named after it, so that a weight keeps its
 * values whatever else is in the model.
 * @throws RnnError E_UNKNOWN_INITIALIZER
 */
export function drawWeights(model: ModelSpec, shapes: LayerShapes, { seed, init }: DrawOptions): Weights {
  const initializer = getInitializer(init);
  const weights = new Map<string, Tensor>();
  for (const layer of model.layers) {
    const layerShapes = shapes.get(layer.name) ?? [];
    for (const weight of layerShapes) {
      const key = `${layer.name}/${weight.name}`;
      const data = initializer.draw({ layer, weight, fanIn: fanInOf(layerShapes) }, seedrandomStream(seed, key));
      weights.set(key, tensor(weight.shape, data));
    }
  }
  return weights;
}

/** Standard normal input [N, T, D], or token numbers 0 … tokens − 1 [N, T], from the stream 'x' of the seed. */
export function drawInput(shape: readonly number[], { seed, tokens }: { seed: string; tokens?: number }): Tensor {
  const stream = seedrandomStream(seed, 'x');
  const next = tokens === undefined ? () => stream.normal() : () => Math.floor(stream.uniform() * tokens);
  // float32 counts to 2^24 without gaps
  const data = allocate(sizeOf(shape), tokens !== undefined && tokens > 0x1000000 ? 'f64' : 'f32');
  for (let i = 0; i < data.length; i++) data[i] = next();
  return tensor(shape, data);
}

/** Rows of the layer's input kernel (forward and backward have the same), 0 where it has none. */
function fanInOf(shapes: readonly WeightShape[]): number {
  return shapes.find(weight => weight.role === 'kernel')?.shape[0] ?? 0;
}
