import { largestDifference, scaleOf } from '../tensor/difference.js';
import type { Tensor } from '../tensor/tensor.js';
import { smallNumber } from './figures.js';
import { getHypothesis } from './hypotheses.js';
import { roundedThroughout, toBfloat, toHalf } from './mistakes/precisionFaults.js';
import type { OutputReading } from './outputReadings.js';
import type { Finding } from './ranking.js';
import { runScenario } from './run.js';
import type { Scenario } from './scenario.js';

/**
 * A run in 16 bits (`model.half()`, `.bfloat16()`, autocast) rounds every sum in an order of its own: no run gives its numbers again. What can be said is
 * that every number of the output is one of the few that 16 bits can write, and that all differ by no more than such a run moves y.
 */
const FORMATS = [
  // what bfloat16 can write, float16 can, too, where it is neither large nor tiny
  { code: 'bfloat16', round: toBfloat, torch: 'model.bfloat16()' },
  { code: 'float16', round: toHalf, torch: 'model.half()' },
] as const;

/** A run moves y by so many times what rounding weights, input and states alone does, at most; on the average by so many. */
const MOST = 3;
const MEAN = 2.5;
/** A chaotic network is moved by all that y is: there such a run would explain anything. */
const MOST_OF_SCALE = 1 / 3;
/** Numbers that many bits write: a half is in any format. */
const LEAST_NUMBERS = 3;

export function narrowRun({ scenario, right, other }: OutputReading): Finding | undefined {
  for (const { code, round, torch } of FORMATS) {
    const told = other.data.filter((v: number) => !Number.isInteger(16 * v)).length;
    if (told < LEAST_NUMBERS || !other.data.every((v: number) => round(v) === v)) continue;
    const change = (s: Scenario): Scenario => roundedThroughout(s, round);
    const y = runScenario(change(scenario))?.y;
    if (!y || y.data.length !== other.data.length) continue;
    const [moved, off] = [largestDifference(right.y.data, y.data).abs, largestDifference(right.y.data, other.data).abs];
    const mean = rootMeanSquare(right.y, y);
    if (!(off <= MOST * moved && rootMeanSquare(right.y, other) <= MEAN * mean && mean <= MOST_OF_SCALE * scaleOf(right.y))) continue;
    return {
      ...{ code, codes: [code], layers: [null], residual: largestDifference(y.data, other.data).abs, verdict: 'likely', margin: null },
      ...{ fixes: getHypothesis(code).fix, needsAll: true, change },
      why: `A run of the network in ${code} (PyTorch: ${torch}, or autocast) gives such numbers: ${told === 1 ? 'the' : `all ${told}`} of your output can be written in ${code}, and none is off by more than ${smallNumber(off, 3)}, where rounding weights, input and states to ${code} moves y by ${smallNumber(moved, 3)}. What else moves y by so little cannot be told from it.`,
    };
  }
  return undefined;
}

function rootMeanSquare({ data: a }: Tensor, { data: b }: Tensor): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return Math.sqrt(sum / a.length);
}
