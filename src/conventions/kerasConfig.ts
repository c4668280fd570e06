import { wordOf } from '../escape.js';
import { asObject, type Json, list, text } from '../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../model/spec.js';
import { checkModelClass, type Wired, wiredModel } from './kerasGraph.js';
import { isKeras1Layer, modernLayer } from './kerasOldConfig.js';

/**
 * A Keras model config (Keras 2 and 3; Sequential, and Functional chains and branches) into a spec for checkSpec.
 * A config is data: no module is looked up, Lambda and custom objects are refused.
 */
/** Whose config it is: one name of an activation means another function in Keras 3 than before and in tfjs. */
export type KerasDialect = 'keras3' | 'keras2' | 'tfjs';

/** @throws RnnError E_KERAS_CLASS, E_KERAS_CONFIG, E_KERAS_OPTION (unsupported or convention) naming the layer */
export function specFromKerasConfig(config: unknown, dialect: KerasDialect = 'keras3'): Json {
  const { spec, old } = readModel(config);
  return dialect === 'keras3' && !old ? spec : { ...spec, layers: (spec.layers as Json[]).map(withOldActivations) };
}

/** Before Keras 3 a merged step was real where every input had it. */
const MERGES = new Set(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate']);
const ACTIVATION_FIELDS = ['activation', 'recurrentActivation'];

/** hard_sigmoid was 0.2x + 0.5 until Keras 3, which has x/6 + 0.5; tfjs may write names in camel case. */
function withOldActivations(layer: Json): Json {
  const changed = ACTIVATION_FIELDS.filter(key => typeof layer[key] === 'string').map(key => [key, oldActivation(String(layer[key]))]);
  const masks = MERGES.has(String(layer.kind)) ? { masks: 'all' } : {};
  return { ...layer, ...Object.fromEntries(changed), ...masks };
}

function oldActivation(name: string): string {
  const plain = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return plain === 'hard_sigmoid' ? 'hard_sigmoid_keras2' : plain;
}

/** @returns the spec, and whether the words are those of Keras 1 */
function readModel(config: unknown): { spec: Json; old: boolean } {
  const { class_name, config: body } = asObject(config, 'model config');
  const model = asObject(Array.isArray(body) ? { layers: body } : body, 'model config');
  checkModelClass(class_name);
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  const spec = {
    schema: SPEC_SCHEMA,
    name: text(model.name) ?? wordOf(class_name).toLowerCase(),
    functional: class_name !== 'Sequential',
    ...inputsAndOutputs(wiredModel(wordOf(class_name), { ...model, layers: layers.map(modernLayer) })),
  };
  return { spec, old: layers.some(isKeras1Layer) };
}

/** One input and one output under their plain keys, several as lists. */
function inputsAndOutputs({ inputs, layers, outputs }: Wired): Json {
  const [only, ...others] = outputs;
  const named = others.length > 0 || only.name !== only.value;
  return {
    ...(inputs.length === 1 ? { input: inputs[0] } : { inputs }),
    layers,
    ...(named ? { outputs } : { output: only.value }),
  };
}
