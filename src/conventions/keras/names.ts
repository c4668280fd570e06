import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import { type Assumption, ask } from '../../model/assumptions.js';
import { layersText } from '../../model/layersLine.js';
import type { LayerShapes } from '../../model/shapes.js';
import { formatShape, type Tensor } from '../../tensor/tensor.js';
import type { Convention, NamedTensors } from '../convention.js';
import { type GroupOrder, orderInFile, withMerges } from '../groupOrder.js';
import { layerOfGroup, layersOf, type WeightGroup } from '../inferLayers.js';
import type { NamedArray } from '../namedArray.js';
import { isSorted } from '../torch/modules.js';
import { unexpectedWeight } from '../unexpectedWeights.js';
import { layerWeights } from './keras.js';
import { isKeras1, modernArrays } from './oldWeights.js';
import { weightlessGroup } from './weightless.js';

/**
 * Weights by their names: legacy `.h5` of Keras 1, 2 and 3 (`model_weights/lstm/lstm/lstm_cell/kernel:0`) and TensorFlow.js
 * (`lstm_LSTM1/kernel`). The first part of the path is the layer; the file's `layer_names` and `weight_names` state the order.
 */
export const kerasNames: Convention = {
  name: 'keras-names',
  framework: 'keras',
  detect: (names, metadata) => names.some(name => NAMED.test(name)) || LAYER_NAMES.some(key => metadata?.has(key)),

  toWeights(shapes, tensors, metadata) {
    const { layers: found, listed } = layersIn(tensors, metadata);
    const layers = shapes.layers.filter(l => l.weights.length > 0);
    const groups = new Map(found.filter(l => l.arrays.length > 0).flatMap(l => innerGroups(l, layers)));
    const held = [...groups.values()].reduce((sum, arrays) => sum + arrays.length, 0);
    const names = [...groups.keys()];
    // generated names (lstm_1, lstm_2 …) may equal those of the file by chance: layers that the file lists are matched by position, as in Keras
    const byName = layers.every(l => groups.has(l.layer.name)) && !(listed && isMadeUp(layers));
    if (!byName && !listed && isSorted(tensors)) checkPlaces(layers, groups);
    const weights = new Map<string, Tensor>();
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
      throw unexpectedWeight(
        surplus,
        layers.map(l => l.layer.name),
      );
    return weights;
  },

  toSpec(tensors, hints, metadata) {
    const { layers: found, listed } = layersIn(tensors, metadata);
    const version = metadata?.get('keras_version') ?? metadata?.get('model_weights@keras_version');
    const groups = found.filter(l => l.arrays.length > 0).map(l => namedGroup(l, version));
    const order = listed ? listedGroups(found, groups) : orderInFile(groups, 'keras', isSorted(tensors));
    const read = layersOf(order.groups, hints, 'keras');
    return { ...read, assumptions: [...order.assumptions, ...gateAssumptions(groups, version), ...read.assumptions] };
  },
};

const NAMED = /(^|\/)_?(kernel|recurrent_kernel|embeddings)(:0)?$/;
const LAYER_NAMES = ['layer_names', 'model_weights@layer_names'];
const ROLES = ['embeddings', 'kernel', 'recurrent_kernel', 'bias'];

/** A layer of the file, with its arrays in the order of get_weights() and in the current form. */
interface NamedLayer {
  readonly name: string;
  readonly arrays: readonly NamedArray[];
  /** origin of the layer, which determines the default activation of the gates */
  readonly of: 'keras 1' | 'cudnn' | 'any';
}

/** @returns `listed`: whether the file states the order of its layers, including those without weights */
function layersIn(tensors: NamedTensors, metadata: ReadonlyMap<string, string> | undefined): { layers: NamedLayer[]; listed: boolean } {
  const inModel = [...tensors.keys()].some(name => name.startsWith('model_weights/'));
  const root = inModel ? 'model_weights/' : '';
  const layerNames = namesIn(metadata?.get(inModel ? 'model_weights@layer_names' : 'layer_names'));
  if (layerNames) {
    const layers = layerNames.map(name => {
      const weightNames = namesIn(metadata?.get(`${root}${name}@weight_names`)) ?? [];
      return namedLayer(
        name,
        weightNames.map(array => ({ name: array, tensor: dataset(tensors, `${root}${name}/${array}`) })),
      );
    });
    return { layers, listed: true };
  }
  const weights = [...tensors].filter(([name]) => !/^optimizer/.test(name));
  const paths = weights.map(([name]) => name.slice(root.length).split('/'));
  const from = isInModel(paths) ? 1 : 0;
  const groups = new Map<string, NamedArray[]>();
  for (const [i, [name, tensor]] of weights.entries()) {
    const layer = paths[i][from];
    groups.set(layer, [...(groups.get(layer) ?? []), { name, tensor }]);
  }
  const layers = [...groups].map(([name, arrays]) => namedLayer(name, inOrder(arrays)));
  return { layers, listed: false };
}

/** Splits the single group of a nested model among its layers: each takes the arrays whose path contains its name, provided that this assigns all. */
function innerGroups({ name, arrays }: NamedLayer, layers: readonly LayerShapes[]): [string, readonly NamedArray[]][] {
  const inside = layers.filter(l => l.layer.name.startsWith(`${name}/`));
  const own = inside.map(l => {
    const last = l.layer.name.slice(l.layer.name.lastIndexOf('/') + 1);
    return arrays.filter(array => array.name.split('/').includes(last));
  });
  const all = own.flat();
  const told =
    all.length === arrays.length && new Set(all).size === arrays.length && own.every((o, i) => o.length === inside[i].weights.length);
  return told && inside.length > 0 ? inside.map((l, i) => [l.layer.name, own[i]]) : [[name, arrays]];
}

function namedLayer(name: string, arrays: readonly NamedArray[]): NamedLayer {
  const modern = modernArrays(arrays);
  return { name, arrays: modern, of: isKeras1(arrays) ? 'keras 1' : modern.some((a, i) => a !== arrays[i]) ? 'cudnn' : 'any' };
}

/** lstm_1, lstm_2, dense_1: names that checkSpec generates. */
function isMadeUp(layers: readonly LayerShapes[]): boolean {
  const kinds = new Map<string, number>();
  return layers.every(({ layer }) => {
    const counted = 'returnSequences' in layer ? 'recurrent' : layer.kind;
    const number = (kinds.get(counted) ?? 0) + 1;
    kinds.set(counted, number);
    return layer.name === `${layer.kind}_${number}`;
  });
}

/**
 * Names in alphabetical order give no order of layers: two whose weights have equal shapes could be exchanged.
 * @throws RnnError E_UNDETERMINED
 */
function checkPlaces(layers: readonly LayerShapes[], groups: ReadonlyMap<string, readonly NamedArray[]>): void {
  const shapes = [...groups].map(([name, arrays]) => [name, arrays.map(a => a.tensor.shape).join(' ')] as const);
  const twin = shapes.find(([, shape], i) => shapes.some(([, other], j) => j < i && other === shape));
  if (!twin) return;
  const alike = shapes.filter(([, shape]) => shape === twin[1]).map(([name]) => escapeText(name, 60));
  throw new RnnError('convention', 'E_UNDETERMINED', `the file does not say which of ${alike.join(', ')} comes first`, {
    expected: layers.map(l => escapeText(l.layer.name, 60)).join(', '),
    found: [...groups.keys()].map(name => escapeText(name, 60)).join(', '),
    fix: `name the layers as the file does: --layers "…+name=${alike[0]},…"`,
  });
}

/** Returns all layers of a file that lists them; those without weights are recognised by name. @throws RnnError E_ASK if a name is not enough */
function listedGroups(found: readonly NamedLayer[], withWeights: readonly WeightGroup[]): GroupOrder {
  const groups: WeightGroup[] = [];
  const unknown: string[] = [];
  for (const { name } of found) {
    const own = withWeights.find(group => group.name === name);
    const weightless = own ? undefined : weightlessGroup(name);
    if (own) groups.push(own);
    else if (weightless === 'unknown') unknown.push(name);
    else if (typeof weightless === 'object') groups.push(weightless);
  }
  const open = groups.filter(group => Object.values(group.layer ?? {}).includes('_'));
  if (open.length > 0)
    throw ask({
      what: `what ${open.map(group => group.name).join(', ')} ${open.length > 1 ? 'compute: layers' : 'computes: a layer'} without any`,
      why: 'the weights do not say',
      layersLine: layersText(openLayers(groups), 'keras'),
      advice: "give the model's configuration: --model config.json (from model.to_json())",
    });
  const masking = groups.filter(group => group.layer?.kind === 'masking').map(group => group.name);
  return {
    groups: withMerges(groups),
    assumptions: [
      ...unknown.map(name => weightlessAssumption(name, 'changes nothing', 'nothing')),
      ...masking.map(name => weightlessAssumption(name!, 'skips the steps that are all zero', '0')),
    ],
  };
}

/** Merges layers as in a --layers line: an activation after a dense layer becomes that layer's own. */
function openLayers(groups: readonly WeightGroup[]): Record<string, unknown>[] {
  const layers: Record<string, unknown>[] = [];
  for (const layer of groups.map(group => layerOfGroup(group))) {
    const before = layers[layers.length - 1];
    if (layer.kind !== 'activation') layers.push(layer);
    else if (before?.kind === 'dense') layers[layers.length - 1] = { ...before, activation: layer.activation };
    else layers.push({ kind: '_' });
  }
  return layers;
}

function weightlessAssumption(name: string, does: string, value: string): Assumption {
  const what = `${escapeText(name, 60)}, which has no weights, ${does}`;
  return { fact: 'wiring', what, value, why: 'the weights do not say', say: '--layers, or --model with its description' };
}

/** Whether the default gate activation was the hard sigmoid: until Keras 2.3 (in tf.keras until 2.0, where the stated version did not change). */
function oldGates(version: string | undefined): boolean {
  return /^1\.|^2\.[0-2]\.\d+$/.test(version ?? '');
}

function gateAssumptions(groups: readonly WeightGroup[], version: string | undefined): Assumption[] {
  const names = groups.filter(group => group.recurrentActivation !== undefined).map(group => escapeText(group.name ?? '', 60));
  if (names.length === 0) return [];
  return [
    {
      fact: 'activation',
      what: `the gates of ${names.join(', ')} compute 0.2x + 0.5 between 0 and 1`,
      value: 'hard_sigmoid_keras2',
      why: `the weights do not say; it was the default of Keras ${version ?? '1'}`,
      say: '--layers lstm:M@tanh/sigmoid, or --model with its description',
    },
  ];
}

/** Keras 3 puts the model's name before those of its layers: `sequential/lstm/lstm_cell/kernel`. */
function isInModel(paths: readonly string[][]): boolean {
  const inside = new Set(paths.map(path => path[1]));
  const one = paths.every(path => path.length > 2 && path[0] === paths[0][0]);
  return one && inside.size > 1 && ![...inside].every(name => /^((forward|backward)_|RNNCell_)/.test(name));
}

/** Forward before backward, the cells of a layer one after the other, then kernel, recurrent kernel, bias. */
function inOrder(arrays: readonly NamedArray[]): NamedArray[] {
  const folder = ({ name }: NamedArray) => name.slice(0, name.lastIndexOf('/') + 1);
  const cells = [...new Set(arrays.map(folder))].filter(name => CELL.test(name));
  const rank = (array: NamedArray) => {
    const { length } = ROLES;
    const way = /(^|\/)backward_/.test(array.name) ? cells.length + 1 : 0;
    return (way + cells.indexOf(folder(array)) + 1) * length + ROLES.indexOf(roleOf(array.name));
  };
  return [...arrays].sort((a, b) => rank(a) - rank(b));
}

/** A cell among several in tfjs. */
const CELL = /(^|\/)RNNCell_\d+\/$/;

function roleOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/:0$|^_/g, '');
  const [, layer, letter] = /^(.*)_([WUb])$/.exec(last) ?? [];
  if (letter === undefined) return last;
  if (letter === 'W' && layer.startsWith('embedding')) return 'embeddings';
  return letter === 'W' ? 'kernel' : letter === 'U' ? 'recurrent_kernel' : 'bias';
}

/** Parses an attribute that is a list of strings, stored as JSON in the metadata. An empty list is stored as one without numbers. */
export function namesIn(text: string | undefined): string[] | undefined {
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

/** @throws RnnError E_UNDETERMINED for a layer that its arrays do not describe */
function namedGroup({ name, arrays, of: whose }: NamedLayer, version: string | undefined): WeightGroup {
  const of = (role: string) => arrays.find(a => roleOf(a.name) === role)?.tensor.shape;
  const embedding = of('embeddings');
  if (embedding) return { name, embedding };
  if (of('kernel')?.length !== 2)
    throw new RnnError('convention', 'E_UNDETERMINED', `the weights of ${escapeText(name, 60)} do not say which layer it is`, {
      expected: 'kernel, recurrent_kernel, bias, or embeddings',
      found: arrays.map(a => `${escapeText(roleOf(a.name), 40)} ${formatShape(a.tensor.shape)}`).join(', '),
      fix: "also give the model's configuration: --model config.json (from model.to_json())",
    });
  if (!of('recurrent_kernel')) return { name, dense: of('kernel'), bias: of('bias') };
  const twice = arrays.filter(a => roleOf(a.name) === 'kernel').length === 2;
  const old = whose === 'keras 1' || (whose === 'any' && oldGates(version)) ? { recurrentActivation: 'hard_sigmoid_keras2' } : {};
  return { name, kernel: of('kernel'), recurrent: of('recurrent_kernel'), bias: of('bias'), bidirectional: twice, ...old };
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
