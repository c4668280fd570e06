import type { LayerSpec } from '../../model/spec.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { Network } from '../network/network.js';

/**
 * Both sides' weights under the first's names, in one form: the layers with weights are matched in their order, whatever they are called.
 * null where they do not match one by one.
 */
export function matchedWeights(first: Network, second: Network): readonly [Weights, Weights] | null {
  if (!isMatch(first, second)) return null;
  const [own, other] = [withBiases(first), withBiases(second)];
  const [a, b] = [layersWithWeights(first), layersWithWeights(second)];
  const apart = (key: string) => a.some(({ name, kind }) => kind === 'gru' && key.startsWith(`${name}/`));
  // two graphs that are run node by node: by the names of their tensors
  if (a.length === 0) return [own, other];
  const renamed = new Map(
    second.shapes.layers
      .filter(l => l.weights.length > 0)
      .flatMap(({ weights }, i) =>
        [...new Set([...weights.map(w => w.name), 'bo'])].flatMap((name): [string, Tensor][] => {
          const t = other.get(`${b[i].name}/${name}`);
          return t ? [[`${a[i].name}/${name}`, t]] : [];
        }),
      ),
  );
  return [toRows(own, renamed, apart), toRows(renamed, own, apart)];
}

/** Whether the layers with weights are of the same kinds, one by one. */
export function isMatch(first: Network, second: Network): boolean {
  const [a, b] = [layersWithWeights(first), layersWithWeights(second)];
  return a.length === b.length && a.every((layer, i) => layer.kind === b[i].kind);
}

/** The layers that have weights. */
export function layersWithWeights({ shapes }: Network): readonly LayerSpec[] {
  return shapes.layers.filter(l => l.weights.length > 0).map(l => l.layer);
}

/** The two orders that do not match, for a note. */
export function noMatch(...networks: readonly [Network, Network]): string {
  const kinds = (network: Network) => layersWithWeights(network).map(l => l.kind);
  const [a, b] = networks.map(network => kinds(network).join(', ') || 'a graph that is not a list of layers');
  return `their layers do not match one by one (${a}; ${b}): the outputs alone are compared`;
}

/** Of a dense layer without a bias, behind which an operator adds one, that is its bias: ONNX's MatMul and Add. */
function withBiases({ model, weights }: Network): Weights {
  const bare = new Set(model.layers.flatMap(l => (l.kind === 'dense' && !weights!.has(`${l.name}/bo`) ? l.name : [])));
  const biases = model.layers.flatMap((layer): [string, Tensor][] => {
    if (layer.kind !== 'op' || layer.op !== 'Add' || layer.inputs.length !== 1 || !bare.has(layer.inputs[0])) return [];
    const added = layer.operands?.find(operand => operand !== null);
    return added?.shape.length === 1 ? [[`${layer.inputs[0]}/bo`, { shape: added.shape, data: Float64Array.from(added.data) }]] : [];
  });
  return new Map([...weights!, ...biases]);
}

/**
 * Where the other side adds up its two biases in one row, or leaves the second row zero, or has two of the same sum, so does this one: the sum is what the
 * network adds. A GRU's two rows stay apart, but for those of its gates: both add up to the same where r does not multiply them.
 */
function toRows(own: Weights, other: Weights, apart: (key: string) => boolean): Weights {
  return new Map(
    [...own].map(([key, t]): [string, Tensor] => {
      const beside = other.get(key);
      if (!beside || !/\/bh$/.test(key) || t.shape.length !== 2) return [key, t];
      if (beside.shape.length === 1 || (!apart(key) && [t, beside].some(hasZeroRow))) return [key, oneRow(t)];
      const added = apart(key) ? gatesAdded : oneRow;
      const [a, b] = [added(t), added(beside)];
      return [key, sameShape(t.shape, beside.shape) && a.data.every((v, k) => v === b.data[k]) ? a : t];
    }),
  );
}

function oneRow({ shape: [, width], data }: Tensor): Tensor {
  return { shape: [width], data: Float64Array.from({ length: width }, (_, k) => data[k] + data[width + k]) };
}

/** Of a GRU [2, 3·M], gates z r g: the biases of z and r in one row. */
function gatesAdded({ shape, data }: Tensor): Tensor {
  const width = shape[1];
  const gates = (2 * width) / 3;
  return { shape, data: Float64Array.from(data, (v, k) => (k < gates ? v + data[width + k] : k >= width && k < width + gates ? 0 : v)) };
}

function hasZeroRow({ shape, data }: Tensor): boolean {
  return shape.length === 2 && data.subarray(shape[1]).every(v => v === 0);
}
