import { type Diagnosis, diagnose, readingOf, roundingOf, runScenario, scenarioOf } from '../diagnosis/index.js';
import type { Outcome } from '../diagnosis/run.js';
import { type Scenario, samplesOf } from '../diagnosis/scenario.js';
import type { SearchOptions } from '../diagnosis/search.js';
import type { View } from '../diagnosis/views.js';
import { layerCost } from '../model/counts.js';
import { largestDifference } from '../tensor/difference.js';
import { sliceFirst } from '../tensor/layout.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Prepared } from './prepare.js';

/** A comparison as the diagnosis sees it: the part of it that mistakes are recomputed on, in float64. */
export interface DiagnosisSubject {
  readonly scenario: Scenario;
  readonly right: Outcome;
  /** how far rounding alone moves y, on the first samples */
  readonly rounding: number;
  /** what the other output is taken for; null where its shape fits nothing */
  readonly view: View | null;
  diagnose(options: SearchOptions): Diagnosis;
}

/** Multiply-adds of one run of the network; with more, mistakes are recomputed on fewer samples. */
const MOST_WORK = 6e7;
/** Samples on which rounding is measured. */
const NOISE_SAMPLES = 16;

export function subjectOf(prepared: Prepared, expected: Tensor, actual: Tensor): DiagnosisSubject {
  const whole = scenarioOf(prepared.network.model, prepared.weights, prepared.input);
  const N = prepared.input.x.shape[0];
  const work = workOfSample(prepared);
  const [from, to] = sameShape(expected.shape, actual.shape)
    ? windowOf(expected, actual, Math.max(4, Math.floor(MOST_WORK / work)))
    : [0, N];
  const all = from === 0 && to === N;
  const scenario = all ? whole : samplesOf(whole, from, to);
  const right = computed(scenario);
  const other = all ? actual : sliceFirst(actual, from, to);
  const few = Math.max(1, Math.min(NOISE_SAMPLES, Math.floor(MOST_WORK / 4 / work)));
  const view = sameShape(expected.shape, actual.shape) ? null : readingOf(scenario, right, actual);
  return {
    scenario,
    right,
    rounding: N <= few ? roundingOf(scenario, right) : roundingOf(samplesOf(whole, 0, few), computed(samplesOf(whole, 0, few))),
    view: view ?? (sameShape(expected.shape, actual.shape) ? { kind: 'y', layer: null, scenario, right, other, words: 'y' } : null),
    diagnose(options) {
      const diagnosis = diagnose(scenario, right, other, options);
      return from === 0 || !diagnosis.first
        ? diagnosis
        : { ...diagnosis, first: { ...diagnosis.first, sample: diagnosis.first.sample + from } };
    },
  };
}

function computed(scenario: Scenario): Outcome {
  const outcome = runScenario(scenario);
  if (!outcome) throw new Error('a network that an engine has run does not run here');
  return outcome;
}

function workOfSample({ network, input }: Prepared): number {
  const T = BigInt(input.x.shape[1]);
  // costs are symbolic while T is: one step's products times T is what is left then
  const products = network.shapes.layers.reduce(
    (sum, l) => sum + (layerCost(l).matmul ?? T * l.weights.reduce((n, w) => n + BigInt(w.shape.reduce((a, b) => a * b, 1)), 0n)),
    0n,
  );
  return Math.max(1, Number(products));
}

/** All samples, or `most` of them: from the first one, so that what passes from sample to sample is seen, unless those agree. */
function windowOf(expected: Tensor, actual: Tensor, most: number): [number, number] {
  const N = expected.shape[0];
  if (N <= most) return [0, N];
  const size = expected.data.length / N;
  const scale = largestDifference(expected.data, actual.data).abs;
  let first = 0;
  while (first < N - 1 && largestDifference(expected.data, actual.data, first * size, (first + 1) * size).abs < scale / 1000) first++;
  const from = first < most ? 0 : Math.min(first, N - most);
  return [from, from + most];
}
