import { RnnError } from '../../errors.js';
import { getLayerKind } from '../../layers/index.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import { fanInOf } from '../../weights/init.js';
import { type DrawnSource, drawnHeader } from './drawn.js';
import { initPrelude, initText } from './initText.js';
import {
  activationText,
  arrayText,
  assignments,
  calledText,
  cannotEmit,
  header,
  helpersFor,
  helpersOf,
  type ScriptSource,
  valueNames,
} from './text.js';

/** The textbook loop in NumPy, float64 arithmetic on the float32 weights. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: 'linear',
  tanh: 'np.tanh',
  sigmoid: 'sigmoid',
  relu: 'relu',
  softmax: 'softmax',
  softplus: 'softplus',
  softsign: 'softsign',
  elu: 'elu',
  silu: 'silu',
  exponential: 'np.exp',
  leaky_relu: 'leaky_relu',
  hard_sigmoid: 'hard_sigmoid',
  hard_sigmoid_keras2: 'hard_sigmoid_keras2',
};

const PRELUDE = `import base64
import numpy as np
`;

const HELPERS = `
def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape).astype(np.float64)


def linear(x): return x
def sigmoid(x): return 1 / (1 + np.exp(-x))
def relu(x): return np.maximum(x, 0)
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def softplus(x): return np.logaddexp(x, 0)
def softsign(x): return x / (1 + np.abs(x))
def elu(x): return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
def silu(x): return x * sigmoid(x)
def leaky_relu(x): return np.where(x > 0, x, 0.2 * x)
def hard_sigmoid(x): return np.clip(x / 6 + 0.5, 0, 1)
def hard_sigmoid_keras2(x): return np.clip(0.2 * x + 0.5, 0, 1)


def rnn(x, Wx, Wh, b, act):
    h, out = np.zeros((len(x), Wh.shape[0])), []
    for t in range(x.shape[1]):
        h = act(x[:, t] @ Wx + h @ Wh + b)
        out.append(h)
    return np.stack(out, 1)


def lstm(x, Wx, Wh, b, act, sig, Wp=None):
    M = Wh.shape[1] // 4
    h, c, out = np.zeros((len(x), Wh.shape[0])), np.zeros((len(x), M)), []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ Wx + h @ Wh + b, 4, -1)
        c = sig(f) * c + sig(i) * act(g)
        h = sig(o) * act(c)
        if Wp is not None:
            h = h @ Wp
        out.append(h)
    return np.stack(out, 1)


def gru(x, Wx, Wh, b, act, sig, reset_after):
    M = Wh.shape[0]
    b, br = b if b.ndim == 2 else (b, np.zeros(3 * M))
    if not reset_after:
        b, br = b + br, np.zeros(3 * M)
    h, out = np.zeros((len(x), M)), []
    for t in range(x.shape[1]):
        z, r, g = np.split(x[:, t] @ Wx + b, 3, -1)
        uz, ur = np.split(h @ Wh[:, : 2 * M] + br[: 2 * M], 2, -1)
        z, r = sig(z + uz), sig(r + ur)
        if reset_after:
            g = act(g + r * (h @ Wh[:, 2 * M :] + br[2 * M :]))
        else:
            g = act(g + (r * h) @ Wh[:, 2 * M :])
        h = z * h + (1 - z) * g
        out.append(h)
    return np.stack(out, 1)

`;

export function numpyScript(source: ScriptSource): string {
  const title = 'y in NumPy: the loop, written out';
  const { drawn } = source;
  const layers = assignments(source, source.layers, (layer, inputs, value) =>
    layerText(layer, inputs, weight => {
      const tensor = source.weights.get(`${layer.layer.name}/${weight}`);
      return tensor && (drawn ? variable(value, weight) : arrayText(tensor));
    }),
  );
  const before = drawn ? drawnLines(source, drawn) : [`x = ${arrayText(source.x)}`];
  const run = [...before, ...layers, `y = ${valueNames(source).get(source.output)}`, 'print(y)\n'].join('\n');
  const own = helpersOf(source.layers, 'numpy');
  const helpers = helpersFor(run, `${HELPERS}${own}${drawn?.weights ? initPrelude(drawn.weights) : ''}`);
  return `${drawn ? `${drawnHeader(title, drawn)}import numpy as np\n` : `${header(title, source.x)}${PRELUDE}`}${helpers}\n${run}`;
}

/** X, then every weight, in the order in which `shapes` lists them. */
function drawnLines(source: ScriptSource, drawn: DrawnSource): string[] {
  const names = valueNames(source);
  const weights = source.layers.flatMap(({ layer, weights }) => {
    const rows = fanInOf(weights);
    return weights.map(w => `${variable(names.get(layer.name)!, w.name)} = ${initText(drawn.init, layer, w, rows)}`);
  });
  return [drawn.seeding, ...drawn.x, ...weights];
}

/** v1, 'forward/Wx' -> v1_forward_Wx */
function variable(value: string, weight: string): string {
  return `${value}_${weight.replace('/', '_')}`;
}

/** The Python of one of the layer's weights. */
type Own = (name: string) => string | undefined;

function layerText(shapes: LayerShapes, inputs: readonly string[], own: Own): string {
  const { layer } = shapes;
  const [x] = inputs;
  if (isRecurrent(layer)) return recurrentText(layer, x, own);
  const script = getLayerKind(layer.kind).scripts?.numpy;
  if (script)
    return script.expression(layer, {
      ...shapes,
      shapes: shapes.inputs,
      inputs,
      weight: own,
      activation: (spec, y) => calledText(spec, ACTIVATIONS, 'NumPy', y),
    });
  switch (layer.kind) {
    case 'concatenate':
      return `np.concatenate([${inputs.join(', ')}], -1)`;
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

/** Sequence in the order in which the layer returns it; the last step is the one processed last. */
function recurrentText(layer: RecurrentSpec, x: string, own: Own): string {
  if (layer.peepholes || layer.clip !== null || layer.inputForget || layer.outputActivation !== null) {
    throw cannotEmit('peepholes, clip, input_forget or an output activation', 'convert to ONNX');
  }
  const run = (way: string, reversed: boolean) => callText(layer, reversed ? `${x}[:, ::-1]` : x, way, own);
  if (layer.bidirectional === null) return `${run('', layer.goBackwards)}${layer.returnSequences ? '' : '[:, -1]'}`;
  const pick = layer.returnSequences ? ['', '[:, ::-1]'] : ['[:, -1]', '[:, -1]'];
  // both in the order in which the forward one ran: with go_backwards that is the order Keras returns
  const forward = `${run('forward/', layer.goBackwards)}${pick[0]}`;
  const backward = `${run('backward/', !layer.goBackwards)}${pick[1]}`;
  switch (layer.bidirectional) {
    case 'concat':
      return `np.concatenate([${forward}, ${backward}], -1)`;
    case 'sum':
      return `${forward} + ${backward}`;
    case 'mul':
      return `${forward} * ${backward}`;
    case 'ave':
      return `(${forward} + ${backward}) / 2`;
  }
}

function callText(layer: RecurrentSpec, x: string, way: string, own: Own): string {
  if (!HELPERS.includes(`def ${layer.kind}(`))
    throw new RnnError('unsupported', 'E_EMIT_LAYER', `${layer.kind} has no script in NumPy`, { where: layer.name, found: layer.kind });
  const weight = (name: string) => own(way + name)!;
  const bias = layer.useBias
    ? `${weight('bh')}${layer.kind !== 'gru' && layer.twoBiases ? '.sum(0)' : ''}`
    : layer.kind === 'gru'
      ? `np.zeros(${3 * layer.units})`
      : '0';
  const act = activationText(layer.activation, ACTIVATIONS, 'NumPy');
  const sig = layer.recurrentActivation === null ? '' : `, ${activationText(layer.recurrentActivation, ACTIVATIONS, 'NumPy')}`;
  const extra = layer.kind === 'gru' ? `, ${layer.resetAfter ? 'True' : 'False'}` : layer.projection === null ? '' : `, ${weight('Wp')}`;
  return `${layer.kind}(${x}, ${weight('Wx')}, ${weight('Wh')}, ${bias}, ${act}${sig}${extra})`;
}
