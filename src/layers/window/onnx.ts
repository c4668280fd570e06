import { ints, text } from '../../formats/onnx/builder.js';
import type { OnnxAttribute } from '../../formats/onnx/graph.js';
import type { DimShape } from '../shape.js';
import { paddingOf, type Window } from './window.js';

/**
 * Returns the attribute `pads` of an operator with windows, or `auto_pad` if the pads depend on an unknown length: SAME_UPPER puts the odd
 * value at the end, as TensorFlow does. @param space [...S]
 */
export function onnxPadding(space: DimShape, windows: readonly Window[]): Readonly<Record<string, OnnxAttribute>> {
  if (windows.every(({ padding }) => padding === 'valid')) return {};
  const open = windows.some(({ padding, stride }, axis) => padding === 'same' && stride > 1 && space[axis].size === null);
  if (open) return { auto_pad: text('SAME_UPPER') };
  // with a stride of 1 the padding does not depend on the length
  const pads = windows.map((window, axis) => paddingOf(space[axis].size ?? window.size * window.dilation, window));
  return { pads: ints(...pads.map(([before]) => before), ...pads.map(([, behind]) => behind)) };
}
