import type { LayerSpec } from '../../model/spec.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { Network } from '../network/network.js';

/**
 * The weights of both sides under the first's names and in the same layout. The layers with weights are matched in order, whatever their
 * names. Returns null if they do not match one by one.
 */
export function matchedWeights(first: Network, second: Network): readonly [Weights, Weights] | null {
  if (!isMatch(first, second)) return null;
  const [own, other] = [withBiases(first), withBiases(second)];
  const [a, b] = [layersWithWeights(first), layersWithWeights(second)];
  const apart = (key: string) => a.some(({ name, kind }) => kind === 'gru' && key.startsWith(`${name}/`));
  // two graphs that are run node by node: tensors are matched by name
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

/** Whether both networks have the same kinds of layers with weights, in the same order. */
export function isMatch(first: Network, second: Network): boolean {
  const [a, b] = [layersWithWeights(first), layersWithWeights(second)];
  return a.length === b.length && a.every((layer, i) => layer.kind === b[i].kind);
}

/** The layers that have weights. */
export function layersWithWeights({ shapes }: Network): readonly LayerSpec[] {
  return shapes.layers.filter(l => l.weights.length > 0).map(l => l.layer);
}

/** A note with the two lists of layers that do not match. */
export function noMatch(...networks: readonly [Network, Network]): string {
  const kinds = (network: Network) => layersWithWeights(network).map(l => l.kind);
  const [a, b] = networks.map(network => kinds(network).join(', ') || 'a graph that is not a list of layers');
  return `their layers do not match one by one (${a}; ${b}): the outputs alone are compared`;
}

/** Adds the biases of dense layers that are added by an operator behind them: ONNX's MatMul and Add. */
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
 * Brings two bias rows into the layout of the other side. The network only uses their sum, so the rows are added if the other side has one
 * row, a second row of zeros, or two rows with the same sum. A GRU's rows stay separate, except for its gates z and r: only the candidate's
 * recurrent bias is multiplied by r.
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

/** Adds the two biases of z and r of a GRU, with gates z r g. [2, 3·M] -> [2, 3·M], with zeros in the second row. */
function gatesAdded({ shape, data }: Tensor): Tensor {
  const width = shape[1];
  const gates = (2 * width) / 3;
  return { shape, data: Float64Array.from(data, (v, k) => (k < gates ? v + data[width + k] : k >= width && k < width + gates ? 0 : v)) };
}

function hasZeroRow({ shape, data }: Tensor): boolean {
  return shape.length === 2 && data.subarray(shape[1]).every(v => v === 0);
}
