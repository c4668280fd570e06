import { checkSpec } from '../../src/model/check.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { inferShapes, type ModelShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import type { Weights } from '../../src/weights/weights.js';

/** Random networks with random weights, the same every run: sizes, cells, directions, merges, activations, heads. */
export interface RandomNetwork {
  readonly model: ModelSpec;
  readonly shapes: ModelShapes;
  readonly weights: Weights;
  readonly x: Tensor;
}

/** mulberry32: a test's own stream, none of ours. */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ANY_FUNCTION = ['tanh', 'relu', 'sigmoid', 'softsign', 'elu', 'hard_sigmoid', 'linear', 'softplus'];
const HEADS = ['linear', 'relu', 'softmax', 'sigmoid', 'silu', 'exponential', 'hard_sigmoid', 'tanh'];

export function randomNetwork(seed: number, framework: FrameworkName): RandomNetwork {
  const next = randomStream(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)];
  const size = (most: number) => 1 + Math.floor(next() * most);
  const torch = framework === 'torch';
  const sequenceOut = next() < 0.4;
  const depth = size(3);
  // PyTorch's layers are those of one module: all alike
  const alike = torch ? torchLayer(pick, next, size) : undefined;
  const recurrent = Array.from({ length: depth }, (_, i) => ({
    ...(alike ?? recurrentLayer(pick, next, size, framework)),
    returnSequences: i < depth - 1 || sequenceOut,
  }));
  const pool = sequenceOut && next() < 0.5 ? [{ kind: pick(['maxpool', 'avgpool', 'last']) }] : [];
  const dense = next() < 0.8 ? [{ kind: 'dense', units: size(5), useBias: next() < 0.8, activation: torch ? 'linear' : pick(HEADS) }] : [];
  const [D, T, N] = [size(6), size(7), size(4)];
  const model = checkSpec({ input: { features: D, timesteps: T }, layers: [...recurrent, ...pool, ...dense] }, framework);
  const shapes = inferShapes(model);
  const weights = new Map<string, Tensor>();
  for (const [layer, all] of weightShapesByLayer(shapes)) {
    for (const w of all)
      weights.set(`${layer}/${w.name}`, { shape: w.shape, data: Float32Array.from({ length: sizeOf(w.shape) }, () => next() * 1.6 - 0.8) });
  }
  return { model, shapes, weights, x: { shape: [N, T, D], data: Float32Array.from({ length: N * T * D }, () => next() * 4 - 2) } };
}

type Pick = <T>(all: readonly T[]) => T;

/** What torch.nn's modules can be. */
function torchLayer(pick: Pick, next: () => number, size: (most: number) => number): Record<string, unknown> {
  const kind = pick(['rnn', 'lstm', 'gru']);
  const units = 1 + size(5);
  return {
    kind,
    units,
    bidirectional: next() < 0.4 ? 'concat' : null,
    useBias: next() < 0.65,
    ...(kind === 'rnn' ? { activation: 'tanh' } : {}),
    ...(kind === 'lstm' && next() < 0.4 ? { projection: size(units - 1) } : {}),
  };
}

function recurrentLayer(pick: Pick, next: () => number, size: (most: number) => number, framework: FrameworkName): Record<string, unknown> {
  const kind = pick(['rnn', 'lstm', 'gru']);
  return {
    kind,
    units: size(6),
    bidirectional: next() < 0.4 ? pick(['concat', 'sum', 'mul', 'ave']) : null,
    useBias: next() < 0.8,
    goBackwards: next() < 0.25,
    activation: next() < 0.5 ? 'tanh' : pick(ANY_FUNCTION),
    ...(kind === 'rnn' ? {} : { recurrentActivation: next() < 0.5 ? 'sigmoid' : pick(['sigmoid', 'hard_sigmoid']) }),
    ...(kind === 'gru' ? { resetAfter: next() < 0.5 } : {}),
    ...(framework === 'onnx' && kind === 'lstm' ? { peepholes: next() < 0.4, inputForget: next() < 0.3 } : {}),
    ...(framework === 'onnx' ? { clip: next() < 0.3 ? 0.5 : null } : {}),
  };
}
