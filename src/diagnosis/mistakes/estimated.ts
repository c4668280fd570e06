import { largestDifference } from '../../tensor/difference.js';
import { sliceFirst } from '../../tensor/layout.js';
import { type FloatArray, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { lineBack } from '../figures.js';
import type { Fitted, Fix, Found, Noise, Outcome, Scenario } from '../mistake.js';
import { fitWithin, listed, mistake, NEAR_NOISE, runScenario, simulated, smallNumber, uniformNoise, workOf } from '../mistake.js';
import { apart, largerNoise } from '../noise.js';
import { eachColumn, mapData, recurrentLayers, samplesOf, waysOf } from '../scenario.js';
import { differentNumbers, samplesOff } from '../slices.js';
import { directionsUnderMistakes, unitsBelow } from './heads.js';
import { withX } from './inputs.js';
import { constantStates, startingWith } from './stateStart.js';

/**
 * Mistakes with numbers of their own, which are estimated from the other output: a scale of x, an initial state, a dropout mask, a single
 * weight.
 */

/** Most multiply-adds for one estimate. */
const MOST_WORK = 3e8;
/** Assumed runs per unknown number, and runs to refit to all samples the values found on a few. */
const RUNS = 12;
const RUNS_AGAIN = 4;
/** Least number of values of y beyond the unknown ones. */
const SPARE = 2;
const MOST_UNKNOWN = 48;
/** An estimate through a network that hardly reacts fits more than its own numbers, so it counts as this many more. */
const BENT = 2;
/** Digits of evidence that make an explanation likely, but not certain. */
const LIKELY = 1.5;

interface Part {
  readonly scenario: Scenario;
  readonly other: Tensor;
  /** index of its first sample */
  readonly from: number;
}

/** The noise of a part, from that of all values. */
function noiseIn({ other, from }: Part, each: Noise): FloatArray {
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
  if (!isApart(scenario, right, other)) return [];
  const { first } = samplesOff(right.y, other, uniformNoise(other, noise));
  const whole = { scenario, other, from: 0 };
  for (const { start, change, why, fix, digits } of list) {
    const unknown = start[0].length;
    const few = partFor(scenario, other, Math.max(0, first), unknown);
    if (!few) continue;
    const fitIn = (part: Part, values: readonly number[], exact = false) =>
      fitWithin(part.other, values, v => runScenario(change(part.scenario, v))?.y, noise, noiseIn(part, each), exact);
    const isWithin = (runs: number) => runs * (unknown + 2) * workOf(scenario) <= MOST_WORK;
    const isCheap = (runs: number) => few.other.shape[0] < other.shape[0] && isWithin(runs);
    for (const part of isCheap(RUNS) ? [few, whole] : [few]) {
      for (const values of start) {
        const near = fitIn(part, values);
        // what a few samples leave open may show in the others
        const found = (near && part === few && isCheap(RUNS_AGAIN) && fitIn(whole, near.values)) || near;
        const y = found && runScenario(change(scenario, found.values))?.y;
        if (!y || apart(y.data, other.data, largerNoise(each, noise).data).times > NEAR_NOISE * NEAR_NOISE) continue;
        const chosen = found.values.length + Math.min(BENT, found.values.length);
        const best = (isWithin(RUNS_AGAIN) && fitIn(whole, found.values, true)) || { values: found.values, y };
        const most = numbersMade(scenario, right, other, noise) - chosen;
        return [{ y: best.y, chosen, most, why: why(best.values), fix: fix?.(best.values), digits: digits?.(best.values) }];
      }
    }
  }
  return [];
}

/**
 * How many numbers a mistake in the recurrent layers can make different in y: for each output its mean, and one for every direction of h.
 */
function numbersMade(scenario: Scenario, right: Outcome, other: Tensor, noise: number): number {
  const K = other.shape[other.shape.length - 1];
  const directions = directionsUnderMistakes(scenario, right, NEAR_NOISE * noise, largestDifference(right.y.data, other.data).abs);
  return K * (directions + 1);
}

const line = (scale: number, offset: number, what: string) =>
  `${Math.abs(scale - 1) < 1e-6 ? '' : `${smallNumber(scale)} · `}${what}${Math.abs(offset) < 1e-6 ? '' : ` ${offset < 0 ? '−' : '+'} ${smallNumber(Math.abs(offset))}`}`;

/** Applies scale and offset to each number of x. */
const scaledX = (s: Scenario, scale: number, offset = 0) =>
  withX(
    s,
    eachColumn(s.input.x, v => scale * v + offset),
  );

/** Digits of a repair. */
const DIGITS = 7;

/** A scale this close to 1 counts as 1. */
const SAME_SCALE = 1e-4;

/** Number of sums that the layers reading x compute from it: that many features could imitate any bias. */
function sumsOf(scenario: Scenario): number {
  const { model, weights } = scenario;
  const readers = recurrentLayers(scenario).filter(l => l.inputs.includes(model.input.name));
  const widths = readers.flatMap(l => waysOf(l).map(way => weights.get(l.name)?.get(`${way}Wx`)?.shape[1] ?? Infinity));
  return widths.length === 0 ? Infinity : widths.reduce((a, b) => a + b);
}

export const inputScaledBy = mistake('input-scaled-by', 'x has another scale or offset', ['alone'], {
  why: 'The network saw x times a number, plus a number: another unit, or a scaler that was fitted on other data.',
  numpy: 'x = (x - offset) / scale      # ← one scaler for both sides',
  example: { layers: 'rnn:3,dense:2', N: 4, T: 3, D: 2 },
  variants: ({ input }) => (input.x.shape.length === 3 ? [simulated(null, s => scaledX(s, 1.7, 0.3))] : []),
  estimate(scenario, right, other, noise, each) {
    const { x } = scenario.input;
    if (x.shape.length !== 3) return [];
    const D = x.shape[2];
    const scaled = (values: readonly number[]) => (v: number, d: number) => values[2 * d] * v + values[2 * d + 1];
    const lines = (values: readonly number[]) => Array.from({ length: D }, (_, d) => line(values[2 * d], values[2 * d + 1], `x${d + 1}`));
    const found = (
      start: Unknown['start'],
      change: Unknown['change'],
      why: Unknown['why'],
      numbers: (values: readonly number[]) => string,
      digits?: Unknown['digits'],
    ) => ({
      start,
      change,
      why,
      digits,
      fix: (values: readonly number[]) => ({ numpy: `x = ${numbers(values)}   # ← what the network saw, back to x` }),
    });
    const row = (values: readonly number[], which: 0 | 1) =>
      `np.array([${Array.from({ length: D }, (_, d) => (Math.abs(values[2 * d + which]) < 1e-7 ? 0 : smallNumber(values[2 * d + which], 7))).join(', ')}])`;
    const isBias = (values: readonly number[]) =>
      D >= sumsOf(scenario) && values.every((v, k) => k % 2 === 1 || Math.abs(v - 1) < SAME_SCALE);
    return estimated(scenario, right, other, noise, each, [
      found(
        [[1.1], [0.2], [4], [-1]],
        (s, [f]) => scaledX(s, f),
        ([f]) => `The network saw ${smallNumber(f)} · x: one factor for all of x (or for all of the first layer’s Wx).`,
        ([f]) => lineBack('x', { scale: f, offset: 0 }, DIGITS),
      ),
      found(
        [1, 0.3, 3].map(f => [f, 0]),
        (s, [f, o]) => scaledX(s, f, o),
        ([f, o]) => `The network saw ${line(f, o, 'x')}: one scale and one offset for all of x.`,
        ([f, o]) => lineBack('x', { scale: f, offset: o }, DIGITS),
      ),
      ...(D > 1
        ? [
            found(
              [Array.from({ length: 2 * D }, (_, k) => (k % 2 === 0 ? 1 : 0))],
              (s, values) => withX(s, eachColumn(s.input.x, scaled(values))),
              values =>
                `Each feature of x has a scale and an offset of its own: the network saw ${listed(lines(values), 4)} (a scaler fitted on other data).${isBias(values) ? ' Another bias of the first layer would do the same.' : ''}`,
              values => `(x - ${row(values, 1)}) / ${row(values, 0)}`,
              values => (isBias(values) ? LIKELY : undefined),
            ),
          ]
        : []),
    ]);
  },
});

/** Sets the initial states of all recurrent layers, the same for every sample. */
function withStates(s: Scenario, values: readonly number[]): Scenario {
  let at = 0;
  const states = recurrentLayers(s).map(l => {
    const own = constantStates(s, l, []).map(t => {
      const width = t.shape[1];
      const from = at;
      at += width;
      return mapData(t, (_, k) => values[from + (k % width)]);
    });
    return [l.name, own] as const;
  });
  return startingWith(s, new Map(states));
}

export const stateRandom = mistake('state-random', 'the first state is not zero', ['alone'], {
  why: 'The sequences do not start from zeros: the first state was drawn (torch.randn), learnt, or kept from other data.',
  numpy: 'h = np.zeros(M)               # ← at the start of every sequence',
  torch: 'out, h_n = rnn(x)             # ← no h0 as second argument, or torch.zeros(L, N, M)',
  keras: 'x = LSTM(M)(i)                # ← no initial_state',
  example: { layers: 'rnn:2+seq,dense:2', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const drawn = (s: Scenario) => Array.from({ length: widthOf(s) }, (_, k) => 0.4 + 0.3 * Math.sin(k));
    return recurrentLayers(scenario).length === 0 ? [] : [simulated(null, s => withStates(s, drawn(s)))];
  },
  estimate(scenario, right, other, noise, each) {
    const P = recurrentLayers(scenario).length === 0 ? 0 : widthOf(scenario);
    if (P === 0 || scenario.input.initialStates || !isApart(scenario, right, other)) return [];
    // starting points between −1 and 1, like hidden states
    const start = [0, 0.7, 1.9, 3.1].map(turn => Array.from({ length: P }, (_, k) => (turn === 0 ? 0.01 : 0.6 * Math.sin(turn * (k + 1)))));
    const constant = (which: readonly number[]) => ({
      start: [[0.1], [-0.3], [0.8], [-1.5]],
      change: (s: Scenario, [v]: readonly number[]) =>
        startingWith(s, new Map(recurrentLayers(s).map(l => [l.name, constantStates(s, l, which).map(t => mapData(t, one => v * one))]))),
      why: ([v]: readonly number[]) =>
        `Every sequence starts from ${which.length > 1 ? 'states' : 'an h'} filled with ${smallNumber(v, 3)} instead of zeros (estimated from your output).`,
    });
    const isLstm = recurrentLayers(scenario).some(l => l.kind === 'lstm');
    const same = estimated(scenario, right, other, noise, each, [
      constant([0]),
      ...(isLstm ? [constant([0, 1])] : []),
      {
        start,
        change: withStates,
        why: v =>
          `Every sample starts from the same state, which is not zero: ${listed(
            v.map(n => smallNumber(n, 3)),
            6,
          )} (estimated from your output).`,
      },
    ]);
    return same.length > 0 ? same : eachSample(scenario, right, other, noise, each, start);
  },
});

function widthOf(s: Scenario): number {
  return recurrentLayers(s).reduce((sum, l) => constantStates(s, l, []).reduce((n, t) => n + t.shape[1], sum), 0);
}

/** A separate initial state for each sample; only if each sample has more values of y than states. */
function eachSample(
  scenario: Scenario,
  right: Outcome,
  other: Tensor,
  noise: number,
  each: Noise,
  starts: readonly (readonly number[])[],
): Found[] {
  const N = other.shape[0];
  const size = sizeOf(other.shape.slice(1));
  const [start] = starts;
  // K outputs of M units carry no more than M numbers
  const K = other.shape[other.shape.length - 1];
  const ofEach = (n: number) =>
    Math.min((size / K) * Math.min(K, unitsBelow(scenario, right)), differentNumbers(sliceFirst(other, n, n + 1).data));
  // a repeated value is no evidence the second time
  const told = Math.min(...Array.from({ length: N }, (_, n) => ofEach(n)));
  if (N < 2 || told < start.length + SPARE || N * RUNS * (start.length + 2) * workOf(scenario) > MOST_WORK || start.length > MOST_UNKNOWN)
    return [];
  const data = new Float64Array(other.data.length);
  let first: readonly number[] = [];
  for (let n = 0; n < N; n++) {
    const part = samplesOf(scenario, n, n + 1);
    const y = sliceFirst(other, n, n + 1);
    let found: Fitted | undefined;
    const fitFrom = (values: readonly number[], exact: boolean) =>
      fitWithin(y, values, v => runScenario(withStates(part, v))?.y, noise, noiseIn({ scenario: part, other: y, from: n }, each), exact);
    for (let k = 0; k < starts.length && !found; k++) found = fitFrom(starts[k], false);
    found = (found && fitFrom(found.values, true)) ?? found;
    if (!found) return [];
    data.set(found.y.data, n * size);
    if (n === 0) first = found.values;
  }
  const why = `Each sample starts from a state of its own, which is not zero, or sees another x at its first step; the state of sample 1 would be ${listed(
    first.map(n => smallNumber(n, 3)),
    6,
  )} (estimated from your output).`;
  // another first step of x would do the same
  return [{ y: { shape: other.shape, data }, chosen: N * start.length, digits: LIKELY, why }];
}
