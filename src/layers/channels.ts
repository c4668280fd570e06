import { RnnError } from '../errors.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { showShape } from './dims.js';
import type { DimShape } from './shape.js';

/** Where the channels stand: last [N, T, D], or first [N, D, T] (Keras data_format). */
export type DataFormat = 'channels_last' | 'channels_first';
export const DATA_FORMATS: readonly DataFormat[] = ['channels_last', 'channels_first'];

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
    throw new RnnError(
      'shape',
      axes === 1 && shape.length === 2 ? 'E_SEQ' : 'E_RANK',
      `needs (${wanted.join(', ')}) but gets ${showShape(shape)}`,
      {
        expected: `(${wanted.join(', ')})`,
        found: showShape(shape),
        ...(shape.length === 2 ? { more: 'return_sequences' } : {}),
      },
    );
  }
  return lastChannels(layer) ? shape.slice(0, -1) : [shape[0], ...shape.slice(2)];
}

/** The same shape with its channels where the layer has them. @param shape [N, ...S] */
export function withChannels<D>(layer: Formatted, [N, ...space]: readonly D[], channels: D): D[] {
  return lastChannels(layer) ? [N, ...space, channels] : [N, channels, ...space];
}

/** The channels moved behind everything. */
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
