import type { ModelSpec } from '../../model/spec.js';
import { numpy as legacy } from '../../random/numpy.js';
import { pcg64 as generator } from '../../random/pcg64.js';
import type { ArrayStream, RandomStream, StreamKind } from '../../random/random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { drawn, fanInOf, inputFrom } from '../init.js';
import { getInitializer } from '../initializers/index.js';
import type { WeightShapes, Weights } from '../weights.js';
import type { Script } from './script.js';

/**
 * A script in plain NumPy: seed, then X, then the weights layer by layer in the order of `shapes` (kernel, recurrent kernel, bias,
 * projection; forward before backward), each filled row by row. Zeros and ones take no draws. An orthogonal kernel is the Q of a normal matrix
 * [max, min]. The numbers are doubles, as in NumPy.
 */
export const numpy = scriptOf('numpy', legacy, [
  'np.random.seed(seed)',
  'X = np.random.randn(N, T, D)',
  'Wx = np.random.uniform(-limit, limit, (D, M))   # limit = np.sqrt(6 / (D + M))',
  'Q, R = np.linalg.qr(np.random.randn(M, M)); Wh = Q * np.sign(np.diag(R))',
  'bh = np.zeros(M)',
]);

export const pcg64 = scriptOf('pcg64', generator, [
  'rng = np.random.default_rng(seed)',
  'X = rng.standard_normal((N, T, D))',
  'Wx = rng.uniform(-limit, limit, (D, M))   # limit = np.sqrt(6 / (D + M))',
  'Q, R = np.linalg.qr(rng.standard_normal((M, M))); Wh = Q * np.sign(np.diag(R))',
  'bh = np.zeros(M)',
]);

function scriptOf(name: string, kind: StreamKind<ArrayStream>, lines: readonly string[]): Script {
  return {
    name,
    promise: kind.promise,
    inputPromise: kind.promise,
    init: null,
    lines,
    draw(model, shapes, { seed, init, input }) {
      const stream = kind.open(seed);
      const x = input && inputFrom(stream, input);
      return { weights: inOrder(model, shapes, init, stream), x };
    },
    drawInput: (seed, wish) => inputFrom(kind.open(seed), wish),
  };
}

/** Draws every weight from the single stream, in float64. */
function inOrder(model: ModelSpec, shapes: WeightShapes, init: string, stream: RandomStream): Weights {
  const initializer = getInitializer(init);
  const weights = new Map<string, Tensor>();
  for (const layer of model.layers) {
    const own = shapes.get(layer.name) ?? [];
    for (const weight of own) {
      const data = drawn(initializer, { layer, weight, fanIn: fanInOf(own) }, stream);
      weights.set(`${layer.name}/${weight.name}`, tensor(weight.shape, data));
    }
  }
  return weights;
}
