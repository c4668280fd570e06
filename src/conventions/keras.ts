import { getCell } from '../cells/index.js';
import { RnnError, within } from '../errors.js';
import type { FileTensor } from '../formats/format.js';
import { type ModelShapes, weightShapesByLayer } from '../model/shapes.js';
import { isRecurrent } from '../model/spec.js';
import { formatShape, type Tensor } from '../tensor/tensor.js';
import { checkShape, weightKeys } from '../weights/weights.js';
import type { Convention, NamedTensors } from './convention.js';
import { fileTensor } from './fileTensor.js';
import { fromCanonicalGates, toCanonicalGates } from './gateOrder.js';
import { layersOf, type WeightGroup } from './groups.js';

/**
 * Keras' `model.get_weights()` in order: per layer kernel, recurrent_kernel, bias; all forward, then all backward; saved by
 * `np.savez(f, *model.get_weights())` as arr_0, arr_1 …
 */
export const keras: Convention = {
  name: 'keras',
  framework: 'keras',
  detect: names => names.length > 0 && names.every(name => /^arr_\d+$/.test(name)),

  toWeights(shapes, tensors) {
    const expected = weightKeys(weightShapesByLayer(shapes));
    const arrays = inOrder(tensors);
    const weights = new Map<string, Tensor>();
    expected.forEach(({ key, layer, shape }, index) => {
      const [name, array] = arrays[index] ?? [`arr_${index}`, undefined];
      if (!array) {
        throw new RnnError(
          'convention',
          'E_WEIGHT_MISSING',
          `the network has ${expected.length} weights, the file ${arrays.length} arrays`,
          {
            where: `${name} (${key})`,
            expected: `${key} ${formatShape(shape.shape)}`,
            found: 'nothing',
          },
        );
      }
      within(`${name} (${key})`, () => checkShape(array.shape, shape, ''));
      weights.set(key, reorder(shapes, layer, shape.gates !== null, array, toCanonicalGates));
    });
    if (arrays.length > expected.length) {
      throw new RnnError('convention', 'E_WEIGHT_EXTRA', `the network has ${expected.length} weights, the file ${arrays.length} arrays`, {
        where: arrays[expected.length][0],
        expected: `${expected.length} arrays`,
        found: `${arrays.length} arrays`,
      });
    }
    return weights;
  },

  fromWeights(shapes, weights) {
    const keys = weightKeys(weightShapesByLayer(shapes));
    return new Map(
      keys.map(({ key, layer, shape }, i): [string, FileTensor] => [
        `arr_${i}`,
        fileTensor(reorder(shapes, layer, shape.gates !== null, weights.get(key)!, fromCanonicalGates)),
      ]),
    );
  },

  toSpec: (tensors, hints) => layersOf(groupsOf(inOrder(tensors)), hints, 'keras'),
};

/** arr_2 before arr_10. */
function inOrder(tensors: NamedTensors): [string, Tensor][] {
  return [...tensors].sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)));
}

function reorder(shapes: ModelShapes, layerName: string, gated: boolean, t: Tensor, permute: typeof toCanonicalGates): Tensor {
  const layer = shapes.layers.find(l => l.layer.name === layerName)!.layer;
  if (!gated || !isRecurrent(layer)) return t;
  const cell = getCell(layer.kind);
  return permute(t, cell, cell.keras!);
}

/**
 * Arrays without names into layers: two matrices of equal width are Wx and Wh, a matrix followed by a vector of its width a dense layer.
 * A second Wx, Wh of the same shapes, which cannot read the first's output or whose reader is twice as wide, is the backward direction.
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
