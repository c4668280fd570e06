import type { LayerSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variant } from './hypothesis.js';
import { changeWeights, inLayers, placesOf, type Scenario } from './scenario.js';

/** The mistake in all of these layers at once, and in each of them alone. @param more what else is to be said of it there; null: of all of them */
export function inEach<L extends LayerSpec>(
  layers: readonly L[],
  code: string,
  change: (scenario: Scenario, layer: L) => Scenario | undefined,
  more: (layer: string | null) => Partial<Variant> = () => ({}),
): Variant[] {
  return placesOf(layers).map(({ names, layer }) => ({
    code,
    layer,
    change: inLayers(names, (s, l) => change(s, l as L)),
    ...more(layer),
  }));
}

/** What happens to y at the end, after all that happens to it already. */
export function finished(scenario: Scenario, finish: (y: Tensor) => Tensor): Scenario {
  return { ...scenario, finish: [...scenario.finish, finish] };
}

/** Those weights of a layer changed whose name, without its direction, is one of these: Wx, Wh, bh. */
export function onNamed(scenario: Scenario, layer: string, names: readonly string[], change: (t: Tensor) => Tensor): Scenario {
  return changeWeights(scenario, layer, (name, t) => (names.includes(name.replace(/^.*\//, '')) ? change(t) : t));
}
