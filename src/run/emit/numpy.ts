import type { ActivationSpec } from '../../activations/activation.js';
import type { ScriptCall } from '../../layers/facets.js';
import { getLayerKind } from '../../layers/index.js';
import { biasRows } from '../../layers/recurrent.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import { fanInOf } from '../../weights/init.js';
import { NUMPY_FUNCTIONS, numpyActivation } from './activations.js';
import { type DrawnSource, drawnHeader } from './drawn.js';
import { initPrelude, initText } from './initText.js';
import { masksReaching } from './masks.js';
import { numpyCell } from './numpyCell.js';
import {
  arrayText,
  assignments,
  callOf,
  cannotEmit,
  checkOutputs,
  type Given,
  header,
  helpersFor,
  helpersOf,
  inputLines,
  maskLine,
  outputText,
  type ScriptSource,
  valueNames,
} from './text.js';

const PRELUDE = `import base64
import numpy as np
`;

const HELPERS = `
def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape).astype(np.float64)

${NUMPY_FUNCTIONS}

def last(run):
    return [run[0][:, -1], *run[1:]]


def both(forward, backward, mode, pick):
    a, b = (forward[0][:, -1], backward[0][:, -1]) if pick else (forward[0], backward[0][:, ::-1])
    y = np.concatenate([a, b], -1) if mode == "concat" else a * b if mode == "mul" else (a + b) / (2 if mode == "ave" else 1)
    return [y, *forward[1:], *backward[1:]]

`;

/** A script that computes y in NumPy, with an explicit loop over the steps. @throws RnnError E_EMIT */
export function numpyScript(source: ScriptSource): string {
  const title = 'y in NumPy: the loop, written out';
  const { drawn } = source;
  const cells: Cells = new Map();
  const masks = masksReaching(source, 'numpy');
  const layers = assignments(source, source.layers, (layer, inputs, value, given) => {
    const owner = layer.layer.shares ?? layer.layer.name;
    const own = (weight: string) => {
      const tensor = source.weights.get(`${owner}/${weight}`);
      return tensor && (drawn ? variable(value, weight) : arrayText(tensor));
    };
    const real = masks.get(layer.layer.name);
    if (isRecurrent(layer.layer)) return recurrentText(layer.layer, inputs[0], own, cells, given, real?.[0]);
    checkOutputs(layer.layer, given);
    return layerText(layer, { ...callOf(layer, inputs, given), masks: real, weight: own });
  });
  const before = drawn ? drawnLines(source, drawn) : [...inputLines(source, array => array), ...maskLine(source, array => array)];
  const run = [...before, ...layers, `y = ${outputText(source, value => value)}`, 'print(y)\n'].join('\n');
  const loops = [...cells].map(([text, name]) => `\n\n${text.replace(/def \w+/, `def ${name}`)}\n`).join('');
  const own = helpersOf(source.layers, 'numpy');
  const helpers = helpersFor(run, `${HELPERS}${loops}${own}${drawn?.weights ? initPrelude(drawn.weights) : ''}`);
  return `${drawn ? `${drawnHeader(title, drawn)}import numpy as np\n` : `${header(title, source.inputs)}${PRELUDE}`}${helpers}\n${run}`;
}

/** Draws X, then each weight in the order of `shapes`. */
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

function layerText({ layer }: LayerShapes, call: Omit<ScriptCall, 'activation'>): string {
  const script = getLayerKind(layer.kind).scripts?.numpy;
  if (script) return script.expression(layer, { ...call, activation: (spec, y) => numpyActivation(spec).of(y) });
  throw cannotEmit(layer.kind, 'leave it out');
}

/** The sequence in the order in which the layer returns it; the last step is the one processed last. States follow if they are used. */
function recurrentText(layer: RecurrentSpec, x: string, own: Own, cells: Cells, given: Given, mask?: string): string {
  const { states, wantsOthers } = given;
  const whole = states !== undefined || wantsOthers;
  const half = (states ?? []).length / 2;
  const run = (way: string, reversed: boolean, from = states) => {
    const slice = reversed ? '[:, ::-1]' : '';
    const read = mask === undefined ? `${x}${slice}` : `${x}${slice}, ${mask}${slice}`;
    const text = callText(layer, read, name => own(way + name), cells, whole ? (from ?? []) : undefined, mask !== undefined);
    return whole && !wantsOthers ? `${text}[0]` : text;
  };
  const pick = layer.returnSequences ? 'None' : '"last"';
  if (layer.bidirectional === null) {
    const text = run('', layer.goBackwards);
    if (wantsOthers) return layer.returnSequences ? text : `last(${text})`;
    return `${text}${layer.returnSequences ? '' : '[:, -1]'}`;
  }
  const ways = [run('forward/', layer.goBackwards, states?.slice(0, half)), run('backward/', !layer.goBackwards, states?.slice(half))];
  if (wantsOthers) return `both(${ways.join(', ')}, ${JSON.stringify(layer.bidirectional)}, ${pick})`;
  const steps = layer.returnSequences ? ['', '[:, ::-1]'] : ['[:, -1]', '[:, -1]'];
  // both in the order in which the forward direction ran, which is what Keras returns, also with go_backwards
  const [forward, backward] = ways.map((text, i) => `${text}${steps[i]}`);
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

/** Names of the recurrent functions in the script so far, by their text. */
type Cells = Map<string, string>;

/** @param states initial states, empty for zeros; undefined: the function does not return states either */
function callText(
  layer: RecurrentSpec,
  x: string,
  weight: Own,
  cells: Cells,
  states: readonly string[] | undefined,
  masked: boolean,
): string {
  const twoRows = biasRows(layer) === 2;
  const { name, text, parameters } = numpyCell(layer, twoRows, states !== undefined, masked);
  const again = [...cells.values()].filter(n => n.replace(/_\d+$/, '') === name).length;
  if (!cells.has(text)) cells.set(text, again === 0 ? name : `${name}_${again + 1}`);
  const sent = parameters.filter(p => p !== 'b2').map(p => argumentText(p, layer, weight, twoRows));
  return `${cells.get(text)}(${[x, ...sent, ...(states ?? [])].join(', ')})`;
}

function argumentText(parameter: string, layer: RecurrentSpec, weight: Own, twoRows: boolean): string {
  const called = (spec: ActivationSpec | null) => numpyActivation(spec!).value;
  switch (parameter) {
    case 'b':
      // a bias of two rows is passed as b and b2
      return twoRows ? `*${weight('bh')}` : weight('bh')!;
    case 'act':
      return called(layer.activation);
    case 'sig':
      return called(layer.recurrentActivation);
    case 'act_out':
      return called(layer.outputActivation);
    default:
      return weight(parameter)!;
  }
}
