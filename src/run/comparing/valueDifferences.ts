import type { Diagnosis } from '../../diagnosis/index.js';
import { distance, largestDifference } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { positionOf } from '../input/finite.js';
import type { CompareResult } from '../result.js';
import { type Allowance, isOff } from './judge.js';

/** Where two outputs of one shape differ: of all values, in each sample, at each step. */
export type Values = Pick<CompareResult, 'max' | 'mismatched' | 'total' | 'perSample' | 'perStep'>;
export const NOT_COMPARABLE: Values = { max: null, mismatched: 0, total: 0, perSample: [], perStep: null };

/** Counts and locates the values that are not within the allowance. Both tensors have the same shape. */
export function compareValues(expected: Tensor, actual: Tensor, allowance: Allowance): Values {
  const { shape } = expected;
  const N = shape[0] ?? 1;
  const size = expected.data.length / Math.max(1, N);
  const flags = new Uint8Array(expected.data.length);
  let mismatched = 0;
  for (let k = 0; k < flags.length; k++) {
    if (!isOff(allowance, expected, actual, k)) continue;
    flags[k] = 1;
    mismatched++;
  }
  const off = (k: number) => flags[k] === 1;
  /** the largest difference in [from, to), among the values that differ if there are any */
  const worst = (from: number, to: number) => {
    let [abs, index, isOne] = [0, from < to ? from : -1, false];
    for (let k = from; k < to; k++) {
      const d = distance(actual.data[k], expected.data[k]);
      const one = d > 0 && off(k);
      if (one === isOne ? d > abs : one) [abs, index, isOne] = [d, k, one];
    }
    const place = { abs, index: positionOf(Math.max(0, index), shape), expected: expected.data[index], actual: actual.data[index] };
    return { ...place, allowed: index < 0 ? 0 : allowance.of(index, expected.data[index]), found: index >= 0, off: isOne };
  };
  /** whether a difference in [from, to) is one that cannot be decided */
  const isOpen = (from: number, to: number) => {
    for (let k = from; k < to; k++) if (!allowance.decides(k) && distance(actual.data[k], expected.data[k]) > 0) return true;
    return false;
  };
  const perSample = Array.from({ length: N }, (_, n) => {
    const [from, to] = [n * size, (n + 1) * size];
    const { abs, index, off: isOne, found: _found, ...rest } = worst(from, to);
    return { n, maxAbs: abs, ok: !isOne, undecided: !isOne && isOpen(from, to), index: index.slice(1), ...rest };
  });
  const { found, off: _, ...max } = worst(0, expected.data.length);
  return {
    max: found ? max : null,
    mismatched,
    total: expected.data.length,
    perSample,
    perStep: shape.length === 3 ? stepsOf(expected, actual, off) : null,
  };
}

function stepsOf(expected: Tensor, actual: Tensor, off: (k: number) => boolean): CompareResult['perStep'] {
  const [N, T, K] = expected.shape;
  return Array.from({ length: T }, (_, t) => {
    let maxAbs = 0;
    let ok = true;
    for (let n = 0; n < N; n++) {
      const from = (n * T + t) * K;
      maxAbs = Math.max(maxAbs, largestDifference(expected.data, actual.data, from, from + K).abs);
      for (let k = from; k < from + K; k++) if (off(k)) ok = false;
    }
    return { t, maxAbs, ok };
  });
}

/** The first sample that differs, with its step and layer if the explanation or the output shows them. */
export function firstDifference(
  expected: Tensor,
  values: Values,
  diagnosis: Diagnosis | null,
  layer: string | null,
): CompareResult['firstDifference'] {
  const sample = values.perSample.find(s => !s.ok);
  if (!sample) return null;
  if (diagnosis?.first && diagnosis.first.sample === sample.n) return diagnosis.first;
  const step = values.perStep && expected.shape.length === 3 ? (values.perStep.find(s => !s.ok)?.t ?? null) : null;
  return { sample: sample.n, step, layer };
}
