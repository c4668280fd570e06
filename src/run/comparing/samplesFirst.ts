import { inferShapes } from '../../model/shapes.js';
import type { LayerSpec } from '../../model/spec.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import type { Prepared } from '../prepare.js';
import type { Sides } from './sides.js';

/** Transposes a time-major output [T, N, …] to [N, T, …] on both sides, because the search for mistakes expects samples first. */
export function withSamplesFirst(prepared: Prepared, sides: Sides): [Prepared, Sides] {
  const { network } = prepared;
  const { model, shapes } = network;
  const [, second] = shapes.output;
  if (second?.symbol !== 'N' || sides.actual.shape.length !== shapes.output.length) return [prepared, sides];
  const perm = shapes.output.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  const transpose = { kind: 'op', op: 'Transpose', operands: null, attributes: { perm }, kerasClass: null } as const;
  const layer: LayerSpec = { ...transpose, name: `${model.output} with the samples first`, inputs: [model.output], trainable: true };
  const own = { ...model, layers: [...model.layers, layer], output: layer.name };
  const swapped = {
    ...sides,
    expected: swapBatchAndTime(sides.expected),
    actual: swapBatchAndTime(sides.actual),
    ...(sides.batched ? { batched: { ...sides.batched, y: swapBatchAndTime(sides.batched.y) } } : {}),
  };
  return [{ ...prepared, network: { ...network, model: own, shapes: inferShapes(own) } }, swapped];
}
