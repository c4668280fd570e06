import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { concatFirst, concatLast, permuteBlocks } from '../tensor/layout.js';
import { reshape, type Tensor } from '../tensor/tensor.js';
import type { WritableConvention } from './convention.js';
import { flaxTensors } from './flaxWrite.js';
import { byNaturalOrder } from './naturalOrder.js';
import { byFolder, plainLayer, recurrentLayer, type TranslatedLayer, translatedConvention } from './translated.js';

/**
 * Parameters of Flax (linen, nnx), their path joined by `/` or `.`: kernels [in, out], an array for each gate or one for all.
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
    const names = [...cells.keys()].sort(byNaturalOrder);
    const recurrent = names.map(name => recurrentLayer(plainName(name), [readCell(name, cells.get(name)!)]));
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
      found: [...gates.keys()].map(k => escapeText(k, 30)).join(', '),
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
  const message = `the gates ${[...gates.keys()].map(k => escapeText(k, 30)).join(', ')} are of no cell that is read here`;
  throw new RnnError('unsupported', 'E_FLAX_CELL', message, {
    where: escapeText(name || 'cell', 80),
    expected: 'LSTMCell, OptimizedLSTMCell, GRUCell, MGUCell or SimpleCell',
  });
}

/** dense_i and dense_h of nnx: one for SimpleCell, i f g o of an LSTM with its bias in dense_h, r z n of a GRU with its bias in dense_i. */
function fused(name: string, kernel: Tensor, recurrent: Tensor, gates: ReadonlyMap<string, Tensor>): readonly [Tensor, Tensor, Tensor?] {
  const G = recurrent.shape[1] / recurrent.shape[0];
  const [input, state] = [gates.get('dense_i/bias'), gates.get('dense_h/bias')];
  if (G === 1 || G === 4) return [kernel, recurrent, G === 1 ? input : state];
  if (G !== 3)
    throw new RnnError('convention', 'E_UNDETERMINED', `dense_h of shape [${recurrent.shape}] is of no known cell`, {
      where: escapeText(name, 80),
    });
  const zrn = (t: Tensor) => permuteBlocks(t, [1, 0, 2]);
  return [zrn(kernel), zrn(recurrent), input && twoRows(zrn(input), undefined, 0)];
}

/** [2, 3M]: the input's bias, and the recurrent one, which is zero but for what stands from `at` on. */
function twoRows(input: Tensor, part: Tensor | undefined, at: number): Tensor {
  const recurrent = input.data.map(() => 0);
  if (part) recurrent.set(part.data, at);
  return concatFirst([input, { shape: input.shape, data: recurrent }].map(t => reshape(t, [1, ...t.shape])));
}
