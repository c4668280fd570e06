import { RnnError } from '../../errors.js';
import { escapeText, plural } from '../../escape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Convention, NamedTensors } from '../convention.js';
import { layersOf, type WeightGroup } from '../inferLayers.js';
import type { NamedArray } from '../namedArray.js';
import { byNaturalOrder } from '../naturalOrder.js';
import { unexpectedWeight } from '../unexpectedWeights.js';
import { layerWeights } from './keras.js';
import { modernArrays } from './oldWeights.js';

/**
 * Variables of a Keras model in a TensorFlow checkpoint, named by the shortest path from the saved object to them: `layer_with_weights-0/cell/kernel`
 * (Keras 2: the number counts layers with weights), `model/_functional/_operations/1/cell/kernel` and `_kernel` (Keras 3: it counts all layers and
 * inputs), with several numbers for a nested model. Layers are taken in the order of their numbers. If the shortest path leads through the
 * optimizer of a trained model, a variable is `optimizer/_trainable_variables/4`: the fifth of all trainable weights.
 */
export const kerasCheckpoint: Convention = {
  name: 'keras-checkpoint',
  framework: 'keras',
  detect: names => names.some(name => placeOf(name) !== undefined),

  toWeights(shapes, tensors) {
    const { groups, trainable } = arraysIn(tensors);
    const held = groups.reduce((sum, group) => sum + group.arrays.length, trainable.size);
    const layers = shapes.layers.filter(l => l.weights.length > 0);
    if (trainable.size === 0 && groups.length < layers.length)
      throw tooFew(
        groups,
        layers.map(({ layer }) => layer.name),
      );
    const weights = new Map<string, Tensor>();
    const rest = [...groups];
    let first = 0;
    for (const layer of layers) {
      const own = layer.layer.trainable ? layer.weights.map((_, i) => trainable.get(first + i)) : [];
      if (layer.layer.trainable) first += layer.weights.length;
      const fromOptimizer = own.length > 0 && own.every(array => array !== undefined);
      const { name, arrays } = fromOptimizer ? { name: 'optimizer', arrays: own as NamedArray[] } : (rest.shift() ?? NOTHING);
      for (const [key, t] of layerWeights(shapes, layer, arrays, held, i => `${name}/${layer.weights[i].role}`)) weights.set(key, t);
    }
    const expected = layers.map(l => l.layer.name);
    if (rest.length > 0) throw unexpectedWeight(rest[0].name, expected);
    return weights;
  },

  toSpec(tensors, hints) {
    const { groups, trainable } = arraysIn(tensors);
    if (trainable.size > 0)
      throw new RnnError('convention', 'E_UNDETERMINED', "some variables have the optimizer's names, which do not say their layer", {
        found: [...trainable.values()][0].name,
        fix: "also give the model's configuration: --model config.json (from model.to_json())",
      });
    return layersOf(groups.map(groupOf), hints, 'keras');
  },
};

/** Names of variables, in the order of get_weights(). */
const ROLES = (
  'embeddings kernel depthwise_kernel pointwise_kernel recurrent_kernel alpha scale concat_score_weight gamma beta bias ' +
  'moving_mean moving_variance moving_stddev renorm_mean renorm_stddev adapt_mean adapt_variance mean variance count vector_u lora_kernel'
).split(' ');
/** Parts of attention, in the order of get_weights(). */
const PARTS = ['_query_dense', '_key_dense', '_gate_dense', '_value_dense', '_output_dense'];
/** of training: the optimizer's own variables, its slots beside each weight, counters, metrics; what a stateful layer has seen */
const STATE = /(^|\/)(optimizer|save_counter|keras_api|_tracker|seed_generator)(\/|$)|\.OPTIMIZER_SLOT|(^|\/)states\/\d+$/;
const TRAINABLE = /(?:^|\/)optimizer\/_trainable_variables\/(\d+)$/;
const NOTHING: Pick<Group, 'name' | 'arrays'> = { name: 'layer', arrays: [] };

/** The error for a checkpoint that lacks layers: TensorFlow does not track cells that are given to RNN as a list, so Keras 3 leaves them out. */
function tooFew(groups: readonly Group[], layers: readonly string[]): RnnError {
  const message = `the checkpoint has variables of ${plural(groups.length, 'layer')}, the network has weights in ${layers.length}`;
  return new RnnError('convention', 'E_WEIGHT_MISSING', message, {
    expected: escapeText(layers.join(', '), 200),
    found: escapeText(groups.map(({ name }) => name).join(', '), 200) || 'none',
    fix: "cells given to RNN as a list are not in a checkpoint of TensorFlow: in Python, model.save('net.keras')",
  });
}

interface Group {
  readonly name: string;
  /** number of the layer in its model, preceded by the numbers of the models that contain it */
  readonly numbers: readonly number[];
  readonly arrays: NamedArray[];
}

/** Splits a name into the layer, `model/_operations/2`, with its numbers, the path inside the layer, and the role of the variable. */
function placeOf(name: string): { layer: string; numbers: number[]; inside: string; role: string } | undefined {
  const parts = name.split('/');
  const role = parts[parts.length - 1].replace(/^_/, '');
  const numbers: number[] = [];
  let end = 0;
  parts.forEach((part, i) => {
    const number =
      /^layer(?:_with_weights)?-(\d+)$/.exec(part)?.[1] ??
      (/^_(operations|layers)$/.test(parts[i - 1] ?? '') ? /^\d+$/.exec(part)?.[0] : undefined);
    if (number === undefined) return;
    numbers.push(Number(number));
    end = i + 1;
  });
  if (!ROLES.includes(role) || end === 0) return undefined;
  return { layer: parts.slice(0, end).join('/'), numbers, inside: parts.slice(end, -1).join('/'), role };
}

/** The layers' arrays in the order of get_weights(), layer 10 after layer 9. @throws RnnError E_WEIGHT_EXTRA for any other variable */
function arraysIn(tensors: NamedTensors): { groups: Group[]; trainable: Map<number, NamedArray> } {
  const groups = new Map<string, Group>();
  const trainable = new Map<number, NamedArray>();
  for (const [name, tensor] of tensors) {
    const index = TRAINABLE.exec(name)?.[1];
    if (index !== undefined) trainable.set(Number(index), { name, tensor });
    if (STATE.test(name)) continue;
    const place = placeOf(name);
    if (!place) throw unexpectedWeight(escapeText(name, 80), ['layer_with_weights-0/…, or model/_functional/_operations/1/…']);
    const group = groups.get(place.layer) ?? { name: place.layer, numbers: place.numbers, arrays: [] };
    group.arrays.push({ name, tensor });
    groups.set(place.layer, group);
  }
  const inOrder = [...groups.values()].sort((a, b) => byNumbers(a.numbers, b.numbers));
  return { groups: inOrder.map(group => ({ ...group, arrays: [...modernArrays(group.arrays.sort(byPlace))] })), trainable };
}

function byNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((n, i) => n !== b[i]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

/** Forward before backward, cell 10 after cell 9, then in the order of the roles. */
function byPlace(a: NamedArray, b: NamedArray): number {
  const [one, other] = [placeOf(a.name)!, placeOf(b.name)!];
  return (
    Number(isBackward(a.name)) - Number(isBackward(b.name)) ||
    Number(one.role === 'vector_u') - Number(other.role === 'vector_u') ||
    PARTS.indexOf(one.inside) - PARTS.indexOf(other.inside) ||
    byNaturalOrder(one.inside, other.inside) ||
    ROLES.indexOf(one.role) - ROLES.indexOf(other.role)
  );
}

function isBackward(name: string): boolean {
  return name.includes('/backward_layer/');
}

function groupOf({ arrays }: Group): WeightGroup {
  const of = (role: string) =>
    arrays.find(a => (placeOf(a.name)?.role ?? a.name.slice(a.name.lastIndexOf('/') + 1)) === role)?.tensor.shape;
  const embedding = of('embeddings');
  if (embedding) return { embedding };
  if (!of('recurrent_kernel')) return { dense: of('kernel'), bias: of('bias') };
  return { kernel: of('kernel'), recurrent: of('recurrent_kernel'), bias: of('bias'), bidirectional: arrays.some(a => isBackward(a.name)) };
}
