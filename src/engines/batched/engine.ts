import type { Kernels, RecurrenceArgs } from '../../layers/layer.js';
import { allocate, type Precision, precisionOf, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { Engine, EngineOptions } from '../engine.js';
import { walk } from '../walk.js';
import { jittered } from './jitter.js';
import { type Kernel, loadedKernel, loadKernel } from './kernel.js';
import type { Pool } from './pool.js';
import { productWith } from './product.js';
import { generalRecurrence, recurrence } from './recurrence.js';

/**
 * All samples at once, in float32 unless float64 is requested. It has the equations of `manual` but other products: on the WASM kernel if it
 * is available and there is enough work, else in plain TypeScript, with the same bits.
 */
export const batched: Engine = {
  name: 'batched',
  defaultDtype: 'f32',
  run: async (model, weights, input, options) => {
    const steps = input.x.shape[0] * (input.x.shape[1] ?? 1);
    const { kernels, ...label } = await kernelsFor(steps * countOf(weights), options);
    const output = walk(model, weights, input, options, kernels);
    return { ...output, ...label, warnings: [...output.warnings, ...label.warnings] };
  },
  runGraph: async ({ model }, inputs, options) => {
    const { evaluateGraph } = await import('../graph/evaluate.js');
    const { kernels } = await kernelsFor(WORTH_COMPILING, options);
    return evaluateGraph(model, inputs, kernels);
  },
};

/**
 * Multiply-adds from which compiling the kernel (a millisecond) pays off: in a new process, with nothing compiled yet, plain TypeScript takes
 * 7 ms for 4·10^4 and 16 ms for 2.5·10^5. This limit and the next apply to the sum over all calls, since a stream makes many.
 */
const WORTH_COMPILING = 4e4;
/** Multiply-adds from which starting threads (some 50 ms each) pays off; the kernel does about 2·10^10 a second. */
const WORTH_STARTING = 2e9;
/** More threads than this would only wait for memory. */
const MOST_THREADS = 64;
/** Multiply-adds from which handing blocks to running threads pays off. */
const WORTH_SHARING = 2e6;

let multiplied = 0;

/** Threads, provided by the environment that the engine runs in. */
export interface Threads {
  /** how many can work at the same time */
  available(): number;
  poolOf(kernel: Kernel, threads: number): Promise<Pool>;
}

let provided: Threads | undefined;

/** Provides threads; without this call one thread computes everything. */
export function useThreads(threads: Threads): void {
  provided = threads;
}

interface Chosen {
  readonly kernels: Kernels;
  readonly fast?: boolean;
  readonly warnings: readonly string[];
}

async function kernelsFor(multiplyAdds: number, options: EngineOptions): Promise<Chosen> {
  multiplied += multiplyAdds;
  const kernel = await kernelFor(options);
  const pool = kernel && (await poolFor(kernel, multiplyAdds, options));
  return {
    kernels: rounded(batchedKernels(options.dtype, kernel, pool), kernel, options),
    ...(kernel?.fast ? { fast: true } : {}),
    warnings: options.fast && !kernel?.fast ? [notFast(options)] : [],
  };
}

function rounded(kernels: Kernels, kernel: Kernel | undefined, { rounding }: EngineOptions): Kernels {
  if (!rounding) return kernels;
  const shared = rounding.general ? { ...kernels, recurrence: (args: RecurrenceArgs) => generalRecurrence(args, kernel) } : kernels;
  return rounding.jitter === undefined ? shared : jittered(shared, rounding.jitter);
}

/**
 * Returns the kernel to use; undefined: plain TypeScript. With --fast, and if the processor has fused multiply-add, even small products use
 * it, so that parts of an input have the same bits as the whole. Gates can only be traced in plain TypeScript.
 */
async function kernelFor({ dtype, fast, trace }: EngineOptions): Promise<Kernel | undefined> {
  const fused = fast && !trace && dtype === 'f32' ? await loadKernel(true) : undefined;
  return fused ?? loadedKernel(false) ?? (multiplied >= WORTH_COMPILING ? loadKernel(false) : undefined);
}

function notFast({ dtype, trace }: EngineOptions): string {
  const reason =
    dtype !== 'f32' ? 'it is for float32' : trace ? 'gates and states of every step are kept' : 'WebAssembly has no relaxed SIMD here';
  return `--fast has no effect: ${reason}`;
}

async function poolFor(kernel: Kernel, multiplyAdds: number, { threads }: EngineOptions): Promise<Pool | undefined> {
  if (!provided || threads === 1 || multiplyAdds < WORTH_SHARING || multiplied < WORTH_STARTING) return undefined;
  const wanted = Math.min(MOST_THREADS, threads ?? provided.available());
  return wanted === 1 ? undefined : provided.poolOf(kernel, wanted);
}

function countOf(weights: Weights): number {
  let count = 0;
  for (const w of weights.values()) count += sizeOf(w.shape);
  return count;
}

/** The products and recurrences of this engine: on the kernel if there is one. */
export function batchedKernels(precision: Precision, kernel?: Kernel, pool?: Pool): Kernels {
  return {
    precision,
    allocate: length => allocate(length, precision),
    affine: (x, w, bias) => affine(x, w, bias, kernel),
    product(w, bias) {
      kernel?.reset();
      return productWith(w, bias?.data, kernel);
    },
    recurrence: args => recurrence(args, kernel, pool),
  };
}

/** x [..., D] · w [D, K] + bias [K] */
function affine(x: Tensor, w: Tensor, bias: Tensor | undefined, kernel: Kernel | undefined): Tensor {
  const [D, K] = w.shape;
  const rows = x.data.length / D;
  const data = allocate(rows * K, precisionOf(x));
  kernel?.reset();
  productWith(w, bias?.data, kernel)({ data, start: 0, stride: K }, { data: x.data, start: 0, stride: D }, rows);
  return { shape: [...x.shape.slice(0, -1), K], data };
}
