import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { Dim, DimShape } from './layer.js';
import type { OperatorSpec } from './operatorFields.js';

/** The arguments of a shape rule, and functions that the rules share. */

export type Rule = (call: ShapeCall) => readonly DimShape[];

export interface ShapeCall {
  readonly layer: OperatorSpec;
  /** shape of operand i: of a constant or of an input */
  shape(i: number): DimShape;
  /** whole numbers of operand i as sizes, which must be known; undefined where there is no such operand */
  sizes(i: number): readonly Dim[] | undefined;
  /** the same for an operand that may be computed: open sizes then */
  places(i: number): readonly Dim[] | undefined;
  /** the same as plain numbers */
  numbers(i: number): readonly number[] | undefined;
  /** operand i as the size of an axis, which may be computed */
  count(i: number): Dim;
  readonly operands: number;
  attribute(name: string): number | string | readonly number[] | undefined;
}

export function noAxis(op: string, inputs: readonly DimShape[]): RnnError {
  const found = inputs.map(showShape).join(', ');
  return new RnnError('shape', 'E_RANK', `${op} reads axes that ${found} does not have`, { expected: 'as many axes as it reads', found });
}

/** NumPy's rule on symbolic sizes: an unknown size with 1 or an unknown one stays unknown, with a number it is that number. */
export function broadcastDims(a: DimShape, b: DimShape, what: string): DimShape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[a.length - rank + i];
    const y = b[b.length - rank + i];
    if (!x || !y) return x ?? y;
    if (x.size === 1) return y;
    if (y.size === 1) return x;
    if (x.size !== null && y.size !== null && x.size !== y.size)
      throw new RnnError('shape', 'E_MERGE', `${what} cannot join ${showShape(a)} and ${showShape(b)}`, {
        expected: 'equal sizes, or 1',
        found: `${showShape(a)} and ${showShape(b)}`,
      });
    return x.size === null && y.size !== null ? y : x;
  });
}

/** The axis counted from 0. @throws RnnError E_RANK */
export function axisIn(axis: number, rank: number, what: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw new RnnError('shape', 'E_RANK', `${what}: there is no axis ${axis} among ${rank}`, {
      expected: `${-rank} to ${rank - 1}`,
      found: String(axis),
    });
  return at;
}

/** The axes that an operand or the attribute `axes` lists; undefined: none are listed. */
export function axesOf(call: ShapeCall, operand: number, rank: number): number[] | undefined {
  const axes = (call.attribute('axes') as readonly number[] | undefined) ?? call.numbers(operand);
  return axes?.map(a => axisIn(a, rank, call.layer.op));
}
