import type { WeightShape } from '../cells/cell.js';
import { RnnError } from '../errors.js';
import { formatShape, sameShape, type Tensor } from '../tensor/tensor.js';

/** Canonical weights: `layer/name` -> tensor, e.g. `rnn_1/Wx`, `lstm_1/backward/Wh`, `dense_1/bo`. Keras layout, canonical gate order. */
export type Weights = ReadonlyMap<string, Tensor>;

/** Weight shapes of a model by layer name, as model/shapes.ts gives them. */
export type WeightShapes = ReadonlyMap<string, readonly WeightShape[]>;

/** Returns every weight of the model in order: its key `layer/name` and its expected shape. */
export function weightKeys(shapes: WeightShapes): { key: string; layer: string; shape: WeightShape }[] {
  return [...shapes].flatMap(([layer, weights]) => weights.map(shape => ({ key: `${layer}/${shape.name}`, layer, shape })));
}

/**
 * Checks that the weights are exactly the expected ones, each with its shape.
 * @throws RnnError E_WEIGHT_MISSING, E_WEIGHT_SHAPE, E_WEIGHT_EXTRA
 */
export function checkWeights(shapes: WeightShapes, weights: Weights): Weights {
  const expected = weightKeys(shapes);
  for (const { key, shape } of expected) {
    const found = weights.get(key);
    if (!found)
      throw new RnnError('convention', 'E_WEIGHT_MISSING', `the weight ${key} ${formatShape(shape.shape)} is missing`, {
        where: key,
        expected: describeShape(shape),
        found: 'nothing',
        fix: 'give every weight of the network, or leave the layer out of it',
      });
    checkShape(found.shape, shape, key);
  }
  const surplus = [...weights.keys()].find(key => !expected.some(e => e.key === key));
  if (surplus !== undefined) {
    throw new RnnError('convention', 'E_WEIGHT_EXTRA', `the weights contain ${surplus}, which the network does not have`, {
      where: surplus,
      expected: expected.map(e => e.key).join(', '),
      found: surplus,
      fix: 'describe the whole network, or give only the weights of this one',
    });
  }
  return weights;
}

/** @throws RnnError E_WEIGHT_SHAPE */
export function checkShape(found: readonly number[], expected: WeightShape, where: string): void {
  if (sameShape(found, expected.shape)) return;
  const isTransposed = found.length === 2 && sameShape([found[1], found[0]], expected.shape);
  throw new RnnError('convention', 'E_WEIGHT_SHAPE', `expected ${describeShape(expected)}, found ${formatShape(found)}`, {
    where,
    expected: formatShape(expected.shape),
    found: formatShape(found),
    fix: isTransposed ? 'it is transposed: PyTorch keeps [outputs, inputs]; try --framework torch' : fittingSizes(found, expected),
  });
}

/** Suggests the sizes for which the tensor would fit, `the file fits K = 2 (here 3)`, if its axes show them. */
function fittingSizes(found: readonly number[], { shape, dims }: WeightShape): string {
  const usual = 'the file may hold another network, which rnn-cli inspect shows; weights alone need no --cell and no sizes';
  if (found.length !== shape.length) return usual;
  const sizes = dims.flatMap((dim, axis) => {
    const [, blocks, letter] = /^(\d*)([A-Z]\d*)$/.exec(dim) ?? [];
    const size = found[axis] / Number(blocks || 1);
    return shape[axis] === found[axis]
      ? []
      : [letter && Number.isInteger(size) ? `${letter} = ${size} (here ${shape[axis] / Number(blocks || 1)})` : ''];
  });
  return sizes.includes('') ? usual : `the file fits ${sizes.join(', ')}: give the network that size, or weights of this one`;
}

/** `[5, 28] = [D, 4M]` */
function describeShape({ shape, dims }: WeightShape): string {
  return `${formatShape(shape)} = [${dims.join(', ')}]`;
}
