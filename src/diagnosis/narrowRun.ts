import { largestDifference, scaleOf } from '../tensor/difference.js';
import { doublesOf, type Tensor } from '../tensor/tensor.js';
import { smallNumber } from './figures.js';
import { getHypothesis } from './hypotheses.js';
import { roundedThroughout, toBfloat, toHalf } from './mistakes/precisionFaults.js';
import type { Noise } from './noise.js';
import type { OutputReading } from './outputReadings.js';
import type { Finding } from './ranking.js';
import { runScenario } from './run.js';
import { mapData, type Scenario } from './scenario.js';
import { NEAR_NOISE } from './thresholds.js';
import { onAllWeights } from './variants.js';

/**
 * A run in 16 bits (`model.half()`, `.bfloat16()`, autocast) rounds every sum in an order of its own: no run gives its numbers again. What can be said is
 * that every number of the output is one of the few that 16 bits can write, and that all differ by no more than such a run moves y.
 */
const FORMATS = [
  // what bfloat16 can write, float16 can, too, where it is neither large nor tiny: a run in float16 has numbers of more bits
  { code: 'bfloat16', round: toBfloat, bits: 7, torch: 'model.bfloat16()' },
  { code: 'float16', round: toHalf, bits: 10, torch: 'model.half()' },
] as const;

/** A run moves y by so many times what rounding weights, input and states alone does, at most; on the average by so many. */
const MOST = 3;
const MEAN = 2.5;
/** Where rounding moves some value by more than this part of y's size, the network is chaotic: there such a run would explain anything. */
const MOST_OF_SCALE = 1 / 10;
/** How far two errors must go up and down together: their correlation, times the root of how many numbers there are. Unrelated ones do in one of ten cases. */
const LEAST_ALIKE = 1.3;
/** Numbers that many bits write: a half is in any format. */
const LEAST_NUMBERS = 3;

/** @param noise of each value, a tenth of what its digits leave open with it */
export function narrowRun({ scenario, right, other }: OutputReading, noise: Noise): Finding | undefined {
  const told = other.data.filter((v: number) => !Number.isInteger(16 * v)).length;
  const format = FORMATS.find(({ round }) => other.data.every((v: number) => round(v) === v));
  if (!format || told < LEAST_NUMBERS) return undefined;
  const { code, round, bits, torch } = format;
  const change = (s: Scenario): Scenario => roundedThroughout(s, round);
  const y = runScenario(change(scenario))?.y;
  if (y?.data.length !== other.data.length) return undefined;
  const { moved, off, isSmall } = besideRuns(right.y, other, [y]);
  // a file of 16 bits has such numbers whatever they were computed in
  const isFile = other.data.every((v: number, k: number) => Math.abs(v) * 2 ** -(bits + 2) <= NEAR_NOISE * noise.data[k]);
  if (!isSmall || (isFile && !isNearer(y, right.y, other))) return undefined;
  return {
    ...{ code, codes: [code], layers: [null], residual: largestDifference(y.data, other.data).abs, verdict: 'likely', margin: null },
    ...{ fixes: getHypothesis(code).fix, needsAll: true, change },
    why: `A run of the network in ${code} (PyTorch: ${torch}, or autocast) gives such numbers: all ${told} of your output can be written in ${code}, and none is off by more than ${smallNumber(off, 3)}, where rounding weights, input and states to ${code} moves y by ${smallNumber(moved, 3)}. What else moves y by so little cannot be told from it.`,
  };
}

/** Weights that a format can write are taken for rounded from so many on: fewer may be by chance, or by hand. */
const LEAST_WEIGHTS = 16;
/** What was rounded off is not known; so many guesses at it say how far it moves y. */
const GUESSES = 4;
/** y is off by no less than this part of what the guesses move it by. */
const LEAST_MEAN = 1 / 5;

/** The network itself has weights of 16 bits, and the other output is one of those that they were rounded from. */
export function narrowWeights({ scenario, right, other }: OutputReading): Finding | undefined {
  const matrices = [...scenario.weights.values()].flatMap(own => [...own.values()]).filter(t => t.shape.length > 1);
  const numbers = matrices.reduce((sum, t) => sum + t.data.filter((v: number) => !Number.isInteger(16 * v)).length, 0);
  const format = FORMATS.find(({ round }) => matrices.every(t => t.data.every((v: number) => round(v) === v)));
  if (!format || numbers < LEAST_WEIGHTS) return undefined;
  const { code, bits } = format;
  const moves = Array.from({ length: GUESSES }, (_, guess) => unrounded(scenario, bits, guess)).flatMap(changed => {
    const y = changed && runScenario(changed)?.y;
    return y?.data.length === other.data.length ? [y] : [];
  });
  if (moves.length < GUESSES) return undefined;
  const { moved, off, mean, isSmall } = besideRuns(right.y, other, moves);
  if (!isSmall || rootMeanSquare(right.y, other) < LEAST_MEAN * mean) return undefined;
  return {
    ...{ code, codes: [code], layers: [null], residual: off, verdict: 'likely', margin: null, needsAll: true },
    change: s => s,
    fixes: {
      numpy: "np.savez('w.npz', *model.get_weights())   # ← as they were, before they were rounded",
      torch: "torch.save(net.state_dict(), 'net.pt')   # ← before net.half(), or net.bfloat16()",
    },
    why: `The weights given here are rounded: all ${numbers} numbers of the matrices can be written in ${code}. What such rounding leaves out moves y by about ${smallNumber(moved, 2)}, and your output, off by at most ${smallNumber(off, 3)}, may be that of the weights before it. What else moves y by so little cannot be told from it.`,
  };
}

/** Each weight somewhere among the numbers that round to it, by a sequence that fills the interval evenly. */
function unrounded(scenario: Scenario, bits: number, guess: number): Scenario | undefined {
  let count = guess * 1000;
  const shifted = (v: number) => {
    const step = 2 ** (Math.floor(Math.log2(Math.abs(v))) - bits);
    count++;
    return v === 0 ? 0 : v + step * (((count * GOLDEN) % 1) - 1 / 2);
  };
  return onAllWeights(t => mapData(t, shifted))(scenario);
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** How far runs that round are from the right y, and whether the other output is off as little as they are, in a network that rounding moves little. */
function besideRuns(right: Tensor, other: Tensor, runs: readonly Tensor[]) {
  const off = largestDifference(right.data, other.data).abs;
  const moved = Math.max(...runs.map(y => largestDifference(right.data, y.data).abs));
  const mean = Math.max(...runs.map(y => rootMeanSquare(right, y)));
  const isSmall = off <= MOST * moved && rootMeanSquare(right, other) <= MEAN * mean && moved <= MOST_OF_SCALE * scaleOf(right);
  return { off, moved, mean, isSmall };
}

/** Whether a run that rounds leaves less than the right y does, by the same errors: the weights are rounded alike in any such run. */
function isNearer(y: Tensor, right: Tensor, other: Tensor): boolean {
  const products = doublesOf(y.data, (v, k) => (v - right.data[k]) * (other.data[k] - right.data[k]));
  const alike = products.reduce((sum, v) => sum + v, 0) / (rootMeanSquare(right, y) * rootMeanSquare(right, other));
  return rootMeanSquare(y, other) < rootMeanSquare(right, other) && alike >= LEAST_ALIKE * Math.sqrt(y.data.length);
}

function rootMeanSquare({ data: a }: Tensor, { data: b }: Tensor): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return Math.sqrt(sum / a.length);
}
