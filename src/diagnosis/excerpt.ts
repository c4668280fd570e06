import { isRecurrent, type ModelSpec } from '../model/spec.js';
import { largestDifference } from '../tensor/difference.js';
import { concatFirst, sliceFirst, stepsOf } from '../tensor/layout.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Variant } from './hypothesis.js';
import { type Outcome, type Part, runScenario } from './run.js';
import { recurrentLayers, runsForward, type Scenario, withSteps } from './scenario.js';

/**
 * A few steps of a long sequence that reveal the effect of a mistake: the first ones if y has a row per step, else the last ones, run once
 * from the correct states and once from zeros. The difference of the two bounds the influence of the omitted steps.
 */
export interface Excerpt {
  /** The part of a y (the correct one, or another) that corresponds to the excerpt's y. */
  of(y: Tensor): Tensor;
  /** y of the excerpt under a change inside the step, and how far the omitted steps may move it; undefined if the change does not fit. */
  under(variant: Variant): Excerpted | undefined;
  /** `under` for a change of only x or the initial states; undefined for any other change. */
  beside(variant: Variant): Excerpted | undefined;
  /** How far a change moves y if the steps before the excerpt were correct; undefined if the change does not fit. */
  moved(variant: Variant): number | undefined;
}

interface Excerpted {
  readonly y: Tensor;
  readonly spread: number;
}

/** Shorter sequences are run as a whole. */
const LEAST_STEPS = 32;

/** States under a mistake are assumed to be at most this many times as far from the correct ones as zeros are. */
const TIMES_SPREAD = 10;

const excerpts = new WeakMap<Scenario, readonly Excerpt[]>();

/**
 * The excerpts of a part, cached, the shortest first. None if the sequence is short, or if steps depend on more than the ones before
 * (masks, two directions, pooling).
 */
export function excerptsOf({ scenario }: Part): readonly Excerpt[] {
  const made = excerpts.get(scenario) ?? excerptsFor(scenario);
  excerpts.set(scenario, made);
  return made;
}

const PLAIN = new Set(['rnn', 'lstm', 'gru', 'dense', 'dropout', 'activation', 'embedding']);

/** Number of steps on which most mistakes already show. */
const FEWEST_STEPS = 8;

function excerptsFor(scenario: Scenario): readonly Excerpt[] {
  const { model, input, loops, masks } = scenario;
  const T = input.x.shape[1];
  const steps = Math.max(FEWEST_STEPS, Math.ceil(T / 12));
  const inOrder = model.layers.every(l => PLAIN.has(l.kind) && (!isRecurrent(l) || (runsForward(l) && !l.stateful)));
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

/** Whether y has a row for each step, for layers in a chain. */
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
      const changed = withInputChange(variant, scenario);
      const isCut = changed?.input.x.shape[1] !== scenario.input.x.shape[1];
      return isCut ? undefined : exactly(runScenario(withSteps(changed, 0, steps, changed.input.initialStates), { like: right })?.y);
    },
    moved: movedIn(part),
  };
}

/** Runs each sample twice: from its correct states, and from zeros. Empty if the states do not fit. */
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
      const changed = withInputChange(variant, scenario);
      if (!changed || changed.input.x === scenario.input.x) return changed && spreading(right.y);
      const end = changed.input.x.shape[1];
      const last = end < steps ? undefined : withSteps(changed, end - steps, end, states);
      return last && spreading(runScenario({ ...last, input: twice(last.input) }, { like: right })?.y);
    },
    moved: movedIn(warm),
  };
  return [excerpt];
}

/** The changed scenario, if only x or the initial states differ. */
function withInputChange(variant: Variant, scenario: Scenario): Scenario | undefined {
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

/** Appends zeros: [N, w] -> [2·N, w]. */
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

/** The first steps of y, if it has a row per step; any other y unchanged. */
function rowsOf(y: Tensor, steps: number): Tensor {
  return y.shape.length === 3 ? stepsOf(y, 0, steps) : y;
}
