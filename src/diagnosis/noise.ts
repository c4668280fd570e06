import { loadedKernel } from '../engines/batched/kernel.js';
import { distance, largestMagnitude, scaleOf } from '../tensor/difference.js';
import { doublesOf, type FloatArray, sizeOf, type Tensor } from '../tensor/tensor.js';
import { allFuse } from './fusedLoop.js';
import { type Outcome, type RunOptions, runScenario, workOf } from './run.js';
import type { Scenario } from './scenario.js';
import { NEAR_NOISE } from './thresholds.js';

/**
 * How far rounding moves each value of y, as a tensor of y's shape. A single number would be that of the worst sample: if one sample is
 * huge or chaotic, it would hide any difference in the others.
 */
export type Noise = Tensor;

const FLOAT32_EPSILON = 2 ** -24;
/** Values with larger noise, relative to the scale, cannot be decided. */
const DECIDABLE = 1e-3 / 16;

/** How far two outputs differ: as a number, and in multiples of each value's own noise. */
export interface Excess {
  readonly left: number;
  readonly times: number;
}

export function excessOf(a: FloatArray, b: FloatArray, noise: FloatArray, from = 0, to = noise.length): Excess {
  let [left, times] = [0, 0];
  for (let k = from; k < to; k++) {
    const d = distance(a[k], b[k]);
    if (d > left) left = d;
    if (d > times * noise[k]) times = d / noise[k];
  }
  return { left, times };
}

/** Whether two outputs differ in [from, to) by more than rounding explains. */
export function differBeyondNoise(a: FloatArray, b: FloatArray, noise: FloatArray, from = 0, to = noise.length): boolean {
  return excessOf(a, b, noise, from, to).times > NEAR_NOISE;
}

export function uniformNoise({ shape }: Tensor, value: number): Noise {
  return { shape, data: new Float64Array(sizeOf(shape)).fill(Math.max(value, Number.MIN_VALUE)) };
}

/** The larger noise of each value. */
export function largerNoise(a: Noise, b: FloatArray | number): Noise {
  return { shape: a.shape, data: doublesOf(a.data, (v, k) => Math.max(v, typeof b === 'number' ? b : b[k])) };
}

/** The largest noise of a value that can be decided, where a single number is needed. */
export function largestNoise(noise: Noise, y: Tensor): number {
  const most = DECIDABLE * scaleOf(y);
  const decided = noise.data.filter(v => v <= most);
  return Math.max(largestMagnitude(decided.length > 0 ? decided : noise.data), Number.MIN_VALUE);
}

/** How many times as large the noise of a scenario with a mistake is as that of the correct one, at least 1. */
export function timesNoise(noise: FloatArray, of: FloatArray): number {
  let most = 1;
  for (let k = 0; k < noise.length; k++) if (noise[k] > most * of[k] && noise[k] < Infinity) most = noise[k] / of[k];
  return most;
}

/** Half a unit in the last place of each value, or of its neighbours if they are larger: y may be small because large terms cancel. */
export function ulpsOf({ shape, data }: Tensor): Float64Array {
  const K = shape[shape.length - 1] ?? 1;
  const columns = new Float64Array(K);
  const rows = new Float64Array(data.length / Math.max(1, K));
  for (let k = 0; k < data.length; k++) {
    const v = Math.abs(data[k]);
    if (!(v < Infinity)) continue;
    const [r, c] = [Math.floor(k / K), k % K];
    if (v > rows[r]) rows[r] = v;
    if (v > columns[c]) columns[c] = v;
  }
  return doublesOf(data, (_, k) => Math.max(FLOAT32_EPSILON * Math.min(rows[Math.floor(k / K)], columns[k % K]), Number.MIN_VALUE));
}

const known = new WeakMap<Outcome, Noise>();

/**
 * How far rounding alone moves this scenario's y: its float32 outputs, with two ways of rounding, compared with the float64 one. A single
 * value may be lucky. So the differences of all hidden units of its row count too if there is a dense layer, or else the whole row. In a
 * sequence, rounding accumulates, so a row has at least the noise of the rows before it.
 */
export function noiseOf(scenario: Scenario, exact: Outcome): Noise {
  const noise = known.get(exact) ?? measured(scenario, exact);
  known.set(exact, noise);
  return noise;
}

function measured(scenario: Scenario, exact: Outcome): Noise {
  const { shape, data } = exact.y;
  const K = shape[shape.length - 1] ?? 1;
  const noise = ulpsOf(exact.y);
  for (const options of roundingsOf(scenario)) {
    const rounded = runScenario(scenario, options);
    if (rounded?.y.data.length !== data.length) continue;
    const own = doublesOf(data, (v, k) => distance(v, rounded.y.data[k]));
    const columns = columnsThroughHead(scenario, rounded, exact);
    for (let r = 0; r < data.length / K; r++) {
      const row = columns ? 0 : largest(own, r * K, (r + 1) * K);
      for (let k = 0; k < K; k++) noise[r * K + k] = Math.max(noise[r * K + k], own[r * K + k], columns ? columns(r, k) : row);
    }
  }
  const T = shape.length === 3 ? shape[1] : 1;
  for (let k = K; k < noise.length; k++) if (k % (T * K) >= K) noise[k] = Math.max(noise[k], noise[k - K]);
  return { shape, data: noise };
}

/** Multiply-adds of a sample from which the batched engine measures noise: once as it is, and once with changed rounding. */
const WORTH_FUSING = 1e6;

/** Two ways to round. */
function roundingsOf(scenario: Scenario): readonly RunOptions[] {
  const kernel = workOf(scenario) / scenario.input.x.shape[0] >= WORTH_FUSING ? loadedKernel(false) : undefined;
  if (kernel && allFuse(scenario)) return [{ fused: kernel }, { fused: kernel, jitter: 0 }];
  return [1, -1].map(order => ({ precision: 'f32', order: order as 1 | -1 }));
}

function largest(values: Float64Array, from: number, to: number): number {
  let most = 0;
  for (let k = from; k < to; k++) if (values[k] > most) most = values[k];
  return most;
}

/**
 * Returns, for row r and output k, the root mean square difference of the head's input, times the norm of its column. undefined without a
 * linear head
 */
function columnsThroughHead(
  { model, weights }: Scenario,
  rounded: Outcome,
  exact: Outcome,
): ((r: number, k: number) => number) | undefined {
  const head = model.layers.find(l => l.name === model.output);
  const Wo = weights.get(model.output)?.get('Wo');
  const [a, b] = [rounded, exact].map(o => o.layers.get(model.output)?.inputs[0].tensor.data);
  if (head?.kind !== 'dense' || head.activation !== 'linear' || !Wo || !a || a.length !== b?.length) return undefined;
  const [M, K] = Wo.shape;
  const lengths = Float64Array.from({ length: K }, (_, k) => {
    let sum = 0;
    for (let m = 0; m < M; m++) sum += Wo.data[m * K + k] ** 2;
    return Math.sqrt(sum);
  });
  const rows = Float64Array.from({ length: a.length / M }, (_, r) => {
    let sum = 0;
    for (let m = r * M; m < (r + 1) * M; m++) sum += (a[m] - b[m]) ** 2;
    return Math.sqrt(sum / M);
  });
  return exact.y.data.length === rows.length * K ? (r, k) => rows[r] * lengths[k] : undefined;
}
