import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { DimShape } from './shape.js';

/** For layers that work along some axes of their input, independently at every position of the others. */

/** Returns the axes counted from the front, sorted. @throws RnnError E_AXIS: there is no such axis, or it is the batch */
export function axesOf(axis: readonly number[], shape: DimShape): number[] {
  return axis
    .map(given => {
      const at = given < 0 ? given + shape.length : given;
      if (Number.isInteger(at) && at > 0 && at < shape.length) return at;
      throw new RnnError('shape', 'E_AXIS', `has no axis ${given} in ${showShape(shape)}`, {
        where: 'axis',
        expected: `1 … ${shape.length - 1}, or -1 … ${1 - shape.length}`,
        found: String(given),
      });
    })
    .sort((a, b) => a - b);
}

/** Returns the shape that broadcasts a weight with these axes over the input: [1, T, 1]; null if it broadcasts as it is. */
export function broadcastOver(axes: readonly number[], shape: DimShape): (number | string)[] | null {
  const trailing = axes.every((axis, i) => axis === shape.length - axes.length + i);
  return trailing ? null : shape.map((dim, axis) => (axes.includes(axis) ? (dim.size ?? dim.symbol) : 1));
}

/** Returns the sizes of these axes, of which a weight has its shape. @throws RnnError E_SYMBOLIC if one is unknown */
export function sizesAlong(axes: readonly number[], shape: DimShape): number[] {
  return axes.map(axis => {
    const { size, symbol } = shape[axis];
    if (size !== null) return size;
    throw new RnnError('shape', 'E_SYMBOLIC', `needs the size of every axis it works along, but ${symbol} is unknown`, {
      fix: `give ${symbol} a number (--T 10)`,
    });
  });
}
