import { RnnError } from '../errors.js';
import { type GraphBuilder, ints } from '../formats/onnx/builder.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { showShape } from './dims.js';
import type { ArrayLibrary } from './facets.js';
import type { DimShape } from './shape.js';

/** Which axis holds the channels: the last, [N, T, D], or the first after the batch, [N, D, T] (Keras data_format). */
export type DataFormat = 'channels_last' | 'channels_first';
export const DATA_FORMAT = { type: 'choice', choices: ['channels_last', 'channels_first'], default: 'channels_last' } as const;

interface Formatted {
  readonly dataFormat: DataFormat;
}

interface Named extends Formatted {
  readonly name: string;
}

/** Whether the channels are the last axis; if not, they follow the batch. */
export function lastChannels({ dataFormat }: Formatted): boolean {
  return dataFormat === 'channels_last';
}

const NAMES = [['T'], ['H', 'W'], ['D', 'H', 'W']];

/** Returns the shape without its channels, [N, ...S]. @throws RnnError E_RANK unless it has `axes` spatial axes */
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

/** Returns the size of the channels axis. */
export function channelsOf<D>(layer: Formatted, shape: readonly D[]): D {
  return shape[lastChannels(layer) ? shape.length - 1 : 1];
}

/** Returns the spatial axes of the layer's input. */
export function spaceAxes(layer: Formatted, count: number): number[] {
  return range(count, lastChannels(layer) ? 1 : 2);
}

/** Returns the shape with its spatial sizes replaced, and its channels if given. @throws RnnError as spaceOf */
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

/** Adds the channels to [N, ...S], at the position the layer has them. */
export function withChannels<D>(layer: Formatted, [N, ...space]: readonly D[], channels: D): D[] {
  return lastChannels(layer) ? [N, ...space, channels] : [N, channels, ...space];
}

/** Moves the channels to the last axis. */
export function toLast(layer: Formatted, t: Tensor): Tensor {
  if (lastChannels(layer)) return t;
  return permuteAxes(t, [0, ...t.shape.slice(2).map((_, axis) => axis + 2), 1]);
}

/** The inverse of `toLast`. */
export function fromLast(layer: Formatted, t: Tensor): Tensor {
  if (lastChannels(layer)) return t;
  const last = t.shape.length - 1;
  return permuteAxes(t, [0, last, ...t.shape.slice(2).map((_, axis) => axis + 1)]);
}

/**
 * Adds nodes that work on channels first, as ONNX has them, with the transpositions they need before and after.
 * @param axes number of spatial axes
 */
export function channelsFirst(layer: Named, builder: GraphBuilder, input: string, axes: number, nodes: (x: string) => string): string {
  return channelsBack(layer, builder, nodes(channelsToFirst(layer, builder, input, axes)), axes);
}

/** Adds a Transpose from the layer's layout to ONNX's [N, C, …S], if they differ. */
export function channelsToFirst(layer: Named, builder: GraphBuilder, x: string, axes: number): string {
  const perm = ints(0, axes + 1, ...range(axes, 1));
  return lastChannels(layer) ? builder.add('Transpose', [x], { perm }, `${layer.name}/channels`) : x;
}

/** The inverse of `channelsToFirst`; `lead` axes (samples, steps) come before the channels. */
export function channelsBack(layer: Named, builder: GraphBuilder, x: string, axes: number, lead = 1): string {
  const perm = ints(...range(lead, 0), ...range(axes, lead + 1), lead);
  return lastChannels(layer) ? builder.add('Transpose', [x], { perm }, `${layer.name}/back`) : x;
}

function range(length: number, from: number): number[] {
  return Array.from({ length }, (_, i) => from + i);
}

/** Writes Python that works on channels last, as our Python functions do. */
export function channelsLast(layer: Formatted, library: ArrayLibrary, input: string, written: (x: string) => string): string {
  const move = library === 'np' ? 'np.moveaxis' : 'torch.movedim';
  return lastChannels(layer) ? written(input) : `${move}(${written(`${move}(${input}, 1, -1)`)}, -1, 1)`;
}
