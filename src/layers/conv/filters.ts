import { type GraphBuilder, ints } from '../../formats/onnx/builder.js';
import type { OnnxAttribute } from '../../formats/onnx/graph.js';
import { permuteAxes } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { DATA_FORMAT, spaceOf } from '../channels.js';
import type { Grammar } from '../facets.js';
import { sizes } from '../fields.js';
import type { DimShape, Field } from '../layer.js';
import { onnxPadding } from '../window/onnx.js';
import type { Padding } from '../window/window.js';
import { type ConvSpec, type Sliding, windowsOf } from './spec.js';

/** What all convolutional layers share: their fields in a spec, in a Keras configuration, in the grammar. */
export type Filtered = Pick<ConvSpec, 'kernelSize' | 'strides' | 'dilation' | 'padding' | 'activation' | 'useBias' | 'dataFormat'>;

/** @param paddings the allowed values; the first one is the default */
export function filterFields(axes: number, paddings: readonly Padding[], activation = 'linear') {
  const ones = new Array<number>(axes).fill(1);
  return {
    kernelSize: sizes({ count: axes }),
    strides: sizes({ count: axes, default: ones }),
    dilation: sizes({ count: axes, default: ones }),
    padding: { type: 'choice', choices: paddings, default: paddings[0] },
    activation: { type: 'activation', default: activation },
    useBias: { type: 'boolean', default: true },
    dataFormat: DATA_FORMAT,
  } satisfies Record<string, Field>;
}

/** Their arguments in Keras: see kerasArguments.ts. */
export const FILTER_ARGUMENTS = 'kernelSize strides padding dataFormat dilation activation useBias';

/** The sizes in the grammar: `64x5`, `64x3x3`, the number of filters, then the kernel size. */
export function filterSizes(axes: number): Grammar['sizes'] {
  return {
    form: `FILTERS${'xSIZE'.repeat(axes)}`,
    example: `64${'x5'.repeat(axes)}`,
    fields: ['filters', { list: 'kernelSize', counts: [axes, axes] }],
  };
}

/** Transposes a kernel to ONNX's layout: [...k, C, F] -> [F, C, …k]; for a transposed convolution [...k, F, C] -> [C, F, …k]. */
export function filtersFirst(kernel: Tensor): Tensor {
  const axes = kernel.shape.length - 2;
  return permuteAxes(kernel, [axes + 1, axes, ...Array(axes).keys()]);
}

/** Kernel and bias as constants of an ONNX graph. */
export function filterConstants(builder: GraphBuilder, name: string, kernel: Tensor, bias: Tensor | undefined): string[] {
  const constant = (key: string, t: Tensor) => builder.constant(`${name}.${key}`, t);
  return [constant('weight', kernel), ...(bias ? [constant('bias', bias)] : [])];
}

/** The attributes of ONNX's Conv for kernel, strides, dilations and padding. @param shape of the input */
export function slidingAttributes(layer: Sliding & Pick<ConvSpec, 'dataFormat'>, shape: DimShape): Record<string, OnnxAttribute> {
  return {
    kernel_shape: ints(...layer.kernelSize),
    strides: ints(...layer.strides),
    dilations: ints(...layer.dilation),
    ...onnxPadding(spaceOf(layer, shape, layer.kernelSize.length).slice(1), windowsOf(layer)),
  };
}
