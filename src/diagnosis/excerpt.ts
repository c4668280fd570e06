import { isRecurrent, type ModelSpec } from '../model/spec.js';
import { largestDifference } from '../tensor/difference.js';
import { concatFirst, sliceFirst, stepsOf } from '../tensor/layout.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Variant } from './hypothesis.js';
import { type Outcome, type Part, runScenario } from './run.js';
import { recurrentLayers, type Scenario, withSteps } from './scenario.js';

/**
 * A few steps of a long sequence on which a mistake shows what it does: the first ones where y has one row a step, else the
 * last ones, once from the right states before them and once from zeros. How far those two are apart says how much the steps left out matter.
 */
export interface Excerpt {
  /** the part of the right y, or of another one, that the excerpt's y stands for */
  of(y: Tensor): Tensor;
  /** y of the excerpt under a change inside the step, and by how much the steps left out may move it; undefined where it does not fit */
  under(variant: Variant): Excerpted | undefined;
  /** the same under a change of x or of the first states alone; undefined for any other change */
  beside(variant: Variant): Excerpted | undefined;
  /** by how much a change moves its y when the steps before it were right; undefined where it does not fit */
  moved(variant: Variant): number | undefined;
}

interface Excerpted {
  readonly y: Tensor;
  readonly spread: number;
}

/** Shorter sequences are run whole. */
const LEAST_STEPS = 32;

/** The states under a mistake are this many times as far from the right ones as zeros are, at most. */
const TIMES_SPREAD = 10;

const excerpts = new WeakMap<Scenario, readonly Excerpt[]>();

/** Made once for each part, the shorter one first; none where the sequence is short, or where steps do not follow each other alone (masks, two directions, pooling). */
export function excerptsOf({ scenario }: Part): readonly Excerpt[] {
  const made = excerpts.get(scenario) ?? excerptsFor(scenario);
  excerpts.set(scenario, made);
  return made;
}

const PLAIN = new Set(['rnn', 'lstm', 'gru', 'dense', 'dropout', 'activation', 'embedding']);

/** Steps that most mistakes already show on. */
const FEWEST_STEPS = 8;

function excerptsFor(scenario: Scenario): readonly Excerpt[] {
  const { model, input, loops, masks } = scenario;
  const T = input.x.shape[1];
  const steps = Math.max(FEWEST_STEPS, Math.ceil(T / 12));
  const inOrder = model.layers.every(
    l => PLAIN.has(l.kind) && (!isRecurrent(l) || (l.bidirectional === null && !l.goBackwards && !l.stateful)),
  );
  const masked = input.mask !== undefined || model.layers.some(l => l.kind === 'embedding' && l.maskZero);
  if (T < LEAST_STEPS || model.otherInputs || !inOrder || masked || !masks || loops.size > 0 || scenario.finish.length > 0) return [];
  const lengths = steps >= 2 * FEWEST_STEPS ? [FEWEST_STEPS, steps] : [steps];
  if (isSequence(model)) return lengths.flatMap(length => firstSteps(scenario, length) ?? []);
  const made: Excerpt[] = [];
  let [from, states] = [0, scenario.input.initialStates];
  for (const length of lengths.toReversed()) {
    const before = runScenario(withSteps(scenario, from, T - length, states));
    if (!before) return [];
    states = new Map(recurrentLayers(scenario).map(({ name }) => [name, before.layers.get(name)?.result.states ?? []]));
    from = T - length;
    made.unshift(...lastSteps(scenario, length, states));
  }
  return made;
}

/** Whether y has a row for each step, where layers follow each other. */
function isSequence({ input, layers, output }: ModelSpec): boolean {
  let name = output;
  for (;;) {
    const layer = layers.find(l => l.name === name);
    if (!layer) return name === input.name;
    if (isRecurrent(layer) && !layer.returnSequences) return false;
    name = layer.inputs[0];
  }
}

function firstSteps(scenario: Scenario, steps: number): Excerpt | undefined {
  const part = withSteps(scenario, 0, steps, scenario.input.initialStates);
  const right = runScenario(part);
  if (!right) return undefined;
  const exactly = (y: Tensor | undefined) => y && { y, spread: 0 };
  return {
    of: y => rowsOf(y, steps),
    under: remembered(variant => exactly(outputOf(variant, part, right))),
    beside(variant) {
      const changed = besideSteps(variant, scenario);
      const isCut = changed?.input.x.shape[1] !== scenario.input.x.shape[1];
      return isCut ? undefined : exactly(runScenario(withSteps(changed, 0, steps, changed.input.initialStates), { like: right })?.y);
    },
    moved: movedIn(part),
  };
}

/** Each sample twice: going on from its right states, and from zeros. Empty where they do not fit. */
function lastSteps(scenario: Scenario, steps: number, states: ReadonlyMap<string, readonly Tensor[]>): Excerpt[] {
  const T = scenario.input.x.shape[1];
  const N = scenario.input.x.shape[0];
  const warm = withSteps(scenario, T - steps, T, states);
  const initialStates = new Map([...states].map(([name, own]) => [name, own.map(besideZeros)] as const));
  const twice = ({ x }: Scenario['input']) => ({ x: concatFirst([x, x]), initialStates });
  const part = { ...warm, input: twice(warm.input) };
  const right = runScenario(part);
  if (!right) return [];
  const spreading = (both: Tensor | undefined) => {
    if (!both || both.shape[0] !== 2 * N) return undefined;
    const [y, cold] = [sliceFirst(both, 0, N), sliceFirst(both, N, 2 * N)];
    return { y, spread: TIMES_SPREAD * largestDifference(y.data, cold.data).abs };
  };
  const excerpt: Excerpt = {
    of: y => y,
    under: remembered(variant => spreading(outputOf(variant, part, right))),
    beside(variant) {
      const changed = besideSteps(variant, scenario);
      if (!changed || changed.input.x === scenario.input.x) return changed && spreading(right.y);
      const end = changed.input.x.shape[1];
      const last = end < steps ? undefined : withSteps(changed, end - steps, end, states);
      return last && spreading(runScenario({ ...last, input: twice(last.input) }, { like: right })?.y);
    },
    moved: movedIn(warm),
  };
  return [excerpt];
}

/** What a change makes of a scenario, where it is another x or other first states and nothing else. */
function besideSteps(variant: Variant, scenario: Scenario): Scenario | undefined {
  const changed = variant.change(scenario);
  const [before, after] = [scenario.input, changed?.input];
  const isBeside =
    changed?.model.layers === scenario.model.layers &&
    changed.model.output === scenario.model.output &&
    FIELDS.every(field => changed[field] === scenario[field]) &&
    after?.mask === before.mask &&
    after?.others === before.others &&
    after?.x.shape.length === before.x.shape.length &&
    after?.x.shape.every((size, axis) => axis === 1 || size === before.x.shape[axis]);
  return isBeside ? changed : undefined;
}

const FIELDS = ['weights', 'loops', 'masks', 'finish'] as const;

function movedIn(part: Scenario): Excerpt['moved'] {
  let right: Outcome | undefined;
  return variant => {
    right ??= runScenario(part);
    const y = right && outputOf(variant, part, right);
    return y && sameShape(y.shape, right!.y.shape) ? largestDifference(y.data, right!.y.data).abs : undefined;
  };
}

/** [N, w] -> [2·N, w], the second half zero */
function besideZeros(t: Tensor): Tensor {
  return concatFirst([t, { shape: t.shape, data: new Float64Array(t.data.length) }]);
}

function remembered<R>(run: (variant: Variant) => R): (variant: Variant) => R {
  const known = new Map<Variant, R>();
  return variant => {
    if (!known.has(variant)) known.set(variant, run(variant));
    return known.get(variant)!;
  };
}

function outputOf(variant: Variant, scenario: Scenario, right: Outcome): Tensor | undefined {
  const changed = variant.change(scenario);
  return changed && runScenario(changed, { like: right })?.y;
}

/** The first steps of a y at every step; of another shape it stays as it is. */
function rowsOf(y: Tensor, steps: number): Tensor {
  return y.shape.length === 3 ? stepsOf(y, 0, steps) : y;
}
