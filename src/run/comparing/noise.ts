import type { EngineInput, EngineOutput, Rounding } from '../../engines/engine.js';
import { activated } from '../../layers/activation.js';
import type { DenseSpec } from '../../layers/dense.js';
import { samplesAreIndependent } from '../../model/samples.js';
import { distance, scaleOf } from '../../tensor/difference.js';
import { concatFirst, sliceFirst } from '../../tensor/layout.js';
import { doublesOf, type FloatArray, type Precision, sameShape, type Tensor } from '../../tensor/tensor.js';
import { outputOf } from '../forward.js';
import { productsIn } from '../memory.js';
import type { Prepared } from '../prepare.js';
import { addSquares, movedInLastSteps } from './lastSteps.js';

/**
 * How far rounding alone moves each value of y. The network is run several times by the same float32 code with changed rounding
 * (engines/batched/jitter.ts); the noise is how much the results vary. A mistake in that code affects all runs, so it is not noise. If a
 * value seems to differ, more runs are made, first with the same code, then with the code that float32 and float64 share: there every σ and
 * tanh is rounded differently too, and both precisions are run, to catch errors that always go in the same direction (a thousand equal
 * terms).
 */
export interface Noise {
  /** root mean square change of each value; Infinity if it was finite in some runs only */
  readonly moved: Float64Array;
  /** a few units in the last place of the terms summed for each value */
  readonly floor: Float64Array;
  /** y in float64 where it was computed, NaN elsewhere; computed by code that shares nothing with the fused float32 paths */
  readonly exact: Float64Array;
  /** number of samples of y; 0: they cannot be run separately */
  readonly samples: number;
  /** Runs these samples a few more times: among thousands of values, some have moved little by chance. */
  repeat(samples: readonly number[]): Promise<void>;
  /**
   * Measures these samples more precisely.
   * @param samples at most `atOnce` of them
   * @param certain whether they differ whatever the result: expensive runs are then made fewer
   */
  refine(samples: readonly number[], certain?: boolean): Promise<void>;
  /** how many samples can be measured more precisely at once */
  readonly atOnce: number;
}

const FIRST_RUNS = 4;
const CLOSE_RUNS = 16;
/** Multiply-adds of one such run: the shared code does about 10^8 per second. */
const CLOSE_WORK = 2e7;
/** Multiply-adds of all runs if the answer is certain, and the fewest runs. */
const CERTAIN_WORK = 3e7;
const FEWEST_RUNS = 2;

export interface NoiseOptions {
  readonly threads: number | undefined;
  readonly dtype: Precision;
  /** the batched engine's output in that precision, if already computed */
  readonly known?: EngineOutput;
}

/** Measures how far rounding alone moves each value of y, with runs of the batched engine that round differently. */
export async function measureNoise(prepared: Prepared, { threads, dtype, known }: NoiseOptions): Promise<Noise> {
  const run = (part: Prepared, rounding?: Rounding, precision = dtype) =>
    outputOf(part, { engine: 'batched', dtype: precision, threads, rounding }, undefined);
  const base = known ?? (await run(prepared));
  const { data, shape } = base.y;
  const samples = canBeSplit(prepared, base.y) ? shape[0] : 0;
  const size = data.length / Math.max(1, samples);
  const moved = await firstMoved(prepared, data, run);
  const known64 = new Float64Array(data.length).fill(Number.NaN);
  return {
    moved,
    exact: known64,
    floor: floorOf(prepared, base, dtype === 'f32' ? 2 ** -23 : 2 ** -52),
    samples,
    atOnce: Math.max(1, Math.floor((CLOSE_WORK * Math.max(1, samples)) / Math.max(1, productsIn(prepared)))),
    async repeat(chosen) {
      const part = { ...prepared, input: samplesIn(prepared.input, chosen) };
      const right = concatFirst(chosen.map(n => sliceFirst(base.y, n, n + 1))).data;
      const more = new Float64Array(right.length);
      for (let seed = FIRST_RUNS; seed < 2 * FIRST_RUNS; seed++) addSquares(more, right, (await run(part, { jitter: seed })).y.data);
      chosen.forEach((n, i) => {
        for (let k = i * size, to = n * size; k < (i + 1) * size; k++, to++)
          moved[to] = Math.max(moved[to], Math.sqrt((moved[to] ** 2 + more[k] / FIRST_RUNS) / 2));
      });
    },
    async refine(chosen, certain = false) {
      const part = samples === 0 ? prepared : { ...prepared, input: samplesIn(prepared.input, chosen) };
      const few = Math.max(FEWEST_RUNS, Math.floor(CERTAIN_WORK / productsIn(part)));
      const runs = certain ? Math.min(CLOSE_RUNS, few) : CLOSE_RUNS;
      const single = (await run(part, { general: true })).y.data;
      const close = new Float64Array(single.length);
      for (let seed = 0; seed < runs; seed++) addSquares(close, single, (await run(part, { general: true, jitter: seed })).y.data);
      // there is no more precise code to compare float64 with
      const exact = dtype === 'f64' ? single : (await run(part, { general: true }, 'f64')).y.data;
      (samples === 0 ? [0] : chosen).forEach((n, i) => {
        for (let k = i * size, to = n * size; k < (i + 1) * size; k++, to++) {
          moved[to] = Math.max(moved[to], Math.sqrt(close[k] / runs), distance(single[k], exact[k]));
          known64[to] = exact[k];
        }
      });
    },
  };
}

/** Root mean square change of each value of y over FIRST_RUNS runs. */
async function firstMoved(
  prepared: Prepared,
  data: FloatArray,
  run: (part: Prepared, rounding?: Rounding) => Promise<EngineOutput>,
): Promise<Float64Array> {
  const seeds = Array.from({ length: FIRST_RUNS }, (_, k) => k);
  const known = await movedInLastSteps(prepared, data, seeds, run);
  const moved = known?.whole ?? new Float64Array(data.length);
  if (known?.others) for (let k = 0; k < moved.length; k++) moved[k] += known.others[k];
  else for (const seed of known ? seeds.slice(1) : seeds) addSquares(moved, data, (await run(prepared, { jitter: seed })).y.data);
  for (let k = 0; k < moved.length; k++) moved[k] = Math.sqrt(moved[k] / FIRST_RUNS);
  return moved;
}

/** Whether samples are independent: not in a graph, nor if states pass from call to call. */
function canBeSplit({ graphInputs, network, input }: Prepared, y: Tensor): boolean {
  return !graphInputs && samplesAreIndependent(network.model, network.shapes) && y.shape.length > 0 && y.shape[0] === input.x.shape[0];
}

/** Selects samples of x [N, T, …], mask [N·T] and states [N, M]. */
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

const LEAST_ULPS = 4;
/** Processors may flush smaller numbers to zero. */
const FLUSHED = 2 ** -126;
/** Limit on what the head's activation adds to the floor, so that the value stays decidable: half of DECIDABLE. */
const PART_OF_SCALE = 5e-4;

/**
 * LEAST_ULPS units in the last place of y itself and, behind a dense layer, of the terms summed for it: two runs may agree by chance, and a
 * small y may be the difference of large terms.
 */
function floorOf({ network, weights, input, graphInputs }: Prepared, { y, layers }: EngineOutput, epsilon: number): Float64Array {
  const least = LEAST_ULPS * epsilon;
  const floor = doublesOf(y.data, v => (Number.isFinite(v) ? Math.max(least * Math.abs(v), FLUSHED) : 0));
  const head = graphInputs ? undefined : network.model.layers.find(layer => layer.name === network.model.output);
  if (head?.kind !== 'dense') return floor;
  const from = head.inputs[0] === network.model.input.name ? input.x : layers.get(head.inputs[0])?.tensor;
  const W = weights.get(`${head.name}/Wo`);
  if (!from || !W) return floor;
  const { z, terms } = affineTerms(from, W, weights.get(`${head.name}/bo`));
  if (!sameShape(z.shape, y.shape)) return floor;
  for (let k = 0; k < terms.length; k++) terms[k] *= least;
  raiseByTerms(floor, head, z, terms);
  raiseByFunction(floor, head, y, epsilon);
  return floor;
}

/** z = x·W + b and Σ|x·W| + |b|: [..., D] -> [..., K] */
function affineTerms(x: Tensor, W: Tensor, b: Tensor | undefined): { z: Tensor; terms: Float64Array } {
  const [D, K] = W.shape;
  const rows = x.data.length / D;
  const z = new Float64Array(rows * K);
  const terms = new Float64Array(rows * K);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < K; k++) {
      z[r * K + k] = b ? b.data[k] : 0;
      terms[r * K + k] = b ? Math.abs(b.data[k]) : 0;
    }
    for (let d = 0; d < D; d++) {
      const v = x.data[r * D + d];
      for (let k = 0; k < K; k++) {
        const term = v * W.data[d * K + k];
        z[r * K + k] += term;
        terms[r * K + k] += Math.abs(term);
      }
    }
  }
  return { z: { shape: [...x.shape.slice(0, -1), K], data: z }, terms };
}

/**
 * Raises the floor by what the errors of z do after the activation: all added, all subtracted, and alternating (softmax depends on the
 * whole row).
 */
function raiseByTerms(floor: Float64Array, { activation }: DenseSpec, z: Tensor, errors: Float64Array): void {
  const y = activated(activation, z).data;
  for (const sign of [() => 1, () => -1, (k: number) => (k % 2 === 0 ? 1 : -1)]) {
    const off = activated(activation, { shape: z.shape, data: z.data.map((v, k) => v + sign(k) * errors[k]) }).data;
    for (let k = 0; k < floor.length; k++) {
      const d = Math.abs(off[k] - y[k]);
      if (d > floor[k] && d < Infinity) floor[k] = d;
    }
  }
}

/**
 * σ computed from tanh or a rational function, and tanh computed from exponentials, are off by a unit in the last place of 1, however small
 * they are.
 */
function raiseByFunction(floor: Float64Array, { activation }: DenseSpec, y: Tensor, epsilon: number): void {
  if (activation !== 'sigmoid' && activation !== 'tanh') return;
  const own = Math.min(epsilon, PART_OF_SCALE * scaleOf(y));
  for (let k = 0; k < floor.length; k++) floor[k] = Math.max(floor[k], own);
}
