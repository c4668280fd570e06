import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { Dim, DimShape } from './layer.js';
import type { OperatorSpec } from './operatorFields.js';

/** What a shape rule receives, and functions that the rules share. */

export type Rule = (call: ShapeCall) => readonly DimShape[];

export interface ShapeCall {
  readonly layer: OperatorSpec;
  /** shape of operand i, a constant or an input */
  shape(i: number): DimShape;
  /** values of operand i as sizes, which must be known before the network runs; undefined if there is no such operand */
  sizes(i: number): readonly Dim[] | undefined;
  /** the same for an operand that may be computed while the network runs; its sizes are then open */
  places(i: number): readonly Dim[] | undefined;
  /** values of operand i as plain numbers */
  numbers(i: number): readonly number[] | undefined;
  /** operand i, a single number, as the size of an axis; open if it is computed while the network runs */
  count(i: number): Dim;
  readonly operands: number;
  attribute(name: string): number | string | readonly number[] | undefined;
  /** @throws RnnError E_ONNX_ATTRIBUTE if it is not a number */
  attributeNumber(name: string, otherwise: number): number;
  /** @throws RnnError E_ONNX_ATTRIBUTE if it is not a list of numbers */
  attributeNumbers(name: string): readonly number[] | undefined;
}

export function noAxis(op: string, inputs: readonly DimShape[]): RnnError {
  const found = inputs.map(showShape).join(', ');
  return new RnnError('shape', 'E_RANK', `${op} reads axes that ${found} does not have`, {
    expected: 'an input with all of these axes',
    found,
  });
}

/** @throws RnnError E_MERGE that says what the operator needs, and the shapes it is given */
export function refuse(op: string, needs: string, shapes: readonly DimShape[]): never {
  const found = shapes.map(showShape).join(' and ');
  throw new RnnError('shape', 'E_MERGE', `${op} needs ${needs}, not ${found}`, { expected: needs, found });
}

/** Returns the shapes of all operands. */
export function inputsOf(call: ShapeCall): DimShape[] {
  return Array.from({ length: call.operands }, (_, i) => call.shape(i));
}

/** Returns the sizes. @throws RnnError E_MERGE if one is negative */
export function notNegative({ layer }: ShapeCall, sizes: readonly Dim[]): readonly Dim[] {
  return sizes.some(({ size }) => size !== null && size < 0) ? refuse(layer.op, 'sizes from 0', [sizes]) : sizes;
}

/** NumPy's broadcasting with symbolic sizes: unknown with 1 or with unknown stays unknown; unknown with another number is that number. @throws RnnError E_MERGE */
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

/** Returns the axis counted from the front. @throws RnnError E_RANK if there is no such axis */
export function axisIn(axis: number, rank: number, what: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank)
    throw new RnnError('shape', 'E_RANK', `${what}: there is no axis ${axis} among ${rank}`, {
      expected: `${-rank} to ${rank - 1}`,
      found: String(axis),
    });
  return at;
}

/** Returns the axes in the attribute `axes` or in an operand, counted from the front; undefined if there are none. */
export function axesOf(call: ShapeCall, operand: number, rank: number): number[] | undefined {
  const axes = call.attributeNumbers('axes') ?? call.numbers(operand);
  return axes?.map(a => axisIn(a, rank, call.layer.op));
}
