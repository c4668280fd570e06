import { loadedKernel } from '../../src/engines/batched/kernel.js';
import { getEngine } from '../../src/engines/index.js';
import { RnnError } from '../../src/errors.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { largestDifference, largestMagnitude } from '../../src/tensor/difference.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { randomNetwork } from './randomNetworks.js';

/** One random network on every engine; ONNX Runtime shares neither code nor arithmetic with the other two. */
export interface Differences {
  readonly seed: number;
  readonly framework: FrameworkName;
  /** layer kinds, for people */
  readonly what: string;
  /** largest difference over the largest value of y, at least 1: of batched and of ONNX Runtime, float32, to manual, float64 */
  readonly batched: number;
  /** undefined: ONNX has no such operator, or gives the layer no such function */
  readonly onnxruntime?: number;
  readonly kernel: 'WASM' | 'TypeScript';
}

const FRAMEWORKS: readonly FrameworkName[] = ['onnx', 'keras', 'torch'];

/** ONNX Runtime can be loaded here. */
export async function hasOnnxruntime(): Promise<boolean> {
  const { isInstalled } = await import('../../src/engines/onnxruntime.js');
  return isInstalled();
}

export async function differences(seed: number, withOnnxruntime = true): Promise<Differences> {
  const framework = FRAMEWORKS[seed % FRAMEWORKS.length];
  const { model, weights, x } = randomNetwork(seed, framework);
  const run = async (engine: string, dtype: 'f32' | 'f64') =>
    (await getEngine(engine).run(model, weights, { x }, { dtype, threads: 1, trace: false })).y;
  const right = await run('manual', 'f64');
  const refused = (error: unknown) => {
    if (error instanceof RnnError && error.kind === 'unsupported') return undefined;
    throw error;
  };
  const ort = withOnnxruntime ? await run('onnxruntime', 'f32').catch(refused) : undefined;
  return {
    seed,
    framework,
    what: model.layers.map(l => l.kind).join(),
    batched: apart(right, await run('batched', 'f32')),
    onnxruntime: ort && apart(right, ort),
    kernel: loadedKernel(false) ? 'WASM' : 'TypeScript',
  };
}

function apart(right: Tensor, other: Tensor): number {
  if (right.shape.join() !== other.shape.join()) return Number.POSITIVE_INFINITY;
  return largestDifference(right.data, other.data).abs / Math.max(1, largestMagnitude(right.data));
}
