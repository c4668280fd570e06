import { RnnError } from '../../errors.js';
import { placesAlong } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { axesOf, sizesAlong } from '../axes.js';
import { costPerNumber, symbolic } from '../dims.js';
import { type ArrayLibrary, inBoth, type ScriptCall } from '../facets.js';
import { numbers } from '../fields.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { nestedNumbers } from '../operatorFields.js';
import { pythonText } from '../python.js';
import type { DimShape } from '../shape.js';
import { vectorWeights } from './weights.js';

/** y = (x − mean) / max(√variance, 1e-7), or its inverse, with the mean and variance of the data, given or measured beforehand (Keras Normalization). */
export interface NormalizationSpec extends LayerBase {
  readonly kind: 'normalization';
  /** axes along which mean and variance vary; empty: one mean for all */
  readonly axis: readonly number[];
  readonly invert: boolean;
  /** null: mean and variance are weights, set by `adapt` */
  readonly mean: NestedNumbers;
  readonly variance: NestedNumbers;
}

type NestedNumbers = number | readonly unknown[] | null;

const LEAST_DEVIATION = 1e-7;
const NESTED = {
  type: 'own',
  check: (value: unknown, key: string) => {
    nestedNumbers(value, key);
    return value;
  },
  schema: { $ref: '#/definitions/numbers' },
  default: null,
} as const;

export const normalization: LayerKind<NormalizationSpec> = {
  name: 'normalization',
  reads: 'anything',
  passesMask: () => true,
  kerasClass: () => 'Normalization',
  fields: { axis: numbers({ default: [-1] }), invert: { type: 'boolean', default: false }, mean: NESTED, variance: NESTED },
  keras: {
    // without an axis there is one mean for all
    classes: {
      Normalization: ({ axis, invert, mean, variance }) => {
        checkBoth(mean, variance);
        return { axis: typeof axis === 'number' ? [axis] : (axis ?? []), invert, mean, variance };
      },
    },
    config: ({ axis, invert, mean, variance }) => ({ axis, invert, mean, variance }),
    weightNames: { mean: 'mean', variance: 'variance', count: 'count' },
  },
  weightShapes(layer, [input]) {
    const axes = axesOf(layer.axis, input);
    const sizes = sizesAlong(axes, input);
    if (layer.mean !== null) return [];
    const symbols = axes.map(axis => input[axis].symbol);
    return [...vectorWeights(['mean', 'variance'], symbols, sizes), ...vectorWeights(['count'], [], [])];
  },
  cost: costPerNumber('elementwise'),
  formula(layer, [input], symbols) {
    const [mean] = this.weightShapes(layer, [input], symbols);
    return mean ? `2*${mean.formula}+1` : null;
  },
  apply(layer, [input], { kernels, weights }) {
    const { data, shape } = input.tensor;
    const { factor, shift } = asAffine(layer, symbolic(shape), name => weights.get(name));
    const { starts, offsets } = placesAlong(shape, axesOf(layer.axis, symbolic(shape)));
    const y = kernels.allocate(data.length);
    for (const start of starts) {
      for (let k = 0; k < offsets.length; k++) y[start + offsets[k]] = data[start + offsets[k]] * factor.data[k] + shift.data[k];
    }
    return { tensor: { shape, data: y } };
  },
  onnx: (layer, { builder, inputs: [x], shapes, weight }) => {
    const { factor, shift } = asAffine(layer, shapes[0], weight);
    const y = builder.add('Mul', [x, builder.constant(`${layer.name}.factor`, factor)], {}, layer.name);
    return builder.add('Add', [y, builder.constant(`${layer.name}.shift`, shift)], {}, `${layer.name}/shift`);
  },
  scripts: inBoth(expression),
};

/** @throws RnnError E_STATISTICS if one of the two is given and the other is not, so that it is neither a constant nor a weight */
function checkBoth(mean: unknown, variance: unknown): void {
  const [hasMean, hasVariance] = [mean, variance].map(value => value !== null && value !== undefined);
  if (hasMean === hasVariance) return;
  throw new RnnError(
    'convention',
    'E_STATISTICS',
    `the ${hasMean ? 'mean' : 'variance'} is given without the ${hasMean ? 'variance' : 'mean'}`,
    {
      where: hasMean ? 'variance' : 'mean',
      expected: 'both, or neither where they are weights',
      found: 'null',
    },
  );
}

/** Returns a mean or variance as `size` numbers, taken from the weight or broadcast from the given value. */
function statistic(value: NestedNumbers, weight: Tensor | undefined, size: number): Float64Array {
  if (value === null) return Float64Array.from(weight!.data);
  const { data } = nestedNumbers(value, 'mean');
  if (size % data.length === 0) return Float64Array.from({ length: size }, (_, k) => data[k % data.length]);
  throw new RnnError('shape', 'E_STATISTICS', `${data.length} numbers are given for ${size} positions`, {
    where: 'mean',
    expected: `${size} numbers`,
    found: String(data.length),
  });
}

/** Returns factor and shift of y = x·factor + shift, with a shape that broadcasts over the input. */
function asAffine(layer: NormalizationSpec, input: DimShape, weight: (name: string) => Tensor | undefined) {
  const axes = axesOf(layer.axis, input);
  const count = sizeOf(sizesAlong(axes, input));
  const mean = statistic(layer.mean, weight('mean'), count);
  const deviation = statistic(layer.variance, weight('variance'), count).map(v => Math.max(Math.sqrt(v), LEAST_DEVIATION));
  const shape = input.map((dim, axis) => (axes.includes(axis) ? dim.size! : 1));
  if (layer.invert) return { factor: { shape, data: deviation }, shift: { shape, data: mean } };
  return { factor: { shape, data: deviation.map(d => 1 / d) }, shift: { shape, data: mean.map((m, k) => -m / deviation[k]) } };
}

/** The function that makes an array. */
const ARRAY: Readonly<Record<ArrayLibrary, string>> = { np: 'np.array', torch: 'torch.tensor' };

function expression(library: ArrayLibrary, layer: NormalizationSpec, { inputs: [x], shapes, weight }: ScriptCall): string {
  const axes = axesOf(layer.axis, shapes[0]);
  const shape = pythonText(shapes[0].map((dim, axis) => (axes.includes(axis) ? dim.size : 1)));
  const of = (name: 'mean' | 'variance') => {
    if (layer[name] === null) return `${weight(name)}.reshape(${shape})`;
    return `${ARRAY[library]}(${pythonText([...statistic(layer[name], undefined, sizeOf(sizesAlong(axes, shapes[0])))])}).reshape(${shape})`;
  };
  const root = `${library}.sqrt(${of('variance')})`;
  const d = library === 'np' ? `np.maximum(${root}, ${LEAST_DEVIATION})` : `${root}.clamp(min=${LEAST_DEVIATION})`;
  return layer.invert ? `${x} * ${d} + ${of('mean')}` : `(${x} - ${of('mean')}) / ${d}`;
}

/** y = x·scale + offset, each one number or one per feature (Keras Rescaling). */
export interface RescalingSpec extends LayerBase {
  readonly kind: 'rescaling';
  readonly scale: NestedNumbers;
  readonly offset: NestedNumbers;
}

export const rescaling: LayerKind<RescalingSpec> = {
  name: 'rescaling',
  reads: 'anything',
  passesMask: () => true,
  kerasClass: () => 'Rescaling',
  fields: { scale: { ...NESTED, default: undefined }, offset: { ...NESTED, default: 0 } },
  keras: {
    classes: { Rescaling: config => ({ scale: config.scale ?? 1, offset: config.offset ?? 0 }) },
    config: ({ scale, offset }) => ({ scale, offset }),
  },
  cost: costPerNumber('elementwise'),
  apply(layer, [input], { kernels }) {
    const { data, shape } = input.tensor;
    const [scale, offset] = [layer.scale, layer.offset].map(value => statistic(value, undefined, shape[shape.length - 1]));
    const y = kernels.allocate(data.length);
    for (let k = 0; k < y.length; k++) y[k] = data[k] * scale[k % scale.length] + offset[k % scale.length];
    return { tensor: { shape, data: y } };
  },
  onnx: (layer, { builder, inputs: [x] }) => {
    const constant = (value: NestedNumbers) => {
      const { shape, data } = nestedNumbers(value, 'scale');
      return builder.constant(`${layer.name}.number`, { shape, data: Float64Array.from(data) });
    };
    return builder.add('Add', [builder.add('Mul', [x, constant(layer.scale)], {}, layer.name), constant(layer.offset)], {}, layer.name);
  },
  scripts: inBoth((library, layer, { inputs: [x] }) => {
    const [scale, offset] = [layer.scale, layer.offset].map(value => `${ARRAY[library]}(${pythonText(value)})`);
    return `${x} * ${scale} + ${offset}`;
  }),
};
