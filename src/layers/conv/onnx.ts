import { int, ints } from '../../formats/onnxBuilder.js';
import { permuteAxes } from '../../tensor/axes.js';
import { lastChannels, spaceOf } from '../channels.js';
import type { OnnxFacet } from '../facets.js';
import { onnxPadding } from '../window/onnx.js';
import { type ConvSpec, windowsOf } from './spec.js';

/** Conv reads [N, C, …S] with W [F, C/groups, …k]. */
export const onnx: OnnxFacet<ConvSpec> = (layer, call) => {
  const { builder, inputs } = call;
  const axes = layer.kernelSize.length;
  const space = layer.kernelSize.map((_, axis) => axis);
  const W = permuteAxes(call.weight('W')!, [axes + 1, axes, ...space]);
  const bias = call.weight('b');
  const toFirst = [0, axes + 1, ...space.map(axis => axis + 1)];
  const x = lastChannels(layer) ? builder.add('Transpose', [inputs[0]], { perm: ints(...toFirst) }, `${layer.name}/channels`) : inputs[0];
  const y = builder.add(
    'Conv',
    [x, builder.constant(`${layer.name}.weight`, W), ...(bias ? [builder.constant(`${layer.name}.bias`, bias)] : [])],
    {
      kernel_shape: ints(...layer.kernelSize),
      strides: ints(...layer.strides),
      dilations: ints(...layer.dilation),
      group: int(layer.groups),
      ...onnxPadding(spaceOf(layer, call.shapes[0], axes).slice(1), windowsOf(layer)),
    },
    layer.name,
  );
  const back = lastChannels(layer)
    ? builder.add('Transpose', [y], { perm: ints(0, ...space.map(axis => axis + 2), 1) }, `${layer.name}/back`)
    : y;
  return call.activation(layer.activation, back);
};
