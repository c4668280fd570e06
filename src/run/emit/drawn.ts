import type { EmbeddingSpec } from '../../layers/embedding.js';
import type { LayerSpec } from '../../model/spec.js';
import { getScript } from '../../weights/scripts/index.js';
import type { Prepared } from '../prepare.js';
import type { EmitTarget } from './target.js';

/** A script that draws weights and X from the run's seed, as its author would write it, instead of containing the numbers. */
export interface DrawnSource {
  readonly seed: string;
  /** Python that seeds the generator of the weights */
  readonly seeding: string;
  /** lines that make X; they seed its generator if that is not the one of the weights */
  readonly x: readonly string[];
  /** NumPy's generator for the weights; null if the framework's layers draw them */
  readonly weights: NumpyStream | null;
  /** whether X is a NumPy array */
  readonly numpyInput: boolean;
  /** initialiser of the weights */
  readonly init: string;
}

/** One of Python's random generators. */
export interface Stream {
  seeding(seed: string): string;
  /** Standard normals; `shape` is the inside of a Python tuple: '4, 10, 3', '*shape,'. */
  normal(shape: string): string;
  tokens(count: number, shape: string): string;
}

/** A generator from which NumPy scripts also draw weights. */
export interface NumpyStream extends Stream {
  readonly uniform: string;
}

const numpy: NumpyStream = {
  seeding: seed => `np.random.seed(${seed})`,
  normal: shape => `np.random.randn(${shape})`,
  tokens: (count, shape) => `np.random.randint(0, ${count}, (${shape}))`,
  uniform: 'np.random.uniform',
};

const pcg64: NumpyStream = {
  seeding: seed => `rng = np.random.default_rng(${seed})`,
  normal: shape => `rng.standard_normal((${shape}))`,
  tokens: (count, shape) => `rng.integers(0, ${count}, (${shape}))`,
  uniform: 'rng.uniform',
};

const torch: Stream = {
  seeding: seed => `torch.manual_seed(${seed})`,
  normal: shape => `torch.randn(${shape})`,
  tokens: (count, shape) => `torch.randint(0, ${count}, (${shape}))`,
};

/** The generator of X for each value of --rng; seedrandom has no equivalent in Python. */
const INPUTS = new Map<string, Stream>(Object.entries({ keras: numpy, numpy, pcg64, torch }));

/** The values of --rng that each language can reproduce. */
const SCRIPTS: Readonly<Record<EmitTarget, readonly string[]>> = { keras: ['keras'], torch: ['torch'], numpy: ['numpy', 'pcg64'] };

/** Returns null if the numbers have to be written out: weights or X from a file, a slice of X, or a generator that the language lacks. */
export function drawnSource(
  { network, promises, rng, init, seed, input }: Prepared,
  target: EmitTarget,
  { inputRng = rng, rows }: Asked,
): DrawnSource | null {
  if (promises.weights === null || promises.input === null || init === null || rows !== undefined) return null;
  const stream = INPUTS.get(inputRng);
  const frameworks = target === 'torch' || stream !== torch;
  if (!SCRIPTS[target].includes(rng) || stream === undefined || !frameworks) return null;
  const number = String(BigInt(seed.trim()));
  // a single call of set_random_seed also seeds np.random
  const together = getScript(inputRng).inputPromise === getScript(rng).inputPromise;
  const isEmbedding = (layer: LayerSpec): layer is EmbeddingSpec => layer.kind === 'embedding';
  const embedding = network.model.input.features === null ? network.model.layers.find(isEmbedding) : undefined;
  const shape = input.x.shape.join(', ');
  const x = embedding ? stream.tokens(embedding.tokens, shape) : stream.normal(shape);
  return {
    seed: number,
    seeding: target === 'keras' ? `keras.utils.set_random_seed(${number})` : INPUTS.get(rng)!.seeding(number),
    x: [...(together ? [] : [stream.seeding(number)]), `x = ${x}`],
    weights: rng === 'numpy' ? numpy : rng === 'pcg64' ? pcg64 : null,
    numpyInput: stream !== torch,
    init,
  };
}

/** The keys of the request that decide which generator X comes from, and whether all of X is used. */
export interface Asked {
  readonly inputRng?: string;
  readonly rows?: unknown;
}

export function drawnHeader(title: string, { seed }: DrawnSource): string {
  return `# ${title}\n# weights and input are drawn from seed ${seed}, in the order in which the run that printed this drew them\n`;
}
