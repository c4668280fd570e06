import { RnnError } from '../errors.js';
import { text } from '../formats/onnx/builder.js';
import { runOperator } from '../ops/run.js';
import type { Tensor } from '../tensor/tensor.js';
import { multiply, NO_COST, showShape } from './dims.js';
import { type ArrayLibrary, inBoth, type ScriptCall } from './facets.js';
import type { LayerBase, LayerKind } from './layer.js';
import { axisIn } from './operatorShapeRule.js';
import { pythonText } from './python.js';
import type { Dim, DimShape } from './shape.js';

/** Batched dot product of two inputs, summed over one axis of each, for every pair of positions on their other axes (Keras Dot). */
export interface DotSpec extends LayerBase {
  readonly kind: 'dot';
  /** the axis of each input, the batch counted; negative from the end */
  readonly axes: readonly [number, number];
  /** vectors are normalised first, so that y is the cosine of their angle */
  readonly normalize: boolean;
}

/** The smallest length that Keras' normalize divides by. */
const SHORTEST = 1e-7;

export const dot: LayerKind<DotSpec> = {
  name: 'dot',
  joins: true,
  kerasClass: () => 'Dot',
  fields: {
    axes: {
      type: 'own',
      check: checkAxes,
      schema: { type: ['array', 'integer'], not: { const: 0 }, items: { type: 'integer', not: { const: 0 } }, minItems: 2, maxItems: 2 },
    },
    normalize: { type: 'boolean', default: false },
  },
  keras: {
    classes: { Dot: config => ({ axes: config.axes, normalize: config.normalize ?? false }) },
    config: ({ axes, normalize }) => ({ axes, normalize }),
  },
  outputShape: (layer, inputs) => solved(layer, inputs).output,
  cost(layer, inputs) {
    const { output, summed } = solved(layer, inputs);
    const dims = [...output.slice(1), summed];
    const formula = dims.map(d => d.symbol).join('*');
    return { ...NO_COST, matmul: multiply(...dims.map(d => d.size)), formula };
  },
  apply(layer, inputs, { kernels }) {
    const tensors = inputs.map(({ tensor }, i) =>
      layer.normalize ? normalized(tensor, axisIn(layer.axes[i], tensor.shape.length, 'dot')) : tensor,
    );
    const { equation, flat } = equationOf(layer, [tensors[0].shape.length, tensors[1].shape.length]);
    const values = tensors.map(({ shape, data }) => ({ kind: 'float' as const, shape, data }));
    const { shape, data } = runOperator('Einsum', values, kernels, { equation: { type: 'string', value: equation } });
    return { tensor: { shape: flat ? [...shape, 1] : shape, data } };
  },
  onnx(layer, { builder, inputs, shapes }) {
    const { equation, flat } = equationOf(layer, [shapes[0].length, shapes[1].length]);
    const given = inputs.map((x, i) => {
      if (!layer.normalize) return x;
      const axes = { type: 'ints', value: [BigInt(axisIn(layer.axes[i], shapes[i].length, 'dot'))] } as const;
      const length = builder.add('ReduceL2', [x], { axes }, layer.name);
      const least = builder.constant(`${layer.name}.least`, { shape: [], data: Float64Array.of(SHORTEST) });
      return builder.add('Div', [x, builder.add('Max', [length, least], {}, layer.name)], {}, layer.name);
    });
    const y = builder.add('Einsum', given, { equation: text(equation) }, layer.name);
    return flat ? builder.add('Unsqueeze', [y, builder.integers([1])], {}, layer.name) : y;
  },
  scripts: inBoth(expression),
};

/** Returns the einsum equation, 'nij,njk->nik'. */
function equationOf({ axes }: DotSpec, [first, second]: readonly [number, number]): { equation: string; flat: boolean } {
  const a = [...'nabcdefg'.slice(0, first)];
  const b = [...'nhijklmo'.slice(0, second)];
  a[axisIn(axes[0], first, 'dot')] = 'z';
  b[axisIn(axes[1], second, 'dot')] = 'z';
  const output = [...a, ...b.slice(1)].filter(letter => letter !== 'z');
  return { equation: `${a.join('')},${b.join('')}->${output.join('')}`, flat: output.length === 1 };
}

function solved(layer: DotSpec, inputs: readonly DimShape[]): { output: DimShape; summed: Dim } {
  const [a, b] = inputs;
  if (inputs.length !== 2 || a.length < 2 || b.length < 2) throw cannotJoin(inputs, 'two inputs of at least two axes');
  const [i, k] = [axisIn(layer.axes[0], a.length, 'dot'), axisIn(layer.axes[1], b.length, 'dot')];
  if (i === 0 || k === 0) throw cannotJoin(inputs, 'axes after the batch');
  if (a[i].size !== null && b[k].size !== null && a[i].size !== b[k].size) throw cannotJoin(inputs, `axis ${i} as long as axis ${k}`);
  const output = [...a.filter((_, axis) => axis !== i), ...b.filter((_, axis) => axis !== k && axis > 0)];
  return { output: output.length === 1 ? [...output, { symbol: '1', size: 1 }] : output, summed: a[i].size === null ? b[k] : a[i] };
}

function cannotJoin(inputs: readonly DimShape[], expected: string): RnnError {
  const found = inputs.map(showShape).join(' and ');
  return new RnnError('shape', 'E_MERGE', `a dot product cannot join ${found}`, { expected, found });
}

/** Divides x by its length along an axis. */
function normalized({ shape, data }: Tensor, axis: number): Tensor {
  const inner = shape.slice(axis + 1).reduce((n, size) => n * size, 1);
  const size = shape[axis];
  const out = data.slice();
  for (let start = 0; start < data.length; start += size * inner) {
    for (let k = start; k < start + inner; k++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += data[k + i * inner] ** 2;
      const length = Math.max(Math.sqrt(sum), SHORTEST);
      for (let i = 0; i < size; i++) out[k + i * inner] = data[k + i * inner] / length;
    }
  }
  return { shape, data: out };
}

function expression(library: ArrayLibrary, layer: DotSpec, { inputs, shapes }: ScriptCall): string {
  const { equation, flat } = equationOf(layer, [shapes[0].length, shapes[1].length]);
  const given = inputs.map((x, i) => {
    if (!layer.normalize) return x;
    const axis = axisIn(layer.axes[i], shapes[i].length, 'dot');
    const length =
      library === 'np' ? `np.linalg.norm(${x}, axis=${axis}, keepdims=True)` : `torch.linalg.vector_norm(${x}, dim=${axis}, keepdim=True)`;
    return library === 'np' ? `${x} / np.maximum(${length}, ${SHORTEST})` : `${x} / ${length}.clamp(min=${SHORTEST})`;
  });
  return `${library}.einsum(${pythonText(equation)}, ${given.join(', ')})${flat ? '[:, None]' : ''}`;
}

/** Checks the axes; a single number applies to both inputs. */
function checkAxes(value: unknown, key: string): unknown {
  const axes = typeof value === 'number' ? [value, value] : value;
  if (Array.isArray(axes) && axes.length === 2 && axes.every(axis => Number.isInteger(axis) && axis !== 0)) return axes;
  throw new RnnError('spec', 'E_SPEC_TYPE', 'expected one axis of each input', {
    where: key,
    expected: 'two whole numbers, such as [2, 2]',
  });
}
