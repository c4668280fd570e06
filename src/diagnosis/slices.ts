import { samplesAreIndependent } from '../model/samples.js';
import { largestMagnitude } from '../tensor/difference.js';
import { sliceFirst } from '../tensor/layout.js';
import { doublesOf, type FloatArray, sizeOf, type Tensor } from '../tensor/tensor.js';
import { differBeyondNoise, excessOf, type Noise } from './noise.js';
import type { Outcome, Part } from './run.js';
import { partOf } from './runCache.js';
import type { Scenario } from './scenario.js';
import { NEAR_NOISE } from './thresholds.js';

/** Parts of the problem that are tested before the whole. */
export interface Slices {
  readonly whole: Slice;
  /** the sample with the largest difference in multiples of its noise, and its index */
  readonly worst: Slice;
  readonly worstAt: number;
  /** samples up to the first that differs, and one more */
  readonly before: Slice;
  /** number of distinct values of the other output: a repeated row proves nothing the second time */
  readonly different: number;
  /** number of values that differ: they alone are evidence for an explanation that leaves the others unchanged */
  readonly off: number;
  /** number of values that carry information of their own: if all rows are alike, what fits one fits all */
  readonly inEffect: number;
  /** the first sample that differs; −1 if unknown */
  readonly first: number;
  /** the largest difference, in multiples of the noise */
  readonly asSpecified: number;
  /** `asSpecified` as a number, but at most what a constant would leave, because any y that hardly varies is close to that */
  readonly asNumber: number;
  /**
   * Number of values of the other output further than `far` from the mean of their column; an explanation that comes no closer only
   * explains the mean.
   */
  readonly beside: (far: number) => number;
}

export interface Slice extends Part {
  readonly other: Tensor;
  readonly noise: Noise;
}

export function slicesOf(scenario: Scenario, right: Outcome, other: Tensor, noise: Noise): Slices {
  const whole = { scenario, right, other, noise };
  const { times, left } = excessOf(right.y.data, other.data, noise.data);
  const asNumber = Math.min(left, spreadOf(other.data));
  const N = scenario.input.x.shape[0];
  const common = {
    whole,
    different: distinctValuesOf(right, scenario, other),
    off: Array.from(other.data).filter((_, k) => differBeyondNoise(right.y.data, other.data, noise.data, k, k + 1)).length,
    asSpecified: times,
    asNumber,
    inEffect: numbersInEffect(other, noise, asNumber),
    beside: (far: number) => numbersBeside(other, far),
  };
  if (N === 1 || other.shape[0] !== N || !samplesAreIndependent(scenario.model))
    return { ...common, worst: whole, worstAt: 0, before: whole, first: -1 };
  const { first, worst } = differingSamples(right.y, other, noise);
  return {
    ...common,
    worst: slice(whole, worst, worst + 1),
    worstAt: worst,
    before: slice(whole, 0, Math.min(N, Math.max(first, 0) + 2)),
    first,
  };
}

/** Largest distance of a value from the mean; Infinity for fewer than three values, which show nothing. */
function spreadOf(data: FloatArray): number {
  let mean = 0;
  for (const v of data) mean += v / data.length;
  let most = 0;
  for (const v of data) most = Math.max(most, Math.abs(v - mean));
  return data.length < 3 ? Infinity : most;
}

/** Number of distinct values of the other output, limited by how many the network can make different. */
export function distinctValuesOf(outcome: Outcome, scenario: Scenario, other: Tensor): number {
  return Math.min(differentNumbers(other.data), freedomOf(outcome, scenario, other));
}

/**
 * Number of values that the head can make different. A row of outputs is computed from one h, so if it has more outputs than nonzero units
 * (after a relu), it contains no more information than these units. The outputs of a softmax sum to 1.
 */
function freedomOf(right: Outcome, { model }: Scenario, other: Tensor): number {
  const head = model.layers.find(l => l.name === model.output);
  const h = head?.kind === 'dense' ? right.layers.get(head.name)?.inputs[0].tensor : undefined;
  const K = other.shape[other.shape.length - 1];
  const rows = other.data.length / K;
  if (!h || h.data.length % rows !== 0) return other.data.length;
  const free = K > 1 && head?.kind === 'dense' && head.activation === 'softmax' ? K - 1 : K;
  const M = h.data.length / rows;
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    let units = 0;
    for (let m = r * M; m < (r + 1) * M; m++) if (h.data[m] !== 0) units++;
    sum += Math.min(free, units);
  }
  return sum;
}

/** Digits of a number above `near`, as a fraction of those of a number of size `of`. */
export function digitsWithin(size: number, near: number, of: number): number {
  return size > near ? Math.min(1, Math.log(size / near) / Math.log(Math.max(of, 2 * near) / near)) : 0;
}

/**
 * Number of values further than `far` from the mean of their column; for a single row, from the mean of all values. Of fewer than three
 * values, all count.
 */
function numbersBeside({ shape, data }: Tensor, far: number): number {
  const isRow = data.length === shape[shape.length - 1];
  const mean = meansOf({ shape: isRow ? [data.length, 1] : shape, data });
  const count = doublesOf(data, (v, k) => (Math.abs(v - mean[k % mean.length]) > far ? 1 : 0)).reduce((a, b) => a + b, 0);
  return data.length < 3 ? data.length : count;
}

/** Mean of each column over all rows. */
function meansOf({ shape, data }: Tensor): Float64Array {
  const K = shape[shape.length - 1] ?? 1;
  const mean = new Float64Array(K);
  for (let k = 0; k < data.length; k++) mean[k % K] += (data[k] * K) / data.length;
  return mean;
}

/**
 * Number of values that carry information of their own: the mean of each column, and each value by its digits beyond that mean. In a
 * saturated network all rows are alike, so what fits one of them fits all.
 */
export function numbersInEffect(other: Tensor, noise: Noise, of: number): number {
  const { data } = other;
  const mean = meansOf(other);
  const K = mean.length;
  let count = K;
  for (let k = 0; k < data.length; k++) count += digitsWithin(Math.abs(data[k] - mean[k % K]), NEAR_NOISE * noise.data[k], of);
  return count;
}

/** Number of values that differ by at least a millionth of the largest one, up to a limit that is more than enough. */
export function differentNumbers(data: FloatArray): number {
  const unit = largestMagnitude(data) * 1e-6 || 1;
  const seen = new Set<number>();
  for (let k = 0; k < data.length && seen.size < MOST_DIFFERENT; k++) seen.add(Math.round(data[k] / unit));
  return seen.size;
}

const MOST_DIFFERENT = 4096;

/** Index of the first sample that differs by more than rounding (−1: none), and of the one that differs most. */
export function differingSamples(right: Tensor, other: Tensor, noise: Noise): { first: number; worst: number } {
  const size = sizeOf(other.shape.slice(1));
  let worst = 0;
  let most = -1;
  let first = -1;
  for (let n = 0; n < other.shape[0]; n++) {
    const { times } = excessOf(right.data, other.data, noise.data, n * size, (n + 1) * size);
    if (times > most) [worst, most] = [n, times];
    if (first < 0 && times > NEAR_NOISE) first = n;
  }
  return { first, worst };
}

function slice({ scenario, other, noise }: Slice, from: number, to: number): Slice {
  const { right, scenario: part } = partOf(scenario, from, to);
  return { scenario: part, right, other: sliceFirst(other, from, to), noise: sliceFirst(noise, from, to) };
}
