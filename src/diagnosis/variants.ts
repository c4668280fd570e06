import { isRecurrent, type LayerSpec } from '../model/spec.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Way } from './hypothesis.js';
import type { Change, LayerWeights, LoopFault, Scenario } from './scenario.js';
import { changeLoop, changeWeights, inLayers, placesOf } from './scenario.js';

/**
 * The mistake in all of these layers at once, and in each of them.
 * @param more further fields, or a function that returns them for a place ('lstm_1', 'every LSTM'; null: all layers); @ in `why` is
 * replaced by the place
 */
export function inEach<L extends LayerSpec>(
  layers: readonly L[],
  change: (scenario: Scenario, layer: L) => Scenario | undefined,
  more: Partial<Way> | ((where: string | null) => Partial<Way>) = {},
): Way[] {
  return placesOf(layers).map(({ names, layer, where }) => {
    const own = typeof more === 'function' ? more(where) : more;
    const why = own.why?.replaceAll('@', where ?? everyOf(layers));
    return { layer, change: inLayers(names, (s, l) => change(s, l as L)), ...own, ...(why && { why }) };
  });
}

/** 'every LSTM', if all layers are of that kind. */
function everyOf(layers: readonly LayerSpec[]): string {
  const [{ kind }] = layers;
  if (!isRecurrent(layers[0])) return `every ${kind} layer`;
  return layers.every(l => l.kind === kind) && kind !== 'rnn' ? `every ${kind.toUpperCase()}` : 'every recurrent layer';
}

/** `inEach` for a fault between or inside the steps. */
export function inLoops(
  layers: readonly LayerSpec[],
  fault: LoopFault,
  more?: Partial<Way> | ((where: string | null) => Partial<Way>),
): Way[] {
  return inEach(layers, (s, l) => changeLoop(s, l.name, fault), more);
}

/** Adds a function to be applied to y at the end. */
export function finished(scenario: Scenario, finish: (y: Tensor) => Tensor): Scenario {
  return { ...scenario, finish: [...scenario.finish, finish] };
}

/** Changes the weights of a layer with one of these names (Wx, Wh, bh) in all directions. */
export function onNamed(scenario: Scenario, layer: string, names: readonly string[], change: (t: Tensor) => Tensor): Scenario {
  return changeWeights(scenario, layer, (name, t) => (names.includes(name.replace(/^.*\//, '')) ? change(t) : t));
}

/**
 * Changes all weights of all layers; each tensor is changed only once, even if the change is applied several times. undefined if no number
 * changes.
 */
export function onAllWeights(change: (t: Tensor, name: string, layer: string) => Tensor): Change {
  const known = new WeakMap<Tensor, Tensor>();
  const once = (t: Tensor, name: string, layer: string) => {
    const result = known.get(t) ?? keptIfEqual(t, change(t, name, layer));
    known.set(t, result);
    return result;
  };
  return s => {
    let changed = false;
    const weights = new Map<string, LayerWeights>();
    for (const [layer, own] of s.weights) {
      const now = [...own].map(([name, t]) => [name, once(t, name, layer)] as const);
      const isSame = now.every(([name, t]) => t === own.get(name));
      weights.set(layer, isSame ? own : new Map(now));
      changed ||= !isSame;
    }
    return changed ? { ...s, weights } : undefined;
  };
}

/** Returns `before` if no number differs, so that its layer need not be recomputed. */
function keptIfEqual(before: Tensor, after: Tensor): Tensor {
  if (before === after || !sameShape(before.shape, after.shape)) return after;
  for (let k = 0; k < before.data.length; k++) if (!Object.is(before.data[k], after.data[k])) return after;
  return before;
}

/**
 * A variant for --simulate and detectability only: found in another way, or fitting too easily to be believed, so it is never searched for.
 */
export function simulated(layer: string | null, change: Change): Way {
  return { layer, unsearched: true, change };
}

/** A variant that applies `finish` to y. */
export function finishing(finish: (y: Tensor) => Tensor, more: Partial<Way> = {}): Way {
  return { change: s => finished(s, finish), ...more };
}
