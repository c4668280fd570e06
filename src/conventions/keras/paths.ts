import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Convention, NamedTensors } from '../convention.js';
import { orderOfGroups } from '../groupOrder.js';
import { layersOf, type WeightGroup } from '../inferLayers.js';
import type { NamedArray } from '../namedArray.js';
import { unexpectedWeight } from '../unexpectedWeights.js';
import { layerNameOfClass } from './classes.js';
import { layerWeights } from './keras.js';

/**
 * Paths in Keras 3's `.weights.h5`, the same from 3.0 to 3.16: `layers/lstm_1/cell/vars/0`. The group of a layer is its class in snake
 * case, numbered in layer order (`lstm`, `lstm_1`), not its name. Variables follow in the order of get_weights().
 */
export const kerasPaths: Convention = {
  name: 'keras-h5',
  framework: 'keras',
  detect: names => names.some(name => PATH.test(name)),

  toWeights(shapes, tensors) {
    const groups = groupsByPath(tensors, new Set(groupNames(shapes).values()));
    const held = [...groups.values()].reduce((sum, arrays) => sum + arrays.length, 0);
    const weights = new Map<string, Tensor>();
    for (const [layer, group] of groupNames(shapes)) {
      for (const [name, t] of layerWeights(
        shapes,
        layer,
        inLayerOrder(layer, group, groups.get(group) ?? []),
        held,
        i => `${group}/${variablePath(layer, layer.weights[i].name, i)}`,
      ))
        weights.set(name, t);
      groups.delete(group);
    }
    const [surplus] = groups.keys();
    if (surplus !== undefined) throw unexpectedWeight(surplus, [...groupNames(shapes).values()]);
    return weights;
  },

  toSpec(tensors, hints) {
    const groups = [...groupsByPath(tensors)].map(([name, arrays]) => groupOf(name.replace(/^layers\//, ''), arrays));
    const { groups: ordered, assumptions } = orderOfGroups(groups, 'keras');
    const read = layersOf(ordered, hints, 'keras');
    return { ...read, assumptions: [...assumptions, ...read.assumptions] };
  },
};

/** `layers/sequential/layers/lstm`: a layer of a model inside the model */
const PATH = /^((?:(?:layers|_layer_checkpoint_dependencies)\/[^/]+\/)+)(.*?)\/?vars\/(\d+)$/;
/** state of random layers, and weights of tf_idf (see vocabularies.ts): not weights of the network */
const STATE = /(^|\/)(seed_generator\/|vars\/idf_weights$)/;

/**
 * Arrays of each layer's group, in order: 10 after 9, all forward before all backward.
 * @param known groups that reach further in than `layers/…`: a layer inside a TimeDistributed
 */
function groupsByPath(tensors: NamedTensors, known: ReadonlySet<string> = new Set()): Map<string, NamedArray[]> {
  const groups = new Map<string, { name: string; tensor: Tensor; inner: string; index: number }[]>();
  for (const [name, tensor] of tensors) {
    const match = PATH.exec(name);
    if (STATE.test(name) || /^optimizer(\/|$)/.test(name)) continue;
    if (!match) throw unexpectedWeight(name, ['layers/…/vars/0']);
    const [, path, inner, index] = match;
    const plain = name.replace(/_layer_checkpoint_dependencies/g, 'layers');
    const group = innermost(known, plain) ?? path.slice(0, -1).replace(/_layer_checkpoint_dependencies/g, 'layers');
    const arrays = groups.get(group) ?? [];
    arrays.push({ name, tensor, inner, index: Number(index) });
    groups.set(group, arrays);
  }
  for (const arrays of groups.values()) {
    arrays.sort((a, b) => Number(isBackward(a.inner)) - Number(isBackward(b.inner)) || a.index - b.index);
  }
  return groups;
}

/** The group that contains a path; of nested groups the innermost. */
function innermost(groups: ReadonlySet<string>, path: string): string | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end);
    if (groups.has(folder)) return folder;
  }
  return undefined;
}

function isBackward(path: string): boolean {
  return path.includes('backward_layer');
}

/** Layer -> its group: `lstm`, `lstm_1`, numbered by class over all layers in order. Contains only layers with weights. */
function groupNames(shapes: ModelShapes): Map<LayerShapes, string> {
  const counts = new Map<string, number>();
  const names = new Map<LayerShapes, string>();
  for (const layer of shapes.layers.filter(({ layer }) => layer.shares === undefined)) {
    const base = layerNameOfClass(getLayerKind(layer.layer.kind).kerasClass(layer.layer));
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    if (layer.weights.length > 0) names.set(layer, layer.layer.tensors ?? `layers/${count === 0 ? base : `${base}_${count}`}`);
  }
  return names;
}

/**
 * Sorts the arrays of a layer whose facet gives their paths, in the order of its weights: `query_dense/vars/0` before `key_dense/vars/0`.
 */
function inLayerOrder(layer: LayerShapes, group: string, arrays: readonly NamedArray[]): readonly NamedArray[] {
  const facet = getLayerKind(layer.layer.kind).keras;
  if (!facet?.path) return arrays;
  const paths = layer.weights.map((w, i) => `${group}/${variablePath(layer, w.name, i)}`);
  const place = ({ name }: NamedArray) => paths.indexOf(name.replace(/_layer_checkpoint_dependencies/g, 'layers'));
  const rank = (a: NamedArray) => (place(a) < 0 ? paths.length : place(a));
  return arrays.filter(a => a.name !== `${group}/${facet.repeated}`).sort((a, b) => rank(a) - rank(b));
}

function variablePath({ layer }: LayerShapes, name: string, index: number): string {
  return getLayerKind(layer.kind).keras?.path?.(layer, name, index) ?? `vars/${index}`;
}

/** Derives the layer from the class in the group's name and the shapes of its arrays. */
function groupOf(name: string, arrays: readonly NamedArray[]): WeightGroup {
  const shapes = arrays.map(a => a.tensor.shape);
  const base = name.replace(/_\d+$/, '');
  if (base === 'embedding') return { name, embedding: shapes[0] };
  if (base === 'dense' || base === 'time_distributed') return { name, dense: shapes[0], bias: shapes[1] };
  if (base === 'bidirectional')
    return { name, kernel: shapes[0], recurrent: shapes[1], bias: shapes.length === 6 ? shapes[2] : undefined, bidirectional: true };
  if (['simple_rnn', 'lstm', 'gru'].includes(base)) return { name, kernel: shapes[0], recurrent: shapes[1], bias: shapes[2] };
  throw new RnnError('unsupported', 'E_KERAS_CLASS', `the weights of a layer ${escapeText(base, 60)} are not supported`, {
    where: `layers/${escapeText(name, 60)}`,
    expected: 'simple_rnn, lstm, gru, bidirectional, dense, time_distributed, embedding',
    found: escapeText(base, 60),
  });
}
