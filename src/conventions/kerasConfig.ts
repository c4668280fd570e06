import { RnnError } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';
import { asObject, type Json, list, text, unsupportedClass } from '../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../model/spec.js';
import { readLayer } from './kerasLayers.js';
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

const ACTIVATION_FIELDS = ['activation', 'recurrentActivation'];

/** hard_sigmoid was 0.2x + 0.5 until Keras 3, which has x/6 + 0.5; tfjs may write names in camel case. */
function withOldActivations(layer: Json): Json {
  const changed = ACTIVATION_FIELDS.filter(key => typeof layer[key] === 'string').map(key => [key, oldActivation(String(layer[key]))]);
  return { ...layer, ...Object.fromEntries(changed) };
}

function oldActivation(name: string): string {
  const plain = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return plain === 'hard_sigmoid' ? 'hard_sigmoid_keras2' : plain;
}

/** @returns the spec, and whether the words are those of Keras 1 */
function readModel(config: unknown): { spec: Json; old: boolean } {
  const { class_name, config: body } = asObject(config, 'model config');
  const model = asObject(Array.isArray(body) ? { layers: body } : body, 'model config');
  const read = class_name === 'Sequential' ? sequential : class_name === 'Functional' || class_name === 'Model' ? functional : undefined;
  if (!read) throw unsupportedClass(class_name, 'a Sequential or Functional model');
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  const spec = {
    schema: SPEC_SCHEMA,
    name: text(model.name) ?? wordOf(class_name).toLowerCase(),
    functional: class_name !== 'Sequential',
    ...read({ ...model, layers: layers.map(modernLayer) }),
  };
  return { spec, old: layers.some(isKeras1Layer) };
}

function sequential(model: Json): Json {
  const all = list(model.layers).map(l => asObject(l, 'layer'));
  const first = asObject(all[0]?.config ?? {}, 'layer');
  const build = list((model.build_input_shape as unknown) ?? []);
  const shape = inputShape(first) ?? (build.length > 0 ? build : undefined);
  const layers = all.filter(l => l.class_name !== 'InputLayer').map(readLayer);
  const open = all.slice(0, -1).find(l => asObject(l.config ?? {}, 'layer').return_state === true);
  if (open) throw readsStates('the layer after it', text(asObject(open.config, 'layer').name) ?? wordOf(open.class_name));
  return { input: inputOf(shape, layers, all[0]?.class_name === 'InputLayer' ? text(first.name) : undefined), layers };
}

function functional(model: Json): Json {
  const all = list(model.layers).map(l => asObject(l, 'layer'));
  const inputs = all.filter(l => l.class_name === 'InputLayer');
  if (inputs.length !== 1) {
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the model has ${inputs.length} inputs`, {
      expected: 'one input',
      found: String(inputs.length),
      fix: 'cut the model to the part with one input',
    });
  }
  // states that a layer returns beside its output (return_state) are among the results of every run
  const outputs = tensorsIn(model.output_layers).filter(({ index }) => index === 0);
  if (outputs.length !== 1)
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the model has ${outputs.length} outputs`, {
      expected: 'one output',
      found: outputs.map(o => escapeText(o.layer, 40)).join(', ') || 'states alone',
    });
  const layers = inTopologicalOrder(
    all.filter(l => l.class_name !== 'InputLayer').map(l => ({ ...readLayer(l), inputs: inboundNames(l) })),
    text(asObject(inputs[0].config, 'input').name) ?? 'input',
  );
  const config = asObject(inputs[0].config, 'input');
  return { input: inputOf(inputShape(config), layers, text(config.name)), layers, output: outputs[0].layer };
}

function inputShape(config: Json): unknown[] | undefined {
  const shape = config.batch_shape ?? config.batch_input_shape;
  return Array.isArray(shape) ? shape : undefined;
}

function inputOf(shape: readonly unknown[] | undefined, layers: readonly Json[], name: string | undefined): Json {
  const [batch, timesteps, features] = shape ?? [];
  const tokens = layers[0]?.kind === 'embedding';
  return {
    ...(name === undefined ? {} : { name }),
    batch: batch ?? null,
    timesteps: timesteps ?? null,
    features: tokens ? null : (features ?? null),
  };
}

/** Names of the layers a layer reads: Keras 3 keeps them in keras_history, Keras 2 in nested lists. */
function inboundNames(layer: Json): string[] {
  const nodes = list(layer.inbound_nodes);
  if (nodes.length !== 1)
    throw new RnnError('unsupported', 'E_KERAS_OPTION', `the layer is called ${nodes.length} times`, {
      where: escapeText(text(layer.name) ?? ''),
      expected: 'once',
      found: String(nodes.length),
    });
  return tensorsIn(nodes[0]).map(({ layer: read, index }) => {
    if (index === 0) return read;
    throw readsStates(text(layer.name) ?? text(asObject(layer.config ?? {}, 'layer').name) ?? 'a layer', read);
  });
}

function readsStates(reader: string, layer: string): RnnError {
  return new RnnError('unsupported', 'E_KERAS_OPTION', `${escapeText(reader, 60)} reads the states that ${escapeText(layer, 60)} returns`, {
    where: 'return_state',
    expected: 'layers that read outputs of layers',
    found: `a state of ${escapeText(layer, 60)}`,
    fix: 'cut the model in two, and give the states with --h0 and --c0',
  });
}

/** Where a tensor comes from: a layer's output (0), or one of the states it returns beside it. */
interface History {
  readonly layer: string;
  readonly index: number;
}

const DEEPEST = 16;

function collect(node: unknown, found: History[], depth: number): void {
  if (depth > DEEPEST) throw new RnnError('convention', 'E_KERAS_CONFIG', 'inbound_nodes are nested too deeply');
  if (Array.isArray(node)) {
    if (typeof node[0] === 'string' && typeof node[1] === 'number') {
      found.push({ layer: node[0], index: Number(node[2] ?? 0) });
      collect(node[3], found, depth + 1); // arguments by name: initial_state
    } else for (const part of node) collect(part, found, depth + 1);
  } else if (typeof node === 'object' && node !== null) {
    const object = node as Json;
    const history = object.class_name === '__keras_tensor__' ? (object.config as Json | undefined)?.keras_history : undefined;
    if (Array.isArray(history) && typeof history[0] === 'string') found.push({ layer: history[0], index: Number(history[2] ?? 0) });
    else if (object.args !== undefined) {
      collect(object.args, found, depth + 1);
      collect(object.kwargs, found, depth + 1);
    } else for (const value of Object.values(object)) collect(value, found, depth + 1);
  }
}

function tensorsIn(node: unknown): History[] {
  const found: History[] = [];
  collect(node, found, 0);
  return found;
}

/** Keras lists layers by depth, which is an order of data flow already for its own files; others are sorted. */
function inTopologicalOrder(layers: readonly Json[], input: string): Json[] {
  const done = new Set([input]);
  const sorted: Json[] = [];
  const rest = [...layers];
  while (rest.length > 0) {
    // the first one that is ready, so that an order of data flow stays as it is: weight files count layers in it
    const ready = rest.findIndex(l => (l.inputs as string[]).every(name => done.has(name)));
    if (ready < 0)
      throw new RnnError('convention', 'E_KERAS_CONFIG', 'the layers do not form a chain from the input', {
        found: rest.map(l => escapeText(wordOf(l.name), 40)).join(', '),
      });
    const [layer] = rest.splice(ready, 1);
    done.add(wordOf(layer.name));
    sorted.push(layer);
  }
  return sorted;
}
