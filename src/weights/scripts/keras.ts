import type { WeightShape } from '../../cells/cell.js';
import { getCell, isCellName, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import { integerSeed } from '../../random/integerSeed.js';
import { numpy, numpyStream } from '../../random/numpy.js';
import { philoxStream } from '../../random/philox.js';
import { type PythonStream, pythonStream } from '../../random/python.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { inputFrom } from '../init.js';
import { each, fans, filled } from '../initializers/initializer.js';
import { kerasBias } from '../initializers/keras.js';
import { orthogonalFrom } from '../initializers/orthogonal.js';
import type { Script } from './script.js';

/**
 * Keras 3 on TensorFlow. `set_random_seed` seeds Python's random, from which every initialiser takes its seed when its layer is
 * constructed, and np.random, from which X is drawn; so X and the weights are independent. The kernels themselves come from
 * TensorFlow's stateless stream of the initialiser's seed.
 */
export const keras: Script = {
  name: 'keras',
  promise: 'keras-philox/v1',
  inputPromise: numpy.promise,
  init: 'keras',
  lines: ['keras.utils.set_random_seed(seed)', 'X = np.random.randn(N, T, D)', 'keras.Sequential([…the layers in order…])'],
  draw(model, shapes, { seed, input }) {
    const number = checkedSeed(seed);
    const random = pythonStream(BigInt(number));
    const weights = new Map<string, Tensor>();
    for (const layer of model.layers) {
      for (const [name, value] of construct(layer, shapes.get(layer.name) ?? [], random)) weights.set(`${layer.name}/${name}`, value);
    }
    return { weights, x: input && inputFrom(numpyStream(number), input) };
  },
  drawInput: (seed, wish) => inputFrom(numpyStream(checkedSeed(seed)), wish),
};

/** Checks the seed. np.random accepts the smallest range of seeds. */
function checkedSeed(seed: string): number {
  return Number(integerSeed(seed, 'keras.utils.set_random_seed', 0n, 0xffffffffn));
}

/** Makes the draws of a layer's constructor and returns its weights. */
function construct(layer: LayerSpec, shapes: readonly WeightShape[], random: PythonStream): [string, Tensor][] {
  const draw = () => random.randint(1, 1000000000);
  if (isRecurrent(layer)) {
    if (layer.bidirectional === null) return cell(layer, shapes, draw);
    // the layer inside Bidirectional(…) is constructed, then copied twice; only the copies are built
    for (let i = 0; i < 3; i++) draw();
    return ['forward/', 'backward/'].flatMap(direction =>
      cell(
        layer,
        shapes.filter(weight => weight.name.startsWith(direction)),
        draw,
      ),
    );
  }
  // Dropout and noise layers have a generator, except dropout with rate 0
  if (layer.kind === 'dropout' && (layer.rate > 0 || layer.kerasClass === 'GaussianNoise')) draw();
  checkDrawn(layer, shapes);
  return shapes.map(weight => [weight.name, tensor(weight.shape, plainWeight(weight, layer, draw))]);
}

/** Layers whose constructors draw one seed for each kernel, in the order of the weights. */
const DRAWN =
  /^(dense|embedding|batchnorm|layernorm|rmsnorm|groupnorm|prelu|conv[123]d|convtranspose[123]d|(depthwise|separable)[12]d|dropout)$/;

/** @throws RnnError E_RNG_LAYER if the constructor's draws are not known, which would also make all later layers wrong */
function checkDrawn({ name, kind, ...layer }: LayerSpec, shapes: readonly WeightShape[]): void {
  const draws = shapes.some(({ role, fill }) => fill === undefined && role !== 'bias');
  const isRandom = kind === 'dropout' && /^(Random|Rand|AugMix|CutMix|MixUp)/.test((layer as { kerasClass: string }).kerasClass);
  const holdsRandom = kind === 'timedistributed' && (layer as unknown as { layer: { kind: string } }).layer.kind === 'dropout';
  if (!isRandom && !holdsRandom && (!draws || DRAWN.test(kind))) return;
  throw new RnnError('unsupported', 'E_RNG_LAYER', `--rng keras does not support ${kind}`, {
    where: name,
    expected: 'recurrent and dense layers, embeddings, convolutions, normalisations',
    found: kind,
    fix: 'save the model with its weights, or use --rng seedrandom',
  });
}

/** One direction: the cell's dropout generator takes a seed too, before the kernels (SimpleRNN) or after them (LSTM, GRU). */
function cell(layer: LayerSpec, shapes: readonly WeightShape[], draw: () => number): [string, Tensor][] {
  if (isCellName(layer.kind)) rowOf(getCell(layer.kind), 'keras');
  if (layer.kind === 'rnn') draw();
  const kernelSeed = draw();
  const recurrentSeed = draw();
  if (layer.kind !== 'rnn') draw();
  return shapes.map(weight => [weight.name, tensor(weight.shape, cellWeight(weight, layer, kernelSeed, recurrentSeed))]);
}

function cellWeight(weight: WeightShape, layer: LayerSpec, kernelSeed: number, recurrentSeed: number): Float32Array {
  if (weight.role === 'kernel') return glorotUniform(weight.shape, kernelSeed);
  if (weight.role === 'recurrentKernel') return orthogonal(weight.shape, recurrentSeed);
  if (weight.role === 'bias') return Float32Array.from(kerasBias(weight, layer));
  throw new RnnError('unsupported', 'E_RNG_LAYER', `Keras has no ${weight.role} in an LSTM, so none can be drawn from a seed`, {
    where: layer.name,
    expected: 'layers that Keras has',
    found: weight.role,
    fix: 'use --rng seedrandom, or --rng torch for a projection',
  });
}

function plainWeight(weight: WeightShape, layer: LayerSpec, draw: () => number): Float32Array {
  if (weight.fill !== undefined) return Float32Array.from(filled(weight.shape, weight.fill));
  if (weight.role === 'bias') return Float32Array.from(kerasBias(weight, layer));
  return weight.role === 'embeddings' ? uniform(weight.shape, -0.05, 0.05, draw()) : glorotUniform(weight.shape, draw());
}

/** VarianceScaling(scale=1, mode='fan_avg', distribution='uniform') */
function glorotUniform(shape: readonly number[], seed: number): Float32Array {
  const { fanIn, fanOut } = fans(shape);
  const limit = Math.sqrt(3 * (1 / Math.max(1, (fanIn + fanOut) / 2)));
  return uniform(shape, -limit, limit, seed);
}

/** tf.random.stateless_uniform: product and sum are rounded separately */
function uniform(shape: readonly number[], low: number, high: number, seed: number): Float32Array {
  const f = Math.fround;
  const stream = philoxStream(seed);
  const width = f(f(high) - f(low));
  return Float32Array.from(each(shape, () => f(stream.uniform() * width) + f(low)));
}

/** TensorFlow computes the QR in float32, we in float64: the results agree to about 4e-7. */
function orthogonal(shape: readonly number[], seed: number): Float32Array {
  const stream = philoxStream(seed);
  return Float32Array.from(orthogonalFrom(shape, () => stream.normal()));
}
