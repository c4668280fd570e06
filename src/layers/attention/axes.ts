import { RnnError } from '../../errors.js';
import { permuteAxes } from '../../tensor/axes.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { showShape } from '../dims.js';
import type { DimShape } from '../shape.js';

/** The axes of a query [N, …, D]: `along` which it attends, and those `around`, the samples first, each position of which attends separately. */
export interface AttendedAxes {
  readonly around: readonly number[];
  readonly along: readonly number[];
}

/** Splits the axes of a query. @param given Keras' attention_axes; null: all axes between samples and features @throws RnnError E_RANK */
export function attendedAxes(given: readonly number[] | null, rank: number): AttendedAxes {
  const between = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const along = (given ?? between).map(axis => (axis < 0 ? axis + rank : axis));
  if (along.length === 0 || along.some((axis, i) => !between.includes(axis) || along.indexOf(axis) !== i))
    throw new RnnError('shape', 'E_RANK', `attention along ${along.join(', ') || 'none'} of ${rank} axes`, {
      where: 'attention_axes',
      expected: `axes between the samples and the features (${between.join(', ')})`,
      found: along.join(', ') || 'none',
    });
  return { around: [0, ...between].filter(axis => !along.includes(axis)), along };
}

/** [N, …, D] -> [N', T, D]: joins all `around` axes as samples, all `along` axes as steps. */
export function folded(t: Tensor, { around, along }: AttendedAxes): Tensor {
  const last = t.shape.length - 1;
  const sizes = [around, along].map(axes => sizeOf(axes.map(axis => t.shape[axis])));
  return reshape(permuteAxes(t, [...around, ...along, last]), [...sizes, t.shape[last]]);
}

/** The inverse of `folded`: [N', T, D] -> [N, …, D]. @param shape of the unfolded tensor */
export function unfolded(t: Tensor, { around, along }: AttendedAxes, shape: readonly number[]): Tensor {
  const order = [...around, ...along, shape.length - 1];
  const moved = reshape(t, [...order.slice(0, -1).map(axis => shape[axis]), t.shape[2]]);
  return permuteAxes(
    moved,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/**
 * Checks that value and key lie beside the query in the axes around those along which it attends, and beside each other along them.
 * @throws RnnError E_MERGE
 */
export function checkMeeting({ around, along }: AttendedAxes, query: DimShape, value: DimShape, key: DimShape): void {
  const differ = (a: DimShape, b: DimShape, axes: readonly number[]) =>
    a.length !== b.length || axes.some(i => i > 0 && a[i].size !== null && b[i].size !== null && a[i].size !== b[i].size);
  const meet = (a: DimShape, b: DimShape, message: string, expected: string) =>
    new RnnError('shape', 'E_MERGE', message, { expected, found: `${showShape(a)} and ${showShape(b)}` });
  const other = [value, key].find(shape => differ(query, shape, around));
  if (other)
    throw meet(
      query,
      other,
      `a query ${showShape(query)} cannot attend to ${showShape(other)}`,
      'the same axes around those along which it attends',
    );
  if (differ(key, value, along))
    throw meet(key, value, `keys ${showShape(key)} are not those of values ${showShape(value)}`, 'a key for each value');
}

/** Refuses masks if there are more than three axes: Keras applies them to the wrong ones. @throws RnnError E_KERAS_OPTION */
export function checkUnmasked(rank: number, masks: readonly unknown[]): void {
  if (rank > 3 && masks.some(mask => mask !== undefined))
    throw new RnnError('unsupported', 'E_KERAS_OPTION', 'the query, key or value has a mask and more than three axes', {
      expected: 'no mask, or [N, T, features]',
      found: 'a mask [N, T]',
    });
}
