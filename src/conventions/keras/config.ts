import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../../model/spec.js';
import { checkModelClass, type Wired, wiredModel } from './graph.js';
import { isKeras1Layer, modernLayer } from './oldConfig.js';

/**
 * A Keras model config (Keras 2 and 3; Sequential, and Functional chains and branches) into a spec for checkSpec.
 * A config is data: no module is looked up, Lambda and custom objects are refused.
 */
/** Whose config it is: one name of an activation means another function in Keras 3 than before and in tfjs. */
export type KerasDialect = 'keras3' | 'keras2' | 'tfjs';

/** @throws RnnError E_KERAS_CLASS, E_KERAS_CONFIG, E_KERAS_OPTION (unsupported or convention) naming the layer */
export function specFromKerasConfig(config: unknown, dialect: KerasDialect = 'keras3'): Json {
  const { className, model, old } = modelOf(config);
  return inDialect(specOfModel(className, model, wiredModel(className, model)), old ? 'keras2' : dialect);
}

/** What names meant to whoever wrote them. */
export function inDialect(spec: Json, dialect: KerasDialect): Json {
  return dialect === 'keras3' ? spec : { ...spec, layers: (spec.layers as Json[]).map(withOldActivations) };
}

/** Before Keras 3 a merged step was real where every input had it. */
const MERGES = new Set(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate']);
const ACTIVATION_FIELDS = ['activation', 'recurrentActivation'];

/** hard_sigmoid was 0.2x + 0.5 until Keras 3, which has x/6 + 0.5; tfjs may write names in camel case. */
function withOldActivations(layer: Json): Json {
  const changed = ACTIVATION_FIELDS.filter(key => typeof layer[key] === 'string').map(key => [key, oldActivation(String(layer[key]))]);
  const masks = MERGES.has(String(layer.kind)) ? { masks: 'all' } : {};
  // a layer that was given initial states still used the mask of its input
  const { mask, ...rest } = layer;
  return { ...(mask === null ? rest : layer), ...Object.fromEntries(changed), ...masks };
}

function oldActivation(name: string): string {
  const plain = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return plain === 'hard_sigmoid' ? 'hard_sigmoid_keras2' : plain;
}

/** A model's class and its config, layers in the words of today; `old`: they were those of Keras 1. */
export function modelOf(config: unknown): { className: string; model: Json; old: boolean } {
  const { class_name, config: body } = asObject(config, 'model config');
  const model = asObject(Array.isArray(body) ? { layers: body } : body, 'model config');
  const className = checkModelClass(class_name);
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  return { className, model: { ...model, layers: layers.map(modernLayer) }, old: layers.some(isKeras1Layer) };
}

export function specOfModel(className: string, model: Json, wired: Pick<Wired, 'inputs' | 'layers' | 'outputs'>): Json {
  return {
    schema: SPEC_SCHEMA,
    name: text(model.name) ?? className.toLowerCase(),
    functional: className !== 'Sequential',
    ...inputsAndOutputs(wired),
  };
}

/** One input and one output under their plain keys, several as lists. */
function inputsAndOutputs({ inputs, layers, outputs }: Pick<Wired, 'inputs' | 'layers' | 'outputs'>): Json {
  const [only, ...others] = outputs;
  const named = others.length > 0 || only.name !== only.value;
  return {
    ...(inputs.length === 1 ? { input: inputs[0] } : { inputs }),
    layers,
    ...(named ? { outputs } : { output: only.value }),
  };
}
