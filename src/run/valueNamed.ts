import type { EngineInput, EngineOutput } from '../engines/engine.js';
import type { Value } from '../layers/layer.js';
import { inferShapes } from '../model/shapes.js';
import type { ModelSpec } from '../model/spec.js';

/**
 * Finds a value of a run by the name under which layers read it: an input, the output of a layer, or `encoder/h`, one of its states.
 * @param name undefined for a constant, which has no input
 */
export function valueNamed(name: string | undefined, model: ModelSpec, input: EngineInput, output: EngineOutput): Value | undefined {
  if (name === undefined) return undefined;
  if (name === model.input.name) return { tensor: input.x, mask: input.mask };
  const other = input.others?.get(name);
  if (other) return { tensor: other };
  const layer = output.layers.get(name);
  if (layer) return layer;
  const slash = name.lastIndexOf('/');
  const giver = name.slice(0, slash);
  const place = inferShapes(model)
    .layers.find(l => l.layer.name === giver)
    ?.others.findIndex(({ suffix }) => suffix === name.slice(slash + 1));
  const tensor = place === undefined ? undefined : output.layers.get(giver)?.others?.[place];
  return tensor && { tensor };
}
