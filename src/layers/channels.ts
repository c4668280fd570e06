import { RnnError } from '../errors.js';
import { type GraphBuilder, ints } from '../formats/onnx/builder.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { showShape } from './dims.js';
import type { DimShape } from './shape.js';

/** Where the channels stand: last [N, T, D], or first [N, D, T] (Keras data_format). */
export type DataFormat = 'channels_last' | 'channels_first';
export const DATA_FORMAT = { type: 'choice', choices: ['channels_last', 'channels_first'], default: 'channels_last' } as const;

interface Formatted {
  readonly dataFormat: DataFormat;
}

export function lastChannels({ dataFormat }: Formatted): boolean {
  return dataFormat === 'channels_last';
}

const NAMES = [['T'], ['H', 'W'], ['D', 'H', 'W']];

/** [N, ...S] without the channels. @throws RnnError E_RANK unless there are so many axes of space */
export function spaceOf(layer: Formatted, shape: DimShape, axes: number): DimShape {
  if (shape.length !== axes + 2) {
    const names = NAMES[axes - 1] ?? [];
    const wanted = lastChannels(layer) ? ['N', ...names, 'channels'] : ['N', 'channels', ...names];
    const message = `needs (${wanted.join(', ')}) but gets ${showShape(shape)}`;
    throw new RnnError('shape', axes === 1 && shape.length === 2 ? 'E_SEQ' : 'E_RANK', message, {
      expected: `(${wanted.join(', ')})`,
      found: showShape(shape),
      ...(shape.length === 2 ? { more: 'return_sequences' } : {}),
    });
  }
  return lastChannels(layer) ? shape.slice(0, -1) : [shape[0], ...shape.slice(2)];
}

export function channelsOf<D>(layer: Formatted, shape: readonly D[]): D {
  return shape[lastChannels(layer) ? shape.length - 1 : 1];
}

/** The shape with other sizes along its axes of space, and as many channels unless said. @throws RnnError as spaceOf */
export function overSpace(
  layer: Formatted,
  shape: DimShape,
  axes: number,
  change: (space: DimShape) => DimShape,
  channels = channelsOf(layer, shape),
): DimShape {
  const [N, ...space] = spaceOf(layer, shape, axes);
  return withChannels(layer, [N, ...change(space)], channels);
}

/** The same shape with its channels where the layer has them. @param shape [N, ...S] */
export function withChannels<D>(layer: Formatted, [N, ...space]: readonly D[], channels: D): D[] {
  return lastChannels(layer) ? [N, ...space, channels] : [N, channels, ...space];
}

/** The channels moved to the last axis. */
export function toLast(layer: Formatted, t: Tensor): Tensor {
  if (lastChannels(layer)) return t;
  return permuteAxes(t, [0, ...t.shape.slice(2).map((_, axis) => axis + 2), 1]);
}

/** And back. */
export function fromLast(layer: Formatted, t: Tensor): Tensor {
  if (lastChannels(layer)) return t;
  const last = t.shape.length - 1;
  return permuteAxes(t, [0, last, ...t.shape.slice(2).map((_, axis) => axis + 1)]);
}

/**
 * ONNX has the channels first: the value in the layout of `nodes`, and their result in that of the layer.
 * @param axes of space
 */
export function channelsFirst(
  layer: Formatted & { readonly name: string },
  builder: GraphBuilder,
  input: string,
  axes: number,
  nodes: (x: string) => string,
): string {
  if (!lastChannels(layer)) return nodes(input);
  const space = Array.from({ length: axes }, (_, axis) => axis + 1);
  const y = nodes(builder.add('Transpose', [input], { perm: ints(0, axes + 1, ...space) }, `${layer.name}/channels`));
  return builder.add('Transpose', [y], { perm: ints(0, ...space.map(a => a + 1), 1) }, `${layer.name}/back`);
}

/** Our Python functions have them last. @param move the library's function that moves an axis */
export function channelsLast(layer: Formatted, move: string, input: string, written: (x: string) => string): string {
  return lastChannels(layer) ? written(input) : `${move}(${written(`${move}(${input}, 1, -1)`)}, -1, 1)`;
}
