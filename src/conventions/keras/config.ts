import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../../model/spec.js';
import { wiredModel } from './graph.js';
import { checkModelClass } from './models.js';
import { isKeras1Layer, modernLayer } from './oldConfig.js';
import type { Wired } from './wiring.js';

/**
 * The version that wrote a config. The same activation name can mean different functions in Keras 3, earlier versions and tfjs; only tf.keras and
 * Keras 3 output zeros for steps that a Bidirectional skips. `keras2` is tf.keras, `standalone` is Keras up to 2.3.
 */
export type KerasDialect = 'keras3' | 'keras2' | 'standalone' | 'tfjs';

/**
 * Converts a Keras model config (Sequential or Functional) into a spec for checkSpec. The config is only data: no module is looked up; Lambda and
 * custom objects are refused.
 * @throws RnnError E_KERAS_CLASS, E_KERAS_CONFIG, E_KERAS_OPTION (unsupported or convention) naming the layer
 */
export function specFromKerasConfig(config: unknown, dialect: KerasDialect = 'keras3'): Json {
  const { className, model, old } = modelOf(config);
  return inDialect(specOfModel(className, model, wiredModel(className, model)), old ? 'standalone' : dialect);
}

/** Replaces names by what they meant in the version that wrote the config. */
export function inDialect(spec: Json, dialect: KerasDialect): Json {
  if (dialect === 'keras3') return spec;
  return { ...spec, layers: (spec.layers as Json[]).map(layer => withOldMasks(withOldMeanings(layer, dialect !== 'keras2'))) };
}

/** Merges whose masks were combined with AND before Keras 3: a step was real if it was real in every input. */
const MERGES = new Set(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate']);

function withOldMasks(layer: Json): Json {
  const masks = MERGES.has(String(layer.kind)) ? { masks: 'all' } : {};
  // before Keras 3, a layer with given initial states still used the mask of its input
  const { mask, ...rest } = layer;
  return { ...(mask === null ? rest : layer), ...masks };
}

/** Replaces hard_sigmoid, which was 0.2x + 0.5 before Keras 3 and is x/6 + 0.5 since, also in nested layers. tfjs may write names in camel case. */
function withOldMeanings(layer: Json, holds: boolean): Json {
  const changed = Object.entries(layer).map(([key, value]): [string, unknown] => {
    if ((key === 'activation' || key === 'recurrentActivation') && typeof value === 'string') return [key, oldActivation(value)];
    if (key === 'zeroOutputForMask' && holds) return [key, false];
    if (key === 'cells') return [key, (value as Json[]).map(cell => withOldMeanings(cell, holds))];
    return INSIDE.has(key) ? [key, withOldMeanings(value as Json, holds)] : [key, value];
  });
  return Object.fromEntries(changed);
}

/** Fields that contain a nested layer. */
const INSIDE = new Set(['layer', 'forward', 'backward']);

function oldActivation(name: string): string {
  const plain = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return plain === 'hard_sigmoid' ? 'hard_sigmoid_keras2' : plain;
}

/** Returns a model's class and config, with current argument names; `old`: whether they were those of Keras 1. */
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
