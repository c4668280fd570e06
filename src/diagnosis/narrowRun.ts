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
 * A run in 16 bits (`model.half()`, `.bfloat16()`, autocast) rounds every sum in its own order, so no run reproduces its numbers. What can
 * be checked is that every number of the output is representable in 16 bits, and that none differs by more than such a run moves y.
 */
const FORMATS = [
  // bfloat16 first: except for large and tiny ones, its numbers are also float16 numbers, but a float16 run gives numbers with more bits
  { code: 'bfloat16', round: toBfloat, bits: 7, torch: 'model.bfloat16()' },
  { code: 'float16', round: toHalf, bits: 10, torch: 'model.half()' },
] as const;

/** Such a run moves y by at most MOST times, and on average by at most MEAN times, what rounding weights, input and states alone does. */
const MOST = 3;
const MEAN = 2.5;
/** If rounding moves a value by more than this fraction of y's size, the network is chaotic, and such a run would explain anything. */
const MOST_OF_SCALE = 1 / 10;
/** Least correlation of two errors, times the root of the number of values. One in ten unrelated pairs reaches it. */
const LEAST_ALIKE = 1.3;
/** Least number of values with many bits; a number such as 0.5 is representable in any format. */
const LEAST_NUMBERS = 3;

/** @param noise of each value, including a tenth of what its digits leave open */
export function narrowRun({ scenario, right, other }: OutputReading, noise: Noise): Finding | undefined {
  const told = other.data.filter((v: number) => !Number.isInteger(16 * v)).length;
  const format = FORMATS.find(({ round }) => other.data.every((v: number) => round(v) === v));
  if (!format || told < LEAST_NUMBERS) return undefined;
  const { code, round, bits, torch } = format;
  const change = (s: Scenario): Scenario => roundedThroughout(s, round);
  const y = runScenario(change(scenario))?.y;
  if (y?.data.length !== other.data.length) return undefined;
  const { moved, off, isSmall } = comparedWithRuns(right.y, other, [y]);
  // a 16-bit file contains such numbers, whatever the precision of the computation
  const isFile = other.data.every((v: number, k: number) => Math.abs(v) * 2 ** -(bits + 2) <= NEAR_NOISE * noise.data[k]);
  if (!isSmall || (isFile && !isNearer(y, right.y, other))) return undefined;
  return {
    ...{ code, codes: [code], layers: [null], residual: largestDifference(y.data, other.data).abs, verdict: 'likely', margin: null },
    ...{ fixes: getHypothesis(code).fix, needsAll: true, change },
    why: `A run of the network in ${code} (PyTorch: ${torch}, or autocast) gives such numbers: all ${told} of your output can be written in ${code}, and none is off by more than ${smallNumber(off, 3)}, where rounding weights, input and states to ${code} moves y by ${smallNumber(moved, 3)}. What else moves y by so little cannot be told from it.`,
  };
}

/** Least number of weights: fewer may be representable by chance, or chosen by hand. */
const LEAST_WEIGHTS = 16;
/** What was rounded off is unknown; this many guesses show how far it moves y. */
const GUESSES = 4;
/** y must differ by at least this fraction of what the guesses move it by. */
const LEAST_MEAN = 1 / 5;

/** Finds that the given weights were rounded to 16 bits, and that the other output was computed from the original ones. */
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
  const { moved, off, mean, isSmall } = comparedWithRuns(right.y, other, moves);
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

/** Moves each weight to another number that rounds to it, using a sequence that fills the interval evenly. */
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

/**
 * How far runs with rounding move y, and whether the other output differs as little as they do, in a network that rounding moves little.
 */
function comparedWithRuns(right: Tensor, other: Tensor, runs: readonly Tensor[]) {
  const off = largestDifference(right.data, other.data).abs;
  const moved = Math.max(...runs.map(y => largestDifference(right.data, y.data).abs));
  const mean = Math.max(...runs.map(y => rootMeanSquare(right, y)));
  const isSmall = off <= MOST * moved && rootMeanSquare(right, other) <= MEAN * mean && moved <= MOST_OF_SCALE * scaleOf(right);
  return { off, moved, mean, isSmall };
}

/**
 * Whether a run with rounding is closer to the other output than the correct y is, with correlated errors: all such runs round the weights
 * alike.
 */
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
