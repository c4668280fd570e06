import { int, ints } from '../../formats/onnx/builder.js';
import { permuteAxes } from '../../tensor/axes.js';
import { channelsFirst, spaceOf } from '../channels.js';
import type { OnnxFacet } from '../facets.js';
import { onnxPadding } from '../window/onnx.js';
import { type ConvSpec, windowsOf } from './spec.js';

/** Conv reads [N, C, …S] with W [F, C/groups, …k]. */
export const onnx: OnnxFacet<ConvSpec> = (layer, { builder, inputs: [input], shapes, weight, activation }) => {
  const axes = layer.kernelSize.length;
  const W = permuteAxes(weight('W')!, [axes + 1, axes, ...layer.kernelSize.keys()]);
  const bias = weight('b');
  const weights = [builder.constant(`${layer.name}.weight`, W), ...(bias ? [builder.constant(`${layer.name}.bias`, bias)] : [])];
  const attributes = {
    kernel_shape: ints(...layer.kernelSize),
    strides: ints(...layer.strides),
    dilations: ints(...layer.dilation),
    group: int(layer.groups),
    ...onnxPadding(spaceOf(layer, shapes[0], axes).slice(1), windowsOf(layer)),
  };
  const y = channelsFirst(layer, builder, input, axes, x => builder.add('Conv', [x, ...weights], attributes, layer.name));
  return activation(layer.activation, y);
};
