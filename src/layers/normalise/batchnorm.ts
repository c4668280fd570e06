import { placesAlong } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { axesOf, broadcastOver, sizesAlong } from '../axes.js';
import { costPerNumber, symbolic } from '../dims.js';
import { type ArrayLibrary, inBoth, type OnnxFacet, type ScriptCall } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { normOptions, vectorWeights, weightsAlong } from './weights.js';

/** y = γ·(x − mean) / √(variance + ε) + β along one axis, with the moving statistics from training (Keras BatchNormalization, PyTorch BatchNorm1d in eval mode). */
export interface BatchNormSpec extends LayerBase {
  readonly kind: 'batchnorm';
  readonly axis: number;
  readonly epsilon: number;
  /** whether there is a β */
  readonly center: boolean;
  /** whether there is a γ */
  readonly scale: boolean;
  /** whether there are statistics of batch renormalisation, which are stored and counted but only used in training */
  readonly renorm: boolean;
}

const FIELDS: LayerKind<BatchNormSpec>['fields'] = {
  axis: { type: 'number', default: -1 },
  epsilon: { type: 'number', min: 0, default: 0.001 },
  center: { type: 'boolean', default: true },
  scale: { type: 'boolean', default: true },
  renorm: { type: 'boolean', default: false },
};

export const batchnorm: LayerKind<BatchNormSpec> = {
  name: 'batchnorm',
  reads: 'anything',
  passesMask: () => true,
  kerasClass: () => 'BatchNormalization',
  fields: FIELDS,
  grammar: { options: normOptions(FIELDS) },
  keras: kerasArguments('BatchNormalization', FIELDS, 'axis+ epsilon center scale renorm?', {
    weightNames: {
      gamma: 'gamma',
      beta: 'beta',
      mean: 'moving_mean',
      variance: 'moving_variance',
      renormMean: 'renorm_mean',
      renormDeviation: 'renorm_stddev',
      deviation: 'moving_stddev',
    },
  }),

  weightShapes(layer, [input]) {
    const axes = axesOf([layer.axis], input);
    const [size] = sizesAlong(axes, input);
    const names = [
      ...(layer.scale ? (['gamma'] as const) : []),
      ...(layer.center ? (['beta'] as const) : []),
      'mean' as const,
      'variance' as const,
      ...(layer.renorm ? (['deviation', 'renormMean', 'renormDeviation'] as const) : []),
    ];
    return vectorWeights(names, [input[axes[0]].symbol], [size]);
  },

  cost: costPerNumber('elementwise'),

  apply(layer, [input], { kernels, weights }) {
    const { data, shape } = input.tensor;
    const axes = axesOf([layer.axis], symbolic(shape));
    const { factor, shift } = asAffine(layer, name => weights.get(name));
    const { starts, offsets } = placesAlong(shape, axes);
    const less = kernels.rounded ? shift.map(kernels.rounded) : shift;
    const y = kernels.allocate(data.length);
    for (let s = 0; s < starts.length; s++) {
      for (let c = 0; c < offsets.length; c++) {
        const at = starts[s] + offsets[c];
        y[at] = data[at] * factor[c] + less[c];
      }
    }
    return { tensor: { shape, data: y } };
  },

  onnx: (layer, call) => scaled(layer, asAffine(layer, call.weight), call),

  scripts: inBoth(expression),
};

/** Returns factor and shift of y = x·factor + shift, in float64. */
function asAffine(layer: BatchNormSpec, weight: (name: string) => Tensor | undefined) {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(name => weight(name)?.data);
  const factor = Float64Array.from(variance!, (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + layer.epsilon));
  const shift = factor.map((f, c) => (beta?.[c] ?? 0) - mean![c] * f);
  return { factor, shift };
}

function scaled(
  layer: BatchNormSpec,
  { factor, shift }: { factor: Float64Array; shift: Float64Array },
  { builder, inputs, shapes }: Parameters<OnnxFacet<BatchNormSpec>>[1],
): string {
  const axes = axesOf([layer.axis], shapes[0]);
  const shape = (broadcastOver(axes, shapes[0]) as number[] | null) ?? [factor.length];
  const y = builder.add('Mul', [inputs[0], builder.constant(`${layer.name}.factor`, { shape, data: factor })], {}, layer.name);
  return builder.add('Add', [y, builder.constant(`${layer.name}.shift`, { shape, data: shift })], {}, `${layer.name}/shift`);
}

function expression(library: ArrayLibrary, layer: BatchNormSpec, call: ScriptCall): string {
  const of = weightsAlong(axesOf([layer.axis], call.shapes[0]), call);
  const [gamma, beta] = [of('gamma'), of('beta')];
  const normal = `(${call.inputs[0]} - ${of('mean')}) / ${library}.sqrt(${of('variance')} + ${layer.epsilon})`;
  return `${normal}${gamma ? ` * ${gamma}` : ''}${beta ? ` + ${beta}` : ''}`;
}
