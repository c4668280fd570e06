import { type Outcome, runScenario, scenarioOf } from '../../diagnosis/index.js';
import { isRecurrent } from '../../model/spec.js';
import { distance, largestMagnitude } from '../../tensor/difference.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import type { Prepared } from '../prepare.js';
import type { CompareModelsResult } from '../result.js';
import { TIMES_NOISE } from './judge.js';
import { isMatch, layersWithWeights } from './matchedWeights.js';

/** Least difference that counts, relative to the largest number of a layer. */
const LEAST = 4 * 2 ** -23;

/** Index of the first number, in order of samples and steps, that differs by more than rounding explains; -1 if there is none. */
export function indexOfDifference(right: Tensor, rounded: Tensor, other: Tensor): number {
  let noise = 0;
  for (let k = 0; k < right.data.length; k++) noise = Math.max(noise, distance(right.data[k], rounded.data[k]));
  const allowed = Math.max(TIMES_NOISE * noise, LEAST * largestMagnitude(right.data));
  return right.data.findIndex((v, k) => distance(v, other.data[k]) > allowed);
}

/** The input or output of a layer with weights; of a recurrent layer h at every step. */
type Place = NonNullable<CompareModelsResult['outputs']['first']>['of'];

/**
 * Finds the first layer, sample and step at which two networks differ, if their layers with weights match one by one. null if none of the
 * arrays between the layers differ, or if the networks are not run layer by layer.
 */
export function firstLayerDifference([first, second]: readonly [Prepared, Prepared]): CompareModelsResult['outputs']['first'] {
  if (first.graphInputs || second.graphInputs) return null;
  const scenarios = [first, second].map(({ network, weights, input }) => scenarioOf(network.model, weights, input));
  const [exact, other, rounded] = [runScenario(scenarios[0]), runScenario(scenarios[1]), runScenario(scenarios[0], { precision: 'f32' })];
  if (!exact || !other || !rounded) return null;
  if (!isMatch(first.network, second.network)) return null;
  const beside = layersWithWeights(second.network);
  for (const [i, layer] of layersWithWeights(first.network).entries()) {
    for (const place of ['input', isRecurrent(layer) ? 'h' : 'output'] as const) {
      const [a, c] = [exact, rounded].map(outcome => arrayOf(outcome, layer.name, place));
      const b = arrayOf(other, beside[i].name, place);
      if (!a || !b || !c) continue;
      // from here on the arrays are not comparable
      if (!sameShape(a.shape, b.shape)) return null;
      const at = indexOfDifference(a, c, b);
      if (at < 0) continue;
      const [N, T] = a.shape;
      const size = a.data.length / N;
      const step = a.shape.length < 3 ? null : Math.floor((at % size) / (size / T));
      return { layer: layer.name, of: place, sample: Math.floor(at / size), step, values: [a.data[at], b.data[at]] };
    }
  }
  return null;
}

function arrayOf({ layers }: Outcome, name: string, of: Place): Tensor | undefined {
  const run = layers.get(name);
  return of === 'input' ? run?.inputs[0].tensor : of === 'h' ? run?.result.sequence : run?.result.tensor;
}
