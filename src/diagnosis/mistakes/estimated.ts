import { largestDifference } from '../../tensor/difference.js';
import { sliceFirst } from '../../tensor/layout.js';
import { type FloatArray, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { About, Fix, Found, Noise, Outcome, Scenario } from '../mistake.js';
import { fitWithin, NEAR_NOISE, runScenario, uniformNoise, workOf } from '../mistake.js';
import { excessOf, largerNoise } from '../noise.js';
import { samplesOf } from '../scenario.js';
import { differingSamples } from '../slices.js';
import { directionsUnderMistakes } from './heads.js';

/** Mistakes with numbers of their own (a scale of x, an initial state, a single weight) are fitted to the other output. */

/** Most multiply-adds for one estimate. */
export const MOST_WORK = 3e8;
/** Assumed runs per unknown number, and runs to refit to all samples the values found on a few. */
export const RUNS = 12;
const RUNS_AGAIN = 4;
/** Least number of values of y beyond the unknown ones. */
export const SPARE = 2;
export const MOST_UNKNOWN = 48;
/** An estimate through a network that hardly reacts fits more than its own numbers, so it counts as this many more. */
const BENT = 2;
/** Digits of evidence that make an explanation likely, but not certain. */
export const LIKELY = 1.5;

interface Part {
  readonly scenario: Scenario;
  readonly other: Tensor;
  /** index of its first sample */
  readonly from: number;
}

/** The noise of a part, from that of all values. */
export function noiseIn({ other, from }: Part, each: Noise): FloatArray {
  const at = from * sizeOf(other.shape.slice(1));
  return each.data.subarray(at, at + other.data.length);
}

/**
 * The fewest samples from `first` on that have enough values of y for the unknown numbers; undefined if there are not enough, or the work
 * is too much.
 */
export function partFor(scenario: Scenario, other: Tensor, first: number, unknown: number): Part | undefined {
  const N = other.shape[0];
  const size = sizeOf(other.shape.slice(1));
  const count = Math.max(1, Math.ceil((2 * unknown + SPARE) / size));
  const from = Math.max(0, Math.min(first, N - count));
  const to = Math.min(N, from + count);
  const samples = samplesOf(scenario, from, to);
  if ((to - from) * size < unknown + SPARE || unknown > MOST_UNKNOWN || RUNS * (unknown + 2) * workOf(samples) > MOST_WORK)
    return undefined;
  return { scenario: samples, other: sliceFirst(other, from, to), from };
}

/** Whether samples are independent, so that a few can represent all. */
export function isApart({ model, input }: Scenario, right: Outcome, other: Tensor): boolean {
  const stateful = model.layers.some(l => 'stateful' in l && l.stateful);
  return !stateful && right.y.data.length === other.data.length && other.shape[0] === input.x.shape[0];
}

export interface Unknown {
  readonly start: readonly (readonly number[])[];
  readonly change: (s: Scenario, values: readonly number[]) => Scenario;
  readonly why: (values: readonly number[]) => string;
  /** iterations after which the difference must be half as large, or it is given up; without it, all are made */
  readonly patience?: number;
  /** replaces the fix of the mistake; contains the values */
  readonly fix?: (values: readonly number[]) => Fix;
  /** digits of evidence, if something else gives the same numbers as these values */
  readonly digits?: (values: readonly number[]) => number | undefined;
}

/**
 * The first change that explains the output, fitted on a few samples, then on all. @param each noise of each value; `noise` is the largest
 */
export function estimated(
  scenario: Scenario,
  right: Outcome,
  other: Tensor,
  noise: number,
  each: Noise,
  list: readonly Unknown[],
): Found[] {
  if (list.length === 0 || !isApart(scenario, right, other)) return [];
  const { first } = differingSamples(right.y, other, uniformNoise(other, noise));
  const whole = { scenario, other, from: 0 };
  for (const { start, change, why, fix, digits, patience } of list) {
    const unknown = start[0].length;
    const few = partFor(scenario, other, Math.max(0, first), unknown);
    if (!few) continue;
    const fitIn = (part: Part, values: readonly number[], exact = false) =>
      fitWithin(part.other, values, v => runScenario(change(part.scenario, v))?.y, noise, noiseIn(part, each), { exact, patience });
    const isWithin = (runs: number) => runs * (unknown + 2) * workOf(scenario) <= MOST_WORK;
    const isCheap = (runs: number) => few.other.shape[0] < other.shape[0] && isWithin(runs);
    for (const part of isCheap(RUNS) ? [few, whole] : [few]) {
      for (const values of start) {
        const near = fitIn(part, values);
        // what a few samples leave open may show in the others
        const found = (near && part === few && isCheap(RUNS_AGAIN) && fitIn(whole, near.values)) || near;
        const y = found && runScenario(change(scenario, found.values))?.y;
        if (!y || excessOf(y.data, other.data, largerNoise(each, noise).data).times > NEAR_NOISE * NEAR_NOISE) continue;
        const chosen = found.values.length + Math.min(BENT, found.values.length);
        const best = (isWithin(RUNS_AGAIN) && fitIn(whole, found.values, true)) || { values: found.values, y };
        const most = numbersMade(scenario, right, other, noise) - chosen;
        return [{ y: best.y, chosen, most, why: why(best.values), fix: fix?.(best.values), digits: digits?.(best.values) }];
      }
    }
  }
  return [];
}

/** The `estimate` of a mistake that is one of these changes of the network as it should be. */
export function estimating(unknowns: (scenario: Scenario) => readonly Unknown[]): NonNullable<About['estimate']> {
  return (scenario, right, other, noise, each) => estimated(scenario, right, other, noise, each, unknowns(scenario));
}

/**
 * How many numbers a mistake in the recurrent layers can make different in y: for each output its mean, and one for every direction of h.
 */
function numbersMade(scenario: Scenario, right: Outcome, other: Tensor, noise: number): number {
  const K = other.shape[other.shape.length - 1];
  const directions = directionsUnderMistakes(scenario, right, NEAR_NOISE * noise, largestDifference(right.y.data, other.data).abs);
  return K * (directions + 1);
}
