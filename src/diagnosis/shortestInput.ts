import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { runScenario } from './run.js';
import { anySteps, type Change, type Scenario } from './scenario.js';

/** Finds the shortest input on which several explanations of one output differ. */

const MOST_SAMPLES = 4;
const MOST_STEPS = 10;
/** Least difference, relative to the largest value: more than a confident explanation needs. */
const LEAST = 1e-3;

export interface Shortest {
  /** size of that input; null: no input of up to 4 samples and 10 steps is enough */
  readonly size: { readonly N: number; readonly T: number } | null;
  /** pairs of explanations (by index) that give the same y even on the largest input */
  readonly alike: readonly (readonly [number, number])[];
}

/** @returns undefined if lengths or initial states would have to be made up */
export function shortestInput(scenario: Scenario, changes: readonly Change[]): Shortest | undefined {
  const { x, mask, initialStates } = scenario.input;
  if (mask || initialStates || scenario.model.otherInputs || changes.length < 2) return undefined;
  const alikeOn = (N: number, T: number) => alikePairs(withInput(scenario, [N, T, ...x.shape.slice(2)]), changes);
  const alike = alikeOn(MOST_SAMPLES, MOST_STEPS);
  const all = (changes.length * (changes.length - 1)) / 2;
  const size = alike.length === all ? undefined : sizes().find(([N, T]) => alikeOn(N, T).length === alike.length);
  return { size: size ? { N: size[0], T: size[1] } : null, alike };
}

function alikePairs(scenario: Scenario, changes: readonly Change[]): [number, number][] {
  const outputs = changes.map(change => {
    const changed = change(scenario);
    return changed && runScenario(changed)?.y;
  });
  return outputs.flatMap((b, j) => outputs.slice(0, j).flatMap((a, i): [number, number][] => (a && b && isApart(a, b) ? [] : [[i, j]])));
}

function sizes(): [number, number][] {
  const all: [number, number][] = [];
  for (let N = 1; N <= MOST_SAMPLES; N++) for (let T = 2; T <= MOST_STEPS; T++) all.push([N, T]);
  return all.sort((a, b) => a[0] * a[1] - b[0] * b[1] || a[0] - b[0]);
}

function isApart(a: Tensor, b: Tensor): boolean {
  return !sameShape(a.shape, b.shape) || largestDifference(a.data, b.data).abs > LEAST * largestMagnitude(a.data);
}

/** Replaces x by a fixed sequence of features between −2 and 2, or of tokens that the network knows. */
function withInput(scenario: Scenario, shape: readonly number[]): Scenario {
  const { x } = scenario.input;
  const tokens = shape.length === 2 ? largestMagnitude(x.data) + 1 : 0;
  let seed = 12345;
  const next = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
    tokens > 0 ? Math.floor(next() * tokens) : 4 * next() - 2,
  );
  return { ...scenario, model: anySteps(scenario, null), input: { x: { shape, data } } };
}
