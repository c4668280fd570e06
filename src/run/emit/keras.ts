import type { ActivationSpec } from '../../activations/activation.js';
import { getActivation } from '../../activations/index.js';
import { getCell, rowOf } from '../../cells/index.js';
import { foreignWeight } from '../../conventions/keras/keras.js';
import { type AnyLayer, getLayerKind } from '../../layers/index.js';
import { pythonText } from '../../layers/python.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import type { Weights } from '../../weights/weights.js';
import { adapted } from '../convertTarget.js';
import type { Network } from '../network/network.js';
import { type DrawnSource, drawnHeader } from './drawn.js';
import { activationText, arrayText, assignments, cannotEmit, header, helpersFor, type ScriptSource, valueNames } from './text.js';

/** Keras 3 layers, called one after the other, with the same weights. */
const PRELUDE = `import base64
import keras
import numpy as np
`;

const HELPERS = `
def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


def run(layer, weights, x):
    layer.build(x.shape)
    layer.set_weights(weights)
    return layer(x)

`;

export function kerasScript(source: ScriptSource, network: Network): string {
  const { weights, shapes } = adapted({ ...network, weights: source.weights }, 'keras');
  if (source.drawn) return drawnKerasScript(source, source.drawn);
  const layers = assignments(source, shapes.layers, (layer, inputs) => layerText(layer, inputs, weights));
  const run = [`x = keras.ops.convert_to_tensor(${arrayText(source.x)})`, ...layers, ...printed(source)].join('\n');
  return `${header('y in Keras 3', source.x)}${PRELUDE}${helpersFor(run, HELPERS)}\n${run}`;
}

/** Layers draw their seeds when they are constructed, which is in this order. */
function drawnKerasScript(source: ScriptSource, drawn: DrawnSource): string {
  const layers = assignments(source, source.layers, (layer, inputs) => layerText(layer, inputs, null));
  const x = [drawn.seeding, ...drawn.x, 'x = keras.ops.convert_to_tensor(x, "float32")'];
  const imports = 'import keras\nimport numpy as np\n';
  return `${drawnHeader('y in Keras 3 on TensorFlow', drawn)}${imports}\n${[...x, ...layers, ...printed(source)].join('\n')}`;
}

function printed(source: ScriptSource): string[] {
  return [`y = keras.ops.convert_to_numpy(${valueNames(source).get(source.output)})`, 'print(y)\n'];
}

/** @param weights null: the layer draws its own */
function layerText(shapes: LayerShapes, inputs: readonly string[], weights: Weights | null): string {
  const { layer } = shapes;
  const [x] = inputs;
  const set = (text: string, input = x) =>
    weights === null
      ? `keras.layers.${text}(${input})`
      : `run(keras.layers.${text}, [${shapes.weights.map(w => arrayText(foreignWeight(shapes, w, weights))).join(', ')}], ${input})`;
  if (isRecurrent(layer)) return set(recurrentText(layer));
  // the identity; constructed for the seed it takes where seeds matter
  if (layer.kind === 'dropout' && weights !== null) return x;
  const { keras, scripts } = getLayerKind(layer.kind);
  if (!keras && scripts?.keras)
    return scripts.keras.expression(layer, {
      inputs,
      shapes: shapes.inputs,
      output: shapes.output,
      weight: () => undefined,
      activation: (_spec, y) => y,
    });
  if (keras) {
    const input = layer.kind === 'embedding' ? `keras.ops.cast(${x}, "int32")` : x;
    return shapes.weights.length === 0 ? `keras.layers.${constructorText(layer)}(${input})` : set(constructorText(layer), input);
  }
  throw cannotEmit(layer.kind, 'leave it out');
}

function recurrentText(layer: RecurrentSpec): string {
  const op = rowOf(getCell(layer.kind), 'keras').className;
  const options = [
    String(layer.units),
    `activation=${nameOf(layer.activation)}`,
    ...(layer.recurrentActivation === null ? [] : [`recurrent_activation=${nameOf(layer.recurrentActivation)}`]),
    `return_sequences=${bool(layer.returnSequences)}`,
    ...(layer.useBias ? [] : ['use_bias=False']),
    ...(layer.goBackwards ? ['go_backwards=True'] : []),
    ...(layer.kind === 'lstm' && !layer.unitForgetBias ? ['unit_forget_bias=False'] : []),
    ...(layer.kind === 'gru' ? [`reset_after=${bool(layer.resetAfter)}`] : []),
  ];
  const cell = `${op}(${options.join(', ')})`;
  return layer.bidirectional === null ? cell : `Bidirectional(keras.layers.${cell}, merge_mode=${JSON.stringify(layer.bidirectional)})`;
}

/** `Conv1D(filters=8, kernel_size=(5,), activation="relu")`; a Dense works at every step as it is. */
function constructorText(layer: AnyLayer): string {
  const { keras, kerasClass } = getLayerKind(layer.kind);
  if (!keras) throw cannotEmit(layer.kind, 'leave it out');
  const value = (key: string, v: unknown) =>
    key === 'layer'
      ? `keras.layers.${constructorText(v as AnyLayer)}`
      : key.endsWith('activation')
        ? nameOf(v as ActivationSpec)
        : pythonText(v);
  const options = Object.entries(keras.config(layer)).map(([key, v]) => `${key}=${value(key, v)}`);
  return `${layer.kind === 'dense' ? 'Dense' : kerasClass(layer)}(${options.join(', ')})`;
}

/** Keras' own name in quotes. */
function nameOf(spec: ActivationSpec): string {
  const { activation } = getActivation(spec);
  const table = activation.keras === undefined ? {} : { [activation.name]: activation.keras };
  return JSON.stringify(activationText(spec, table, 'Keras'));
}

function bool(value: boolean): string {
  return value ? 'True' : 'False';
}
