import { largestDifference } from '../tensor/difference.js';
import { sizeOf, type Tensor } from '../tensor/tensor.js';
import { type Outcome, runScenario } from './run.js';
import { type Scenario, samplesOf } from './scenario.js';

/** The parts of the problem that are looked at before the whole. */
export interface Look {
  readonly whole: Slice;
  /** the sample that is off most */
  readonly worst: Slice;
  /** samples up to the first that is off, and one more */
  readonly before: Slice;
}

export interface Slice {
  readonly scenario: Scenario;
  readonly right: Outcome;
  readonly other: Tensor;
}

export function lookAt(scenario: Scenario, right: Outcome, other: Tensor, near: number): Look {
  const whole = { scenario, right, other };
  const N = scenario.input.x.shape[0];
  const stateful = scenario.model.layers.some(l => 'stateful' in l && l.stateful);
  if (N === 1 || stateful || other.shape[0] !== N) return { whole, worst: whole, before: whole };
  const size = sizeOf(other.shape.slice(1));
  let worst = 0;
  let most = -1;
  let first = -1;
  for (let n = 0; n < N; n++) {
    const { abs } = largestDifference(right.y.data, other.data, n * size, (n + 1) * size);
    if (abs > most) [worst, most] = [n, abs];
    if (first < 0 && abs > near) first = n;
  }
  return { whole, worst: slice(whole, worst, worst + 1), before: slice(whole, 0, Math.min(N, Math.max(first, 0) + 2)) };
}

function slice({ scenario, other }: Slice, from: number, to: number): Slice {
  const part = samplesOf(scenario, from, to);
  const size = sizeOf(other.shape.slice(1));
  return {
    scenario: part,
    right: runScenario(part)!,
    other: { shape: [to - from, ...other.shape.slice(1)], data: other.data.subarray(from * size, to * size) },
  };
}
