import { isRecurrent, type LayerSpec } from '../model/spec.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Way } from './hypothesis.js';
import type { Change, LayerWeights, LoopFault, Scenario } from './scenario.js';
import { changeLoop, changeWeights, inLayers, placesOf } from './scenario.js';

/**
 * The mistake in all of these layers at once, and in each of them alone.
 * @param more what else is to be said of it, or of it there ('lstm_1', 'every LSTM'; null: all of them); @ in its `why` stands for where
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

/** 'every LSTM', where all of them are that. */
function everyOf(layers: readonly LayerSpec[]): string {
  const [{ kind }] = layers;
  if (!isRecurrent(layers[0])) return `every ${kind} layer`;
  return layers.every(l => l.kind === kind) && kind !== 'rnn' ? `every ${kind.toUpperCase()}` : 'every recurrent layer';
}

/** The same between or inside the steps of these layers. */
export function inLoops(
  layers: readonly LayerSpec[],
  fault: LoopFault,
  more?: Partial<Way> | ((where: string | null) => Partial<Way>),
): Way[] {
  return inEach(layers, (s, l) => changeLoop(s, l.name, fault), more);
}

/** What happens to y at the end, after all that happens to it already. */
export function finished(scenario: Scenario, finish: (y: Tensor) => Tensor): Scenario {
  return { ...scenario, finish: [...scenario.finish, finish] };
}

/** Those weights of a layer changed whose name, without its direction, is one of these: Wx, Wh, bh. */
export function onNamed(scenario: Scenario, layer: string, names: readonly string[], change: (t: Tensor) => Tensor): Scenario {
  return changeWeights(scenario, layer, (name, t) => (names.includes(name.replace(/^.*\//, '')) ? change(t) : t));
}

/** Every weight of every layer changed; each tensor once, however often the change is made. undefined where no number changes. */
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

/** The tensor itself where a change leaves all its numbers as they are: its layer need not be computed again. */
function keptIfEqual(before: Tensor, after: Tensor): Tensor {
  if (before === after || !sameShape(before.shape, after.shape)) return after;
  for (let k = 0; k < before.data.length; k++) if (!Object.is(before.data[k], after.data[k])) return after;
  return before;
}

/** For --simulate and for what an input can show: found in another way, or too free to be believed, so never searched. */
export function simulated(layer: string | null, change: Change): Way {
  return { layer, unsearched: true, change };
}

/** y as it is, and then `finish`. */
export function finishing(finish: (y: Tensor) => Tensor, more: Partial<Way> = {}): Way {
  return { change: s => finished(s, finish), ...more };
}
