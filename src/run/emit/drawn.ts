import { getScript } from '../../weights/scripts/index.js';
import type { Prepared } from '../prepare.js';
import type { EmitTarget } from './target.js';

/** A script that draws from the run's own seed, as its author would write it, instead of carrying every number. */
export interface DrawnSource {
  readonly seed: string;
  /** Python that seeds what the weights come from */
  readonly seeding: string;
  /** lines that make X; a stream that is not the script's own starts fresh in them */
  readonly x: readonly string[];
  /** NumPy's generator of the weights; null where a framework's layers draw them */
  readonly weights: NumpyStream | null;
  /** X is an array of NumPy's */
  readonly numpyInput: boolean;
  /** initialiser of the weights */
  readonly init: string;
}

/** One of Python's generators. */
export interface Stream {
  seeding(seed: string): string;
  /** standard normals; `shape` is the text of a tuple's inside: '4, 10, 3', '*shape,' */
  normal(shape: string): string;
  tokens(count: number, shape: string): string;
}

/** NumPy draws the weights of its scripts, too. */
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

/** The generator that X comes from under each value of --rng; seedrandom has no equivalent in Python. */
const INPUTS = new Map<string, Stream>(Object.entries({ keras: numpy, numpy, pcg64, torch }));

/** The values of --rng that are scripts in each language. */
const SCRIPTS: Readonly<Record<EmitTarget, readonly string[]>> = { keras: ['keras'], torch: ['torch'], numpy: ['numpy', 'pcg64'] };

/**
 * null where the numbers have to be written out: weights or X from a file, a slice of X, or a stream that the language does not have.
 */
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
  // one call of set_random_seed seeds np.random too
  const together = getScript(inputRng).inputPromise === getScript(rng).inputPromise;
  const embedding = network.model.layers.find(layer => layer.kind === 'embedding');
  const shape = input.x.shape.join(', ');
  const tokens = network.model.input.features === null && embedding?.kind === 'embedding';
  const x = tokens ? stream.tokens(embedding.tokens, shape) : stream.normal(shape);
  return {
    seed: number,
    seeding: target === 'keras' ? `keras.utils.set_random_seed(${number})` : INPUTS.get(rng)!.seeding(number),
    x: [...(together ? [] : [stream.seeding(number)]), `x = ${x}`],
    weights: rng === 'numpy' ? numpy : rng === 'pcg64' ? pcg64 : null,
    numpyInput: stream !== torch,
    init,
  };
}

/** The parts of the request that decide which generator X comes from, and whether it is all of X. */
export interface Asked {
  readonly inputRng?: string;
  readonly rows?: unknown;
}

export function drawnHeader(title: string, { seed }: DrawnSource): string {
  return `# ${title}\n# weights and input are drawn from seed ${seed}, in the order in which the run that printed this drew them\n`;
}
