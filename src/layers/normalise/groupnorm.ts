import { RnnError } from '../../errors.js';
import { int, ints } from '../../formats/onnx/builder.js';
import { placesAlong } from '../../tensor/axes.js';
import { axesOf, sizesAlong } from '../axes.js';
import { costPerNumber, symbolic } from '../dims.js';
import type { OnnxCall } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerBase, LayerKind } from '../layer.js';
import type { DimShape } from '../shape.js';
import { normOptions, scaledAndShifted, vectorWeights } from './weights.js';

/** y = γ·(x − mean) / √(var + ε) + β, with mean and var of each sample and group of channels, and γ and β per channel (Keras GroupNormalization, PyTorch GroupNorm). */
export interface GroupNormSpec extends LayerBase {
  readonly kind: 'groupnorm';
  /** -1: one group per channel */
  readonly groups: number;
  readonly axis: number;
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
}

const FIELDS: LayerKind<GroupNormSpec>['fields'] = {
  groups: { type: 'number', min: -1, default: 32 },
  axis: { type: 'number', default: -1 },
  epsilon: { type: 'number', min: 0, default: 0.001 },
  center: { type: 'boolean', default: true },
  scale: { type: 'boolean', default: true },
};

export const groupnorm: LayerKind<GroupNormSpec> = {
  name: 'groupnorm',
  reads: 'anything',
  passesMask: () => true,
  kerasClass: () => 'GroupNormalization',
  fields: FIELDS,
  grammar: { sizes: { form: 'groups', example: '4', fields: ['groups'] }, options: normOptions(FIELDS) },
  keras: kerasArguments('GroupNormalization', FIELDS, 'groups axis epsilon center scale', {
    weightNames: { gamma: 'gamma', beta: 'beta' },
  }),
  weightShapes(layer, [input]) {
    const axes = axesOf([layer.axis], input);
    const [size] = sizesAlong(axes, input);
    groupsOf(layer, size);
    const names = [...(layer.scale ? (['gamma'] as const) : []), ...(layer.center ? (['beta'] as const) : [])];
    return vectorWeights(names, [input[axes[0]].symbol], [size]);
  },
  cost: costPerNumber('elementwise'),

  apply(layer, [input], { kernels, weights }) {
    const { data, shape } = input.tensor;
    const [axis] = axesOf([layer.axis], symbolic(shape));
    const [N, ...inner] = shape;
    const { starts, offsets } = placesAlong(inner, [axis - 1]);
    const own = offsets.length / groupsOf(layer, offsets.length);
    const [gamma, beta] = [weights.get('gamma')?.data, weights.get('beta')?.data];
    const y = kernels.allocate(data.length);
    const size = starts.length * offsets.length;
    for (let n = 0; n < N; n++) {
      for (let from = 0; from < offsets.length; from += own) {
        const { mean, factor } = momentsOf(data, n * size, starts, offsets.subarray(from, from + own), layer.epsilon);
        const less = kernels.rounded?.(mean) ?? mean;
        for (let c = from; c < from + own; c++) {
          for (const start of starts) {
            const at = n * size + start + offsets[c];
            y[at] = (data[at] - less) * factor * (gamma ? gamma[c] : 1) + (beta ? beta[c] : 0);
          }
        }
      }
    }
    return { tensor: { shape, data: y } };
  },

  onnx: asNodes,
  scripts: {
    numpy: {
      helpers: `
def group_norm(x, groups, axis, epsilon, gamma, beta):
    x = np.moveaxis(x, axis, -1)
    g = x.reshape(*x.shape[:-1], groups, -1)
    over = tuple(a for a in range(1, g.ndim) if a != g.ndim - 2)
    g = (g - g.mean(over, keepdims=True)) / np.sqrt(g.var(over, keepdims=True) + epsilon)
    return np.moveaxis(g.reshape(x.shape) * gamma + beta, -1, axis)
`,
      expression: (layer, { inputs: [x], shapes, weight }) =>
        `group_norm(${x}, ${groupsIn(layer, shapes[0])}, ${layer.axis}, ${layer.epsilon}, ${weight('gamma') ?? '1'}, ${weight('beta') ?? '0'})`,
    },
    torch: {
      expression: (layer, { inputs: [x], shapes, weight }) =>
        `torch.nn.functional.group_norm(${x}.movedim(${layer.axis}, 1), ${groupsIn(layer, shapes[0])}, ${weight('gamma') ?? 'None'}, ${weight('beta') ?? 'None'}, ${layer.epsilon}).movedim(1, ${layer.axis})`,
    },
  },
};

function groupsIn(layer: GroupNormSpec, shape: DimShape): number {
  return groupsOf(layer, sizesAlong(axesOf([layer.axis], shape), shape)[0]);
}

/** Returns the number of groups. @throws RnnError E_GROUPS if the channels cannot be divided into them */
function groupsOf({ groups }: GroupNormSpec, channels: number): number {
  if (groups === -1) return channels;
  if (Number.isInteger(groups) && groups > 0 && channels % groups === 0) return groups;
  throw new RnnError('shape', 'E_GROUPS', `${channels} channels cannot be divided into ${groups} groups`, {
    where: 'groups',
    expected: `a divisor of ${channels}`,
    found: String(groups),
  });
}

function momentsOf(data: ArrayLike<number>, base: number, starts: Int32Array, offsets: Int32Array, epsilon: number) {
  const count = starts.length * offsets.length;
  let sum = 0;
  for (const start of starts) for (const offset of offsets) sum += data[base + start + offset];
  const mean = sum / count;
  let squares = 0;
  for (const start of starts) for (const offset of offsets) squares += (data[base + start + offset] - mean) ** 2;
  return { mean, factor: 1 / Math.sqrt(squares / count + epsilon) };
}

/** Adds the nodes: channels are moved last and split into groups, then normalised over all axes but the batch and the groups. */
function asNodes(layer: GroupNormSpec, { builder, inputs: [x], shapes, weight }: OnnxCall): string {
  const [axis] = axesOf([layer.axis], shapes[0]);
  const rank = shapes[0].length;
  const G = groupsIn(layer, shapes[0]);
  const C = shapes[0][axis].size!;
  const node = (op: string, inputs: string[], attributes = {}) => builder.add(op, inputs, attributes, layer.name);
  const order = [...shapes[0].keys()].filter(a => a !== axis);
  const last = axis === rank - 1 ? x : node('Transpose', [x], { perm: ints(...order, axis) });
  const kept = order.map(() => 0);
  const grouped = node('Reshape', [last, builder.integers([...kept, G, C / G])]);
  const over = { axes: ints(...order.slice(1).map((_, i) => i + 1), rank), keepdims: int(1) };
  const centred = node('Sub', [grouped, node('ReduceMean', [grouped], over)]);
  const variance = node('ReduceMean', [node('Mul', [centred, centred])], over);
  const epsilon = builder.constant(`${layer.name}.epsilon`, { shape: [], data: Float64Array.of(layer.epsilon) });
  const normal = node('Reshape', [
    node('Div', [centred, node('Sqrt', [node('Add', [variance, epsilon])])]),
    builder.integers([...kept, C]),
  ]);
  const y = scaledAndShifted(normal, layer.name, builder, weight);
  if (axis === rank - 1) return y;
  const back = [...order.keys()];
  back.splice(axis, 0, rank - 1);
  return node('Transpose', [y], { perm: ints(...back) });
}
