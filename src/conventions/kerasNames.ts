import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { getLayerKind } from '../layers/index.js';
import type { LayerShapes } from '../model/shapes.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Convention, NamedTensors } from './convention.js';
import { layersOf, type WeightGroup } from './groups.js';
import { layerWeights } from './keras.js';
import { modernArrays } from './kerasOldWeights.js';
import type { NamedArray } from './namedArray.js';
import { extra } from './surplus.js';

/**
 * Weights by their names: legacy `.h5` of Keras 2 and 3 (`model_weights/lstm/lstm/lstm_cell/kernel:0`) and TensorFlow.js
 * (`lstm_LSTM1/kernel`). The layer is the first part of the path; the file's `layer_names` and `weight_names` say the order.
 */
export const kerasNames: Convention = {
  name: 'keras-names',
  framework: 'keras',
  detect: (names, metadata) => names.some(name => NAMED.test(name)) || LAYER_NAMES.some(key => metadata?.has(key)),

  toWeights(shapes, tensors, metadata) {
    const groups = groupsByName(tensors, metadata);
    const held = [...groups.values()].reduce((sum, arrays) => sum + arrays.length, 0);
    const layers = shapes.layers.filter(l => l.weights.length > 0);
    const byName = layers.every(l => groups.has(l.layer.name));
    const weights = new Map<string, Tensor>();
    const names = [...groups.keys()];
    layers.forEach((layer, i) => {
      const group = byName ? layer.layer.name : names[i];
      for (const [name, t] of layerWeights(
        shapes,
        layer,
        groups.get(group) ?? [],
        held,
        i => `${group ?? layer.layer.name}/${foreignName(layer, layer.weights[i].name)}`,
      ))
        weights.set(name, t);
      groups.delete(group);
    });
    const [surplus] = groups.keys();
    if (surplus !== undefined)
      throw extra(
        surplus,
        layers.map(l => l.layer.name),
      );
    return weights;
  },

  toSpec(tensors, hints, metadata) {
    const groups = [...groupsByName(tensors, metadata)].map(([name, arrays]) => namedGroup(name, arrays));
    return layersOf(groups, hints, 'keras');
  },
};

const NAMED = /(^|\/)_?(kernel|recurrent_kernel|embeddings)(:0)?$/;
const LAYER_NAMES = ['layer_names', 'model_weights@layer_names'];
const ROLES = ['embeddings', 'kernel', 'recurrent_kernel', 'bias'];

function groupsByName(tensors: NamedTensors, metadata: ReadonlyMap<string, string> | undefined): Map<string, NamedArray[]> {
  const inModel = [...tensors.keys()].some(name => name.startsWith('model_weights/'));
  const root = inModel ? 'model_weights/' : '';
  const layerNames = namesIn(metadata?.get(inModel ? 'model_weights@layer_names' : 'layer_names'));
  const groups = new Map<string, NamedArray[]>();
  for (const layer of layerNames ?? []) {
    const weightNames = namesIn(metadata?.get(`${root}${layer}@weight_names`)) ?? [];
    const arrays = weightNames.map(name => ({ name, tensor: dataset(tensors, `${root}${layer}/${name}`) }));
    if (arrays.length > 0) groups.set(layer, [...modernArrays(arrays)]);
  }
  if (layerNames) return groups;
  const weights = [...tensors].filter(([name]) => !/^optimizer/.test(name));
  const paths = weights.map(([name]) => name.slice(root.length).split('/'));
  const from = isInModel(paths) ? 1 : 0;
  for (const [i, [name, tensor]] of weights.entries()) {
    const layer = paths[i][from];
    groups.set(layer, [...(groups.get(layer) ?? []), { name, tensor }]);
  }
  return new Map([...groups].map(([layer, arrays]) => [layer, [...modernArrays(arrays.sort((a, b) => rank(a.name) - rank(b.name)))]]));
}

/** Keras 3 puts the model's name before those of its layers: `sequential/lstm/lstm_cell/kernel`. */
function isInModel(paths: readonly string[][]): boolean {
  const inside = new Set(paths.map(path => path[1]));
  const one = paths.every(path => path.length > 2 && path[0] === paths[0][0]);
  return one && inside.size > 1 && ![...inside].every(name => /^(forward|backward)_/.test(name));
}

/** Forward before backward, then kernel, recurrent kernel, bias. */
function rank(name: string): number {
  return (/(^|\/)backward_/.test(name) ? ROLES.length : 0) + ROLES.indexOf(roleOf(name));
}

function roleOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/:0$|^_/g, '');
  const [, layer, letter] = /^(.*)_([WUb])$/.exec(last) ?? [];
  if (letter === undefined) return last;
  if (letter === 'W' && layer.startsWith('embedding')) return 'embeddings';
  return letter === 'W' ? 'kernel' : letter === 'U' ? 'recurrent_kernel' : 'bias';
}

/** Attributes with rows of text are JSON in a file's metadata. An empty one is a list of no numbers. */
function namesIn(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) && list.every(name => typeof name === 'string') ? list : [];
}

function dataset(tensors: NamedTensors, path: string): Tensor {
  const found = tensors.get(path);
  if (found) return found;
  throw new RnnError('convention', 'E_WEIGHT_MISSING', `weight_names lists '${escapeText(path)}', which the file does not have`, {
    where: escapeText(path),
    expected: escapeText(path),
    found: 'nothing',
  });
}

function namedGroup(name: string, arrays: readonly NamedArray[]): WeightGroup {
  const of = (role: string) => arrays.find(a => roleOf(a.name) === role)?.tensor.shape;
  const embedding = of('embeddings');
  if (embedding) return { name, embedding };
  if (!of('recurrent_kernel')) return { name, dense: of('kernel'), bias: of('bias') };
  const twice = arrays.filter(a => roleOf(a.name) === 'kernel').length === 2;
  return { name, kernel: of('kernel'), recurrent: of('recurrent_kernel'), bias: of('bias'), bidirectional: twice };
}

const FOREIGN: Readonly<Record<string, string>> = {
  Wx: 'kernel',
  Wh: 'recurrent_kernel',
  bh: 'bias',
  Wo: 'kernel',
  bo: 'bias',
  E: 'embeddings',
};

/** `backward/Wh` -> `backward/recurrent_kernel` */
function foreignName({ layer }: LayerShapes, name: string): string {
  const named = getLayerKind(layer.kind).keras?.weightNames;
  if (named) return named[name] ?? name;
  const [own, way] = name.split('/').reverse();
  return way ? `${way}/${FOREIGN[own] ?? own}` : (FOREIGN[own] ?? own);
}
