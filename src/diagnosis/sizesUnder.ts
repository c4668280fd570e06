import { once } from '../once.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { core } from './outputReadings.js';
import { runScenario, workOf } from './run.js';
import { variantsOf } from './runCache.js';
import { type Scenario, samplesOf, withSteps } from './scenario.js';

/** Sizes of an output under a mistake, told from a few samples and steps: running a large network to learn its shape alone takes minutes. */

/** As few of each; they are no usual sizes of layers. */
const [N, T] = [5, 7];

/** Smaller problems are run whole, multiply-adds. */
const SMALL = 2e7;

/** @param small problems of fewer multiply-adds are not looked at @returns whether y under a change may have this shape; true where a few samples and steps do not say */
export function maySize(
  scenario: Scenario,
  shape: readonly number[],
  small = SMALL,
): (hypothesis: Hypothesis, variant: Variant) => boolean {
  const few = workOf(scenario) < small ? undefined : fewOf(scenario);
  if (!few) return () => true;
  const wanted = core(shape);
  const [samples, steps] = scenario.input.x.shape;
  const right = once(() => runScenario(few));
  const gives = (variant: Variant) => {
    const changed = variant.change(few);
    const y = changed && (keepsSizes(few, changed) ? right()?.y : runScenario(changed, { like: right() })?.y);
    const sizes = y && core(y.shape);
    return !sizes || (sizes.length === wanted.length && sizes.every((size, i) => mayStandFor(size, wanted[i], samples, steps)));
  };
  const known = new Map<string, boolean>();
  return (hypothesis, { code, layer }) => {
    const key = `${code} ${layer}`;
    const result = known.get(key) ?? anyOf(variantsOf(hypothesis, few).filter(v => v.code === code && v.layer === layer));
    known.set(key, result);
    return result;
  };

  /** A code may have hundreds of variants: whether any of them fits is asked once. */
  function anyOf(own: readonly Variant[]): boolean {
    return own.length === 0 || own.some(gives);
  }
}

/** Whether a change leaves all sizes as they are, told without a run. */
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

/** x [N, T, D] alone; undefined where it has few samples or steps anyway. */
function fewOf(scenario: Scenario): Scenario | undefined {
  const { x, mask, others } = scenario.input;
  if (x.shape.length !== 3 || x.shape[0] <= N || x.shape[1] <= T || mask || others) return undefined;
  const part = samplesOf(scenario, 0, N);
  return withSteps(part, 0, T, part.input.initialStates);
}

/** Itself, samples, steps (once, or each of them twice or three times), some fewer or more, every k-th step, both together, or any of them times a width. */
function mayStandFor(size: number, wanted: number, samples: number, steps: number): boolean {
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

/** Of so few, and of all: what a mistake leaves out at an end, or adds. */
const MISSED = [0, 1, 2, 3, -1, -2, -3];
const MOST_MISSED = 12;
