import type { EngineInput, EngineOutput, Rounding } from '../../engines/engine.js';
import { samplesApart } from '../../model/samples.js';
import { concatFirst, sliceFirst } from '../../tensor/layout.js';
import type { Precision, Tensor } from '../../tensor/tensor.js';
import { outputOf } from '../forward.js';
import { productsIn } from '../memory.js';
import type { Prepared } from '../prepare.js';
import { floorOf } from './floor.js';

/**
 * How far rounding alone moves each value of y: the network is run several times by the same float32 code with other roundings (engines/batched/jitter.ts), and what
 * the results differ by is the noise. A mistake in that code is in all runs and is no noise. Where a value seems to be off, more runs are made, by the code that float32
 * and float64 share: with other roundings of every σ and tanh, too, and in both precisions, for errors that always go in one direction (a thousand equal terms).
 */
export interface Noise {
  /** root mean square by which each value moved; Infinity where it was sometimes finite and sometimes not */
  readonly moved: Float64Array;
  /** a few units in the last place of what is added up for each value */
  readonly floor: Float64Array;
  /** y in float64 where it was computed, NaN elsewhere: by code that shares nothing with the fused float32 paths */
  readonly exact: Float64Array;
  /** samples of y; 0: they cannot be run apart */
  readonly samples: number;
  /** Measures these samples more closely. @param samples at most `atOnce` of them */
  refine(samples: readonly number[]): Promise<void>;
  /** samples that are measured more closely in one go */
  readonly atOnce: number;
}

const FIRST_RUNS = 4;
const CLOSE_RUNS = 16;
/** Multiply-adds for measuring closely in one go: the shared code does some 10^8 a second. */
const CLOSE_WORK = 2e7;

export interface NoiseOptions {
  readonly threads: number | undefined;
  readonly dtype: Precision;
  /** the batched engine's output in that precision, where it was computed already */
  readonly known?: EngineOutput;
}

export async function measureNoise(prepared: Prepared, { threads, dtype, known }: NoiseOptions): Promise<Noise> {
  const run = (part: Prepared, rounding?: Rounding, precision = dtype) =>
    outputOf(part, { engine: 'batched', dtype: precision, threads, rounding }, undefined);
  const base = known ?? (await run(prepared));
  const { data, shape } = base.y;
  const samples = canBeSplit(prepared, base.y) ? shape[0] : 0;
  const size = data.length / Math.max(1, samples);
  const moved = new Float64Array(data.length);
  const known64 = new Float64Array(data.length).fill(Number.NaN);
  for (let seed = 0; seed < FIRST_RUNS; seed++) addSquares(moved, 0, data, (await run(prepared, { jitter: seed })).y.data);
  for (let k = 0; k < moved.length; k++) moved[k] = Math.sqrt(moved[k] / FIRST_RUNS);
  return {
    moved,
    exact: known64,
    floor: floorOf(prepared, base, dtype === 'f32' ? 2 ** -23 : 2 ** -52),
    samples,
    atOnce: Math.max(1, Math.floor((CLOSE_WORK * Math.max(1, samples)) / Math.max(1, productsIn(prepared)))),
    async refine(chosen) {
      const part = samples === 0 ? prepared : { ...prepared, input: samplesIn(prepared.input, chosen) };
      const single = (await run(part, { general: true })).y.data;
      const close = new Float64Array(single.length);
      for (let seed = 0; seed < CLOSE_RUNS; seed++) addSquares(close, 0, single, (await run(part, { general: true, jitter: seed })).y.data);
      // float64 has no finer code to be compared with
      const exact = dtype === 'f64' ? single : (await run(part, { general: true }, 'f64')).y.data;
      (samples === 0 ? [0] : chosen).forEach((n, i) => {
        for (let k = i * size, to = n * size; k < (i + 1) * size; k++, to++) {
          moved[to] = Math.max(moved[to], Math.sqrt(close[k] / CLOSE_RUNS), between(single[k], exact[k]));
          known64[to] = exact[k];
        }
      });
    },
  };
}

/** Every sample is computed for itself: not in a graph, nor where states pass from call to call. */
function canBeSplit({ graphInputs, network, input }: Prepared, y: Tensor): boolean {
  return !graphInputs && samplesApart(network.model, network.shapes) && y.shape.length > 0 && y.shape[0] === input.x.shape[0];
}

/** x, mask and states of these samples. x [N, T, …], mask [N·T], states [N, M] */
function samplesIn({ x, others, mask, initialStates }: EngineInput, chosen: readonly number[]): EngineInput {
  const T = x.shape[1];
  const pick = (t: Tensor) => concatFirst(chosen.map(n => sliceFirst(t, n, n + 1)));
  const masks = mask && Uint8Array.from(chosen.flatMap(n => [...mask.subarray(n * T, (n + 1) * T)]));
  return {
    x: pick(x),
    others: others && new Map([...others].map(([name, t]) => [name, pick(t)])),
    mask: masks,
    initialStates: initialStates && new Map([...initialStates].map(([name, s]) => [name, s.map(pick)])),
  };
}

/** squares[from + k] += (a − b)² */
function addSquares(squares: Float64Array, from: number, a: ArrayLike<number>, b: ArrayLike<number>): void {
  for (let k = 0; k < a.length; k++) {
    const d = between(a[k], b[k]);
    squares[from + k] += d * d;
  }
}

/** Distance; 0 for equal infinities and for NaN twice, Infinity where only one is finite. */
function between(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const d = Math.abs(a - b);
  return Number.isNaN(d) ? Infinity : d;
}
