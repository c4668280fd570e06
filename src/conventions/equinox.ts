import { concatFirst, permuteBlocks, transpose } from '../tensor/layout.js';
import { reshape, type Tensor } from '../tensor/tensor.js';
import { byNaturalOrder } from './naturalOrder.js';
import { byFolder, plainLayer, recurrentLayer, type TranslatedLayer, translatedConvention } from './translated.js';

/**
 * Parameters of Equinox, named by their attributes: `lstm.weight_ih` [4M, D], `weight_hh` [4M, M], `bias` [4M] in the order i f g o; GRUCell r z n
 * with `bias` [3M] and `bias_n` [M], which is inside r ⊙ (…); Linear `weight` [out, in], `bias`. PyTorch's cells have the same matrices under the
 * same names, but two biases (bias_ih, bias_hh).
 */
export const equinox = translatedConvention({
  name: 'equinox',
  framework: 'flax',
  detect(names) {
    const all = new Set(names);
    return names.some(name => isCell(name, all));
  },

  layers(tensors) {
    const layers: TranslatedLayer[] = [];
    const folders = [...byFolder(tensors, /^$/)].sort(([a], [b]) => byNaturalOrder(a, b));
    for (const [folder, own] of folders) {
      const [kernel, recurrent] = [own.get('weight_ih'), own.get('weight_hh')];
      if (kernel && recurrent) layers.push(recurrentLayer(folder, [cellOf(kernel, recurrent, own.get('bias'), own.get('bias_n'))]));
      else {
        const turned = new Map([...own].map(([key, t]) => (key === 'weight' && t.shape.length === 2 ? [key, transpose(t)] : [key, t])));
        layers.push(plainLayer(folder, turned, [['weight', 'bias']]));
      }
    }
    return layers.sort((a, b) => Number(b.group.recurrent !== undefined) - Number(a.group.recurrent !== undefined));
  },
});

function isCell(name: string, names: ReadonlySet<string>): boolean {
  const [, folder] = /^(.*[./])?weight_ih$/.exec(name) ?? [];
  const has = (key: string) => names.has(`${folder ?? ''}${key}`);
  return /(^|[./])weight_ih$/.test(name) && has('weight_hh') && has('bias') && !has('bias_ih');
}

function cellOf(
  kernel: Tensor,
  recurrent: Tensor,
  bias: Tensor | undefined,
  biasN: Tensor | undefined,
): readonly [Tensor, Tensor, Tensor?] {
  const gru = recurrent.shape[0] === 3 * recurrent.shape[1];
  const ours = (t: Tensor) => (gru ? permuteBlocks(t, [1, 0, 2]) : t);
  if (!gru || !bias) return [ours(transpose(kernel)), ours(transpose(recurrent)), bias && ours(bias)];
  const second = bias.data.map(() => 0);
  if (biasN) second.set(biasN.data, 2 * recurrent.shape[1]);
  const rows = [ours(bias), { shape: bias.shape, data: second }];
  return [ours(transpose(kernel)), ours(transpose(recurrent)), concatFirst(rows.map(t => reshape(t, [1, ...t.shape])))];
}
