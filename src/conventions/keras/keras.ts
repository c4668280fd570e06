import type { WeightShape } from '../../cells/cell.js';
import { getCell, rowOf } from '../../cells/index.js';
import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { fileTensor } from '../../formats/fileTensor.js';
import type { FileTensor } from '../../formats/format.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import { formatShape, reshape, sameShape, type Tensor } from '../../tensor/tensor.js';
import { checkShape, type Weights } from '../../weights/weights.js';
import type { NamedTensors, WritableConvention } from '../convention.js';
import { fromCanonicalGates, toCanonicalGates } from '../gateOrder.js';
import { layersOf, type WeightGroup } from '../inferLayers.js';
import type { NamedArray } from '../namedArray.js';
import { isKeras1, modernArrays } from './oldWeights.js';

/**
 * The arrays of Keras' `model.get_weights()` in order: for each layer kernel, recurrent_kernel, bias; all forward, then all backward. Saved by
 * `np.savez(f, *model.get_weights())` as arr_0, arr_1 …
 */
export const keras: WritableConvention = {
  name: 'keras',
  framework: 'keras',
  detect: names => names.length > 0 && names.every(name => /^arr_\d+$/.test(name)),

  toWeights(shapes, tensors) {
    const arrays = inOrder(tensors).map(([name, tensor]): NamedArray => ({ name, tensor }));
    const weights = new Map<string, Tensor>();
    let from = 0;
    for (const layer of shapes.layers) {
      const first = from;
      const own = arrays.slice(from, from + arraysOf(layer, arrays, from));
      for (const [key, t] of layerWeights(shapes, layer, own, arrays.length, i => `arr_${first + i}`)) weights.set(key, t);
      from += own.length;
    }
    if (arrays.length > from) {
      throw new RnnError('convention', 'E_WEIGHT_EXTRA', `the network has ${from} weights, but the file has ${arrays.length} arrays`, {
        where: arrays[from].name,
        expected: `${from} arrays`,
        found: `${arrays.length} arrays`,
      });
    }
    return weights;
  },

  fromWeights(shapes, weights) {
    const all = shapes.layers.flatMap(layer => layer.weights.map(weight => foreignWeight(layer, weight, weights)));
    return new Map(all.map((t, i): [string, FileTensor] => [`arr_${i}`, t]));
  },

  toSpec: (tensors, hints) => layersOf(groupsOf(fusedArrays(inOrder(tensors))), hints, 'keras'),
};

/** How many of the following arrays belong to the layer. A recurrent layer of Keras 1 has separate arrays for each gate. */
function arraysOf({ layer, weights }: LayerShapes, arrays: readonly NamedArray[], from: number): number {
  if (!isRecurrent(layer)) return weights.length;
  const apart = 3 * getCell(layer.kind).gates.length * (layer.bidirectional ? 2 : 1);
  return isKeras1(arrays.slice(from, from + apart)) ? apart : weights.length;
}

/** arr_2 before arr_10. */
function inOrder(tensors: NamedTensors): [string, Tensor][] {
  return [...tensors].sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)));
}

/**
 * Converts a layer's arrays, in the order of Keras' get_weights() and each of exactly the expected shape, to canonical weights by key.
 * @param held number of arrays in the whole file @param nameOf returns the file's name for the layer's array i
 * @param order gate order of the arrays: Keras' or our own
 * @throws RnnError E_WEIGHT_MISSING, E_WEIGHT_EXTRA, E_WEIGHT_SHAPE
 */
export function layerWeights(
  shapes: ModelShapes,
  layer: LayerShapes,
  given: readonly NamedArray[],
  held: number,
  nameOf: (i: number) => string,
  order: 'keras' | 'own' = 'keras',
): [string, Tensor][] {
  const arrays = isRecurrent(layer.layer) ? modernArrays(given) : given;
  if (arrays.length > layer.weights.length) {
    const { name } = arrays[layer.weights.length];
    const message = `${layer.layer.name} has ${layer.weights.length} weights, the file ${arrays.length}`;
    throw new RnnError('convention', 'E_WEIGHT_EXTRA', message, {
      where: escapeText(name),
      expected: `${layer.weights.length} arrays`,
      found: `${arrays.length} arrays`,
    });
  }
  return layer.weights.map((weight, i): [string, Tensor] => {
    const key = `${layer.layer.name}/${weight.name}`;
    const array = arrays[i] && { ...arrays[i], tensor: inForm(arrays[i].tensor, weight, layer.layer) };
    if (!array) {
      const count = shapes.layers.reduce((sum, l) => sum + l.weights.length, 0);
      throw new RnnError('convention', 'E_WEIGHT_MISSING', `the network has ${count} weights, but the file has ${held} arrays`, {
        where: `${escapeText(nameOf(i))} (${key})`,
        expected: `${key} ${formatShape(weight.shape)}`,
        found: 'nothing',
        fix: `save all of them, np.savez(file, *model.get_weights()), or describe the network without it${weight.role === 'bias' ? ' (+nobias)' : ''}`,
      });
    }
    within(`${escapeText(array.name)} (${key})`, () => checkShape(array.tensor.shape, weight, ''));
    return [key, order === 'own' ? array.tensor : reordered(layer, weight, array.tensor, toCanonicalGates)];
  });
}

/**
 * Adapts an array to the expected form. Keras 1 stored the filters of a Convolution1D as images with one row: [3, 1, D, F]. If the network adds two
 * bias rows and the file has one, that is their sum, except in a GRU, whose biases stay separate.
 */
function inForm(t: Tensor, { shape, role }: WeightShape, layer: LayerSpec): Tensor {
  if (shape.length === 3 && sameShape(t.shape, [shape[0], 1, ...shape.slice(1)])) return reshape(t, shape);
  const isSum = role === 'bias' && isRecurrent(layer) && layer.kind !== 'gru' && sameShape([2, ...t.shape], shape);
  if (!isSum) return t;
  const data = t.data instanceof Float32Array ? new Float32Array(2 * t.data.length) : new Float64Array(2 * t.data.length);
  data.set(t.data);
  return { shape, data };
}

/** Converts a canonical weight to Keras' gate order. */
export function foreignWeight(layer: LayerShapes, weight: WeightShape, weights: Weights): FileTensor {
  return fileTensor(reordered(layer, weight, weights.get(`${layer.layer.name}/${weight.name}`)!, fromCanonicalGates));
}

/** @throws RnnError E_KERAS_CELL: Keras has no projection and no peepholes */
function reordered({ layer }: LayerShapes, weight: WeightShape, t: Tensor, permute: typeof toCanonicalGates): Tensor {
  if (!isRecurrent(layer)) return t;
  if (weight.role === 'projection' || weight.role === 'peepholes')
    throw new RnnError('unsupported', 'E_KERAS_CELL', `Keras has no ${weight.role} in ${layer.kind}`);
  const cell = getCell(layer.kind);
  return weight.gates === null ? t : permute(t, cell, rowOf(cell, 'keras'));
}

/**
 * Converts the arrays of Keras 1 and cuDNN layers to the current form. Four equal triples are an LSTM of Keras 1, three a GRU, unless they could also
 * be SimpleRNN layers that read one another.
 */
function fusedArrays(arrays: readonly [string, Tensor][]): [string, Tensor][] {
  const named = arrays.map(([name, tensor]): NamedArray => ({ name, tensor }));
  const fused: NamedArray[] = [];
  for (let i = 0; i < named.length; ) {
    const [D, M] = named[i].tensor.shape;
    const apart = D === M || D === 2 * M ? undefined : [12, 9].find(count => isKeras1(named.slice(i, i + count)));
    const taken = named.slice(i, i + (apart ?? 3));
    const modern = modernArrays(taken);
    const kept = modern === taken || modern.every((a, k) => a === taken[k]);
    fused.push(...(kept ? taken.slice(0, 1) : modern));
    i += kept ? 1 : taken.length;
  }
  return fused.map(a => [a.name, a.tensor]);
}

/**
 * Groups unnamed arrays into layers: two matrices of equal width are Wx and Wh; a matrix followed by a vector of its width is a dense layer. A second
 * Wx, Wh of the same shapes is the backward direction if it cannot read the first one's output, or if the layer after it reads twice the width.
 */
function groupsOf(arrays: readonly [string, Tensor][]): WeightGroup[] {
  const groups: WeightGroup[] = [];
  let i = 0;
  const next = () => arrays[i]?.[1].shape;
  while (i < arrays.length) {
    const first = arrays[i][1].shape;
    if (first.length !== 2) throw undetermined(arrays[i]);
    i++;
    const second = next();
    const recurrent = second !== undefined && second.length === 2 && second[1] === first[1] && [1, 3, 4].includes(second[1] / second[0]);
    if (recurrent) i++;
    const bias = next();
    const biased =
      bias !== undefined && bias[bias.length - 1] === first[1] && (bias.length === 1 || (recurrent && bias.length === 2 && bias[0] === 2));
    if (biased) i++;
    const group: WeightGroup = recurrent
      ? { kernel: first, recurrent: second, bias: biased ? bias : undefined }
      : { dense: first, bias: biased ? bias : undefined };
    const previous = groups[groups.length - 1];
    if (isBackwardOf(group, previous, next())) previous.bidirectional = true;
    else if (group.dense && !biased && groups.length === 0) groups.push({ embedding: first });
    else groups.push(group);
  }
  return groups;
}

/** @param following shape of the array behind the group: a layer that reads 2M numbers reads both directions, one that reads M reads the second of two layers */
function isBackwardOf(
  group: WeightGroup,
  previous: WeightGroup | undefined,
  following: readonly number[] | undefined,
): previous is WeightGroup {
  if (!group.recurrent || !previous?.recurrent || previous.bidirectional) return false;
  const alike = `${group.kernel}|${group.recurrent}|${group.bias}` === `${previous.kernel}|${previous.recurrent}|${previous.bias}`;
  const M = previous.recurrent[0];
  return alike && (group.kernel![0] !== M || following?.[0] === 2 * M);
}

function undetermined([name, t]: [string, Tensor]): RnnError {
  return new RnnError('convention', 'E_UNDETERMINED', `cannot tell what ${name} ${formatShape(t.shape)} is`, {
    where: name,
    expected: 'Wx [D, G·M], Wh [M, G·M], bh, or Wo [M, K], bo, in the order of get_weights()',
    found: formatShape(t.shape),
    fix: 'describe the network with --layers, or --cell, --D, --M, --K',
  });
}
