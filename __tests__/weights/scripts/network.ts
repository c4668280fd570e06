import { checkSpec } from '../../../src/model/check.js';
import type { FrameworkName } from '../../../src/model/frameworks.js';
import { parseLayers } from '../../../src/model/parse.js';
import { inferSequences } from '../../../src/model/sequences.js';
import { inferShapes, type ModelShapes, weightShapesByLayer } from '../../../src/model/shapes.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import type { WeightShapes } from '../../../src/weights/weights.js';

/** A network in the words of --layers. */
export function networkOf(
  text: string,
  features: number,
  framework: FrameworkName = 'keras',
): { model: ModelSpec; shapes: WeightShapes; modelShapes: ModelShapes } {
  const layers = inferSequences(parseLayers(text).layers, false);
  const model = checkSpec({ input: { timesteps: 10, features }, layers }, framework);
  const modelShapes = inferShapes(model);
  return { model, shapes: weightShapesByLayer(modelShapes), modelShapes };
}
