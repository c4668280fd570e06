import type { FlaxRow } from '../cells/cell.js';
import { getCell, rowOf } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import { fileTensor } from '../formats/fileTensor.js';
import type { FileTensor } from '../formats/format.js';
import type { ModelShapes } from '../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../model/spec.js';
import { concatFirst, concatLast, permuteBlocks, sliceLast } from '../tensor/layout.js';
import { reshape, sliceRow, type Tensor, zeros } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { WritableConvention } from './convention.js';
import { byNaturalOrder } from './naturalOrder.js';
import { byFolder, byLayer, plainLayer, recurrentLayer, type TranslatedLayer, translatedConvention } from './translated.js';

/**
 * Parameters of Flax (linen, nnx), with paths joined by `/` or `.`: kernels [in, out], one array per gate or one for all.
 *   LSTMCell, OptimizedLSTMCell   ii if ig io without bias, hi hf hg ho with; nnx OptimizedLSTMCell dense_i, dense_h (i f g o)
 *   GRUCell                       ir iz in with bias, hr hz without, hn with: n = tanh(in(x) + r ⊙ hn(h)), h = (1 − z) ⊙ n + z ⊙ h;
 *                                 nnx dense_i with bias, dense_h without (r z n): no b_hn at all
 *   MGUCell                       if in with bias, hf without, hn with: n = tanh(in(x) + f ⊙ hn(h)), h = (1 − f) ⊙ n + f ⊙ h
 *   SimpleCell                    i with bias, h without; nnx dense_i, dense_h
 */
const reading = translatedConvention({
  name: 'flax',
  framework: 'flax',
  detect: names => names.some(name => GATE.test(name.replaceAll('.', '/'))) || names.some(name => FUSED.test(name.replaceAll('.', '/'))),

  layers(tensors) {
    const folders = byFolder(tensors, STATE);
    const cells = new Map<string, Map<string, Tensor>>();
    const plain: TranslatedLayer[] = [];
    for (const [folder, own] of folders) {
      const at = folder.lastIndexOf('/');
      const [cell, gate] = [folder.slice(0, Math.max(0, at)), folder.slice(at + 1)];
      if (GATES.has(gate) && own.has('kernel')) {
        const gates = cells.get(cell) ?? new Map<string, Tensor>();
        for (const [key, t] of own) gates.set(`${gate.replace(/_$/, '')}/${key}`, t);
        cells.set(cell, gates);
      } else plain.push(plainLayer(plainName(folder), own, [['kernel', 'bias']]));
    }
    const recurrent = byLayer([...cells.keys()].sort(byNaturalOrder), 'forward_rnn', 'backward_rnn').map(([layer, ways]) =>
      recurrentLayer(
        plainName(layer),
        ways.map(name => readCell(name, cells.get(name)!)),
      ),
    );
    return [...recurrent, ...plain];
  },
});

export const flax: WritableConvention = { ...reading, fromWeights: flaxTensors };

/** [in, out] kernels of the input (i…) and the state (h…), by gate */
const GATES: ReadonlySet<string> = new Set(
  ['i', 'h', 'dense_i', 'dense_h', 'if_'].concat(['ii', 'if', 'ig', 'io', 'hi', 'hf', 'hg', 'ho', 'ir', 'iz', 'in', 'hr', 'hz', 'hn']),
);
const GATE = /(^|\/)(hi|hg|ho|hr|hz|hn|hf)\/kernel$|(^|\/)[A-Z][A-Za-z]*Cell(_\d+)?\/h\/kernel$/;
const FUSED = /(^|\/)dense_h\/kernel$/;
const STATE = /(^|[/.])(opt_state|batch_stats|step|rngs|rng|carry)([/.]|$)/;

/** `params/LSTMCell_0` -> `LSTMCell_0` */
function plainName(path: string): string {
  return path.replace(/^(params|params\/params)\//, '');
}

/** @throws RnnError E_UNDETERMINED, E_FLAX_CELL */
function readCell(name: string, gates: ReadonlyMap<string, Tensor>): readonly [Tensor, Tensor, Tensor?] {
  const get = (key: string): Tensor => {
    const found = gates.get(key);
    if (found) return found;
    throw new RnnError('convention', 'E_WEIGHT_MISSING', `the cell has no ${key}`, {
      where: escapeText(name || 'cell', 80),
      expected: key,
      found: escapeNames(gates.keys(), 30),
    });
  };
  const kernels = (prefix: string, order: string) => concatLast([...order].map(gate => get(`${prefix}${gate}/kernel`)));
  if (gates.has('hi/kernel')) {
    const bias = gates.has('hi/bias') ? concatLast([...'ifgo'].map(gate => get(`h${gate}/bias`))) : undefined;
    return [kernels('i', 'ifgo'), kernels('h', 'ifgo'), bias];
  }
  if (gates.has('hr/kernel')) {
    const input = concatLast([...'zrn'].map(gate => get(`i${gate}/bias`)));
    const M = input.shape[0] / 3;
    return [kernels('i', 'zrn'), kernels('h', 'zrn'), twoRows(input, get('hn/bias'), 2 * M)];
  }
  if (gates.has('hf/kernel') && gates.has('hn/kernel')) {
    const input = concatLast([...'fn'].map(gate => get(`i${gate}/bias`)));
    return [kernels('i', 'fn'), kernels('h', 'fn'), twoRows(input, get('hn/bias'), input.shape[0] / 2)];
  }
  if (gates.has('h/kernel')) return [get('i/kernel'), get('h/kernel'), gates.get('i/bias')];
  if (gates.has('dense_h/kernel')) return fused(name, get('dense_i/kernel'), get('dense_h/kernel'), gates);
  const message = `the gates ${escapeNames(gates.keys(), 30)} are of no cell that is read here`;
  throw new RnnError('unsupported', 'E_FLAX_CELL', message, {
    where: escapeText(name || 'cell', 80),
    expected: 'LSTMCell, OptimizedLSTMCell, GRUCell, MGUCell or SimpleCell',
  });
}

/** Reads dense_i and dense_h of nnx: a SimpleCell, an LSTM (i f g o) with its bias in dense_h, or a GRU (r z n) with its bias in dense_i. */
function fused(name: string, kernel: Tensor, recurrent: Tensor, gates: ReadonlyMap<string, Tensor>): readonly [Tensor, Tensor, Tensor?] {
  const G = recurrent.shape[1] / recurrent.shape[0];
  const [input, state] = [gates.get('dense_i/bias'), gates.get('dense_h/bias')];
  if (G === 1 || G === 4) return [kernel, recurrent, G === 1 ? input : state];
  if (G !== 3)
    throw new RnnError('convention', 'E_UNDETERMINED', `dense_h of shape [${recurrent.shape}] fits no known cell`, {
      where: escapeText(name, 80),
    });
  const zrn = (t: Tensor) => permuteBlocks(t, [1, 0, 2]);
  return [zrn(kernel), zrn(recurrent), input && twoRows(zrn(input), undefined, 0)];
}

/** Returns a bias [2, 3M]: the input bias, and a recurrent one that is `part` from index `at` on and zero elsewhere. */
function twoRows(input: Tensor, part: Tensor | undefined, at: number): Tensor {
  const recurrent = input.data.map(() => 0);
  if (part) recurrent.set(part.data, at);
  return concatFirst([input, { shape: input.shape, data: recurrent }].map(t => reshape(t, [1, ...t.shape])));
}

/** Flax's letter for each of our gates in the names of its two Dense modules; a SimpleCell, with one gate, just has i and h. */
const LETTERS: Readonly<Record<string, string>> = { h: '', i: 'i', f: 'f', g: 'g', o: 'o', z: 'z', r: 'r' };

/**
 * Returns the parameters of linen modules created in the order of the layers: `params/LSTMCell_0/ii/kernel`, `params/Dense_0/bias`.
 * @throws RnnError E_CONVERT_LAYER for what Flax lacks
 */
function flaxTensors({ layers }: ModelShapes, weights: Weights): Map<string, FileTensor> {
  const named = new Map<string, FileTensor>();
  const counts = new Map<string, number>();
  const module = (name: string): string => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `params/${name}_${count}`;
  };
  for (const { layer } of layers) {
    const of = (name: string) => weights.get(`${layer.name}/${name}`);
    if (layer.shares !== undefined) {
      const message = `a file of weights cannot say that ${layer.name} uses those of ${layer.shares} again`;
      throw new RnnError('unsupported', 'E_CONVERT_LAYER', message, { where: escapeText(layer.name) });
    }
    if (isRecurrent(layer)) {
      // nn.Bidirectional(nn.RNN(cell), nn.RNN(cell)): forward first
      for (const way of layer.bidirectional === null ? [''] : ['forward/', 'backward/'])
        writeCell(named, layer, rowOf(getCell(layer.kind), 'flax'), module, name => of(`${way}${name}`));
    } else if (layer.kind === 'dense') {
      const place = module('Dense');
      named.set(`${place}/kernel`, fileTensor(of('Wo')!));
      const bias = of('bo');
      if (bias) named.set(`${place}/bias`, fileTensor(bias));
    } else if (layer.kind === 'embedding') named.set(`${module('Embed')}/embedding`, fileTensor(of('E')!));
    else if ([...weights.keys()].some(key => key.startsWith(`${layer.name}/`)))
      throw new RnnError('unsupported', 'E_CONVERT_LAYER', `${layer.kind} cannot be written in Flax's layout`, {
        where: escapeText(layer.name),
      });
  }
  return named;
}

/** Writes two Dense modules for each gate, of the input and of the state. One of them has the bias, or both if the two biases must not be added. */
function writeCell(
  named: Map<string, FileTensor>,
  layer: RecurrentSpec,
  row: FlaxRow,
  module: (name: string) => string,
  of: (name: string) => Tensor | undefined,
): void {
  const place = module(row.className);
  const cell = getCell(layer.kind);
  const M = layer.units;
  const [first, second] = rowsOf(of('bh'), cell.gates.length * M);
  cell.gates.forEach((gate, g) => {
    const part = (t: Tensor) => sliceLast(t, g * M, (g + 1) * M);
    const name = gateName(row, gate);
    const put = (way: 'i' | 'h', kernel: Tensor, bias: Tensor | undefined) => {
      named.set(`${place}/${way}${name}/kernel`, fileTensor(part(kernel)));
      if (bias) named.set(`${place}/${way}${name}/bias`, fileTensor(bias));
    };
    const sum = added(part(first), part(second));
    const apart = row.spareBiases > 0 && g >= row.spareBiases;
    const atState = row.spareBiases === 0 && cell.gates.length > 1;
    put('i', of('Wx')!, apart ? part(first) : atState ? undefined : sum);
    put('h', of('Wh')!, apart ? part(second) : atState ? sum : undefined);
  });
}

/** The candidate g is n in Flax' GRU and MGU. */
function gateName(row: FlaxRow, gate: string): string {
  return gate === 'g' && row.spareBiases > 0 ? 'n' : LETTERS[gate];
}

/** Returns the input and the recurrent bias, [G·M] each; zeros if there is none. */
function rowsOf(bias: Tensor | undefined, width: number): readonly [Tensor, Tensor] {
  if (!bias) return [zeros([width]), zeros([width])];
  if (bias.shape.length === 2) return [sliceRow(bias, 0), sliceRow(bias, 1)];
  return [bias, { shape: bias.shape, data: bias.data.map(() => 0) }];
}

function added(a: Tensor, b: Tensor): Tensor {
  return { shape: a.shape, data: a.data.map((v, k) => v + b.data[k]) };
}
