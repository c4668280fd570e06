import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../../model/spec.js';
import { wiredModel } from './graph.js';
import { checkModelClass } from './models.js';
import { isKeras1Layer, modernLayer } from './oldConfig.js';
import type { Wired } from './wiring.js';

/**
 * Whose config it is: one name of an activation means another function in Keras 3 than before and in tfjs; only tf.keras and Keras 3 have zeros where a
 * Bidirectional skips a step. `keras2` is tf.keras, `standalone` Keras until 2.3.
 */
export type KerasDialect = 'keras3' | 'keras2' | 'standalone' | 'tfjs';

/**
 * A Keras model config (Sequential or Functional) into a spec for checkSpec. A config is data: no module is looked up, Lambda and custom objects
 * are refused.
 * @throws RnnError E_KERAS_CLASS, E_KERAS_CONFIG, E_KERAS_OPTION (unsupported or convention) naming the layer
 */
export function specFromKerasConfig(config: unknown, dialect: KerasDialect = 'keras3'): Json {
  const { className, model, old } = modelOf(config);
  return inDialect(specOfModel(className, model, wiredModel(className, model)), old ? 'standalone' : dialect);
}

/** What names meant in the version that wrote them. */
export function inDialect(spec: Json, dialect: KerasDialect): Json {
  if (dialect === 'keras3') return spec;
  return { ...spec, layers: (spec.layers as Json[]).map(layer => withOldMasks(withOldMeanings(layer, dialect !== 'keras2'))) };
}

/** Before Keras 3 a merged step was real where every input had it. */
const MERGES = new Set(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate']);

function withOldMasks(layer: Json): Json {
  const masks = MERGES.has(String(layer.kind)) ? { masks: 'all' } : {};
  // a layer that was given initial states still used the mask of its input
  const { mask, ...rest } = layer;
  return { ...(mask === null ? rest : layer), ...masks };
}

/** hard_sigmoid was 0.2x + 0.5 until Keras 3, which has x/6 + 0.5; tfjs may write names in camel case. Layers inside a layer mean the same. */
function withOldMeanings(layer: Json, holds: boolean): Json {
  const changed = Object.entries(layer).map(([key, value]): [string, unknown] => {
    if ((key === 'activation' || key === 'recurrentActivation') && typeof value === 'string') return [key, oldActivation(value)];
    if (key === 'zeroOutputForMask' && holds) return [key, false];
    if (key === 'cells') return [key, (value as Json[]).map(cell => withOldMeanings(cell, holds))];
    return INSIDE.has(key) ? [key, withOldMeanings(value as Json, holds)] : [key, value];
  });
  return Object.fromEntries(changed);
}

/** Fields that hold a layer. */
const INSIDE = new Set(['layer', 'forward', 'backward']);

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

/** The spec of a wired model: its inputs, layers and outputs with the name of the model. */
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
  return { ...(inputs.length === 1 ? { input: inputs[0] } : { inputs }), layers, ...(named ? { outputs } : { output: only.value }) };
}
