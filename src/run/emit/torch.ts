import { torch } from '../../conventions/torch.js';
import { inferShapes, type LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import type { Weights } from '../../weights/weights.js';
import { adapted } from '../convertTarget.js';
import type { Network } from '../network.js';
import { activationText, arrayText, cannotEmit, header, type ScriptSource, valueNames } from './text.js';

/** PyTorch's own modules with the same weights. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: '',
  tanh: 'torch.tanh',
  sigmoid: 'torch.sigmoid',
  relu: 'torch.relu',
  softmax: 'softmax',
  softplus: 'torch.nn.functional.softplus',
  softsign: 'torch.nn.functional.softsign',
  elu: 'torch.nn.functional.elu',
  silu: 'torch.nn.functional.silu',
  exponential: 'torch.exp',
  hard_sigmoid: 'torch.nn.functional.hardsigmoid',
};

const PRELUDE = `import base64
import numpy as np
import torch


def array(text, *shape):
    return torch.tensor(np.frombuffer(base64.b64decode(text), "<f4").reshape(shape))


def softmax(x):
    return torch.softmax(x, -1)


def run(module, state, x, sequences):
    module.load_state_dict(state)
    out, h = module(x)
    h = h[0] if isinstance(h, tuple) else h
    return out if sequences else torch.cat(list(h), -1)

`;

export function torchScript(source: ScriptSource, network: Network): string {
  const { weights, shapes } = adapted({ ...network, weights: source.weights }, 'torch');
  const names = valueNames(source);
  const lines = [`x = ${arrayText(source.x)}`];
  for (const layer of shapes.layers) {
    const inputs = layer.layer.inputs.map(name => names.get(name)!);
    lines.push(`${names.get(layer.layer.name)} = ${layerText(layer, inputs, weights)}`);
  }
  const body = lines.map(line => `    ${line}`).join('\n');
  return `${header('y in PyTorch', source.x)}${PRELUDE}\nwith torch.no_grad():\n${body}\n    y = ${names.get(source.output)}\nprint(y.numpy())\n`;
}

function layerText(shapes: LayerShapes, inputs: readonly string[], weights: Weights): string {
  const { layer } = shapes;
  const own = (name: string) => weights.get(`${layer.name}/${name}`);
  const [x] = inputs;
  if (isRecurrent(layer)) return recurrentText(layer, shapes, x, weights);
  switch (layer.kind) {
    case 'dense': {
      const bias = own('bo');
      return `${activationText(layer.activation, ACTIVATIONS, 'PyTorch')}(${x} @ ${arrayText(own('Wo')!)}${bias ? ` + ${arrayText(bias)}` : ''})`;
    }
    case 'activation':
      return `${activationText(layer.activation, ACTIVATIONS, 'PyTorch')}(${x})`;
    case 'maxpool':
      return `${x}.max(1).values`;
    case 'avgpool':
      return `${x}.mean(1)`;
    case 'last':
      return `${x}[:, -1]`;
    case 'flatten':
      return `${x}.flatten(1)`;
    case 'repeat':
      return `${x}[:, None].repeat(1, ${layer.times}, 1)`;
    case 'embedding':
      return `${arrayText(own('E')!)}[${x}.long()]`;
    case 'dropout':
      return x;
    case 'concatenate':
      return `torch.cat([${inputs.join(', ')}], -1)`;
    case 'add':
      return inputs.join(' + ');
    case 'multiply':
      return inputs.join(' * ');
    case 'average':
      return `(${inputs.join(' + ')}) / ${inputs.length}`;
    default:
      throw cannotEmit(layer.kind, 'leave it out');
  }
}

function recurrentText(layer: RecurrentSpec, shapes: LayerShapes, x: string, weights: Weights): string {
  const [input] = shapes.inputs;
  const single = { ...layer, inputs: ['input'] };
  const model = {
    schema: 'rnn-cli/spec@1' as const,
    name: 'layer',
    functional: false,
    input: { name: 'input', batch: null, timesteps: null, features: input[2].size },
    layers: [single],
    output: layer.name,
  };
  const state = [...torch.fromWeights(inferShapes(model), weights)].map(
    ([name, t]) => `${JSON.stringify(name.replace(/^rnn\./, ''))}: ${arrayText(t)}`,
  );
  const options = [
    'batch_first=True',
    ...(layer.bidirectional ? ['bidirectional=True'] : []),
    ...(layer.useBias ? [] : ['bias=False']),
    ...(layer.projection === null ? [] : [`proj_size=${layer.projection}`]),
    ...(layer.kind === 'rnn' && layer.activation === 'relu' ? ['nonlinearity="relu"'] : []),
  ];
  const op = { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' }[layer.kind];
  return `run(torch.nn.${op}(${input[2].size}, ${layer.units}, ${options.join(', ')}), {${state.join(', ')}}, ${x}, ${layer.returnSequences ? 'True' : 'False'})`;
}
