import type { ActivationSpec } from '../../activations/activation.js';
import { getActivation } from '../../activations/index.js';
import { foreignWeight } from '../../conventions/keras.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import type { Weights } from '../../weights/weights.js';
import { adapted } from '../convertTarget.js';
import type { Network } from '../network.js';
import { activationText, arrayText, cannotEmit, header, type ScriptSource, valueNames } from './text.js';

/** Keras 3 layers, called one after the other, with the same weights. */
const PRELUDE = `import base64
import keras
import numpy as np


def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


def run(layer, weights, x):
    layer.build(x.shape)
    layer.set_weights(weights)
    return layer(x)

`;

export function kerasScript(source: ScriptSource, network: Network): string {
  const { weights, shapes } = adapted({ ...network, weights: source.weights }, 'keras');
  const names = valueNames(source);
  const lines = [`x = keras.ops.convert_to_tensor(${arrayText(source.x)})`];
  for (const layer of shapes.layers) {
    const inputs = layer.layer.inputs.map(name => names.get(name)!);
    lines.push(`${names.get(layer.layer.name)} = ${layerText(layer, inputs, weights)}`);
  }
  return `${header('y in Keras 3', source.x)}${PRELUDE}\n${lines.join('\n')}\ny = keras.ops.convert_to_numpy(${names.get(source.output)})\nprint(y)\n`;
}

function layerText(shapes: LayerShapes, inputs: readonly string[], weights: Weights): string {
  const { layer } = shapes;
  const [x] = inputs;
  const set = (text: string) =>
    `run(keras.layers.${text}, [${shapes.weights.map(w => arrayText(foreignWeight(shapes, w, weights))).join(', ')}], ${x})`;
  if (isRecurrent(layer)) return set(recurrentText(layer));
  switch (layer.kind) {
    case 'dense':
      return set(`Dense(${layer.units}, activation=${nameOf(layer.activation)}, use_bias=${bool(layer.useBias)})`);
    case 'embedding':
      return set(`Embedding(${layer.tokens}, ${layer.units})`).replace(/, x\)$/, ', keras.ops.cast(x, "int32"))');
    case 'activation':
      return `keras.layers.Activation(${nameOf(layer.activation)})(${x})`;
    case 'maxpool':
      return `keras.layers.GlobalMaxPooling1D()(${x})`;
    case 'avgpool':
      return `keras.layers.GlobalAveragePooling1D()(${x})`;
    case 'last':
      return `${x}[:, -1]`;
    case 'flatten':
      return `keras.layers.Flatten()(${x})`;
    case 'repeat':
      return `keras.layers.RepeatVector(${layer.times})(${x})`;
    case 'dropout':
      return x;
    case 'concatenate':
    case 'add':
    case 'multiply':
    case 'average':
      return `keras.layers.${layer.kind[0].toUpperCase()}${layer.kind.slice(1)}()([${inputs.join(', ')}])`;
    default:
      throw cannotEmit(layer.kind, 'leave it out');
  }
}

function recurrentText(layer: RecurrentSpec): string {
  const op = { rnn: 'SimpleRNN', lstm: 'LSTM', gru: 'GRU' }[layer.kind];
  const options = [
    String(layer.units),
    `activation=${nameOf(layer.activation)}`,
    ...(layer.recurrentActivation === null ? [] : [`recurrent_activation=${nameOf(layer.recurrentActivation)}`]),
    `return_sequences=${bool(layer.returnSequences)}`,
    ...(layer.useBias ? [] : ['use_bias=False']),
    ...(layer.goBackwards ? ['go_backwards=True'] : []),
    ...(layer.kind === 'gru' ? [`reset_after=${bool(layer.resetAfter)}`] : []),
  ];
  const cell = `${op}(${options.join(', ')})`;
  return layer.bidirectional === null ? cell : `Bidirectional(keras.layers.${cell}, merge_mode=${JSON.stringify(layer.bidirectional)})`;
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
