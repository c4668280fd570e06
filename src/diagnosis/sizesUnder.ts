import { once } from '../once.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { withoutUnitAxes } from './outputReadings.js';
import { runScenario, workOf } from './run.js';
import { variantsOf } from './runCache.js';
import { type Scenario, samplesOf, withSteps } from './scenario.js';

/**
 * Finds the sizes of an output under a mistake from a few samples and steps: running a large network just for a shape would take minutes.
 */

/** Numbers of samples and steps for this; unusual as sizes of layers, so that they can be recognised. */
const [N, T] = [5, 7];

/** Multiply-adds below which a network is run as a whole. */
const SMALL = 2e7;

/**
 * @param small networks with fewer multiply-adds are not checked @returns whether y under a change may have this shape; true if a few
 * samples and steps do not show it
 */
export function maySize(
  scenario: Scenario,
  shape: readonly number[],
  small = SMALL,
): (hypothesis: Hypothesis, variant: Variant) => boolean {
  const few = workOf(scenario) < small ? undefined : reduced(scenario);
  if (!few) return () => true;
  const wanted = withoutUnitAxes(shape);
  const [samples, steps] = scenario.input.x.shape;
  const right = once(() => runScenario(few));
  const gives = (variant: Variant) => {
    const changed = variant.change(few);
    const y = changed && (keepsSizes(few, changed) ? right()?.y : runScenario(changed, { like: right() })?.y);
    const sizes = y && withoutUnitAxes(y.shape);
    return !sizes || (sizes.length === wanted.length && sizes.every((size, i) => mayScaleTo(size, wanted[i], samples, steps)));
  };
  const known = new Map<string, boolean>();
  return (hypothesis, { code, layer }) => {
    const key = `${code} ${layer}`;
    const result = known.get(key) ?? anyOf(variantsOf(hypothesis, few).filter(v => v.code === code && v.layer === layer));
    known.set(key, result);
    return result;
  };

  /** A code may have hundreds of variants; whether any of them fits is only checked once. */
  function anyOf(own: readonly Variant[]): boolean {
    return own.length === 0 || own.some(gives);
  }
}

/** Whether a change keeps all sizes, as far as can be said without a run. */
export function keepsSizes(before: Scenario, after: Scenario): boolean {
  const same = (a: Tensor, b: Tensor | undefined) => a === b || (b !== undefined && sameShape(a.shape, b.shape));
  return (
    after.model === before.model &&
    after.finish === before.finish &&
    same(before.input.x, after.input.x) &&
    [...after.loops.values()].every(fault => !fault.merged && fault.output === undefined) &&
    [...before.weights].every(([layer, own]) => [...own].every(([name, t]) => same(t, after.weights.get(layer)?.get(name))))
  );
}

/** The first samples and steps of x [N, T, D]; undefined if x has few anyway. */
function reduced(scenario: Scenario): Scenario | undefined {
  const { x, mask, others } = scenario.input;
  if (x.shape.length !== 3 || x.shape[0] <= N || x.shape[1] <= T || mask || others) return undefined;
  const part = samplesOf(scenario, 0, N);
  return withSteps(part, 0, T, part.input.initialStates);
}

/**
 * Whether `size` for few samples and steps can be `wanted` for all: the same number, samples, steps (each once, twice or three times), a
 * few fewer or more, every k-th step, both multiplied, or any of these times a width.
 */
function mayScaleTo(size: number, wanted: number, samples: number, steps: number): boolean {
  const times = (few: number, many: number) => size % few === 0 && wanted === (size / few) * many;
  const strided = [2, 3, 4].some(k => times(Math.ceil(T / k), Math.ceil(steps / k)));
  const near = [
    [T, steps],
    [2 * T, 2 * steps],
    [3 * T, 3 * steps],
    [N, samples],
  ].some(([few, many]) =>
    MISSED.some(missed => {
      const width = size / (few - missed);
      return Number.isInteger(width) && Number.isInteger(wanted / width) && Math.abs(wanted / width - many) <= MOST_MISSED;
    }),
  );
  return size === wanted || near || strided || times(N * T, samples * steps);
}

/** Steps that a mistake omits at an end or adds, for few steps and for all. */
const MISSED = [0, 1, 2, 3, -1, -2, -3];
const MOST_MISSED = 12;
