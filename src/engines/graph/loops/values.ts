import type { GraphValue } from '../../../ops/value.js';
import { notExpressible } from '../notExpressible.js';
import type { Row } from './rows.js';

/** A known size, or the name of an open one. */
export type Size = number | string;

/** What is known of a value outside a loop: its numbers, the sizes that it holds, or only its name. */
export type Known =
  | { readonly is: 'const'; readonly value: GraphValue }
  | { readonly is: 'sizes'; readonly sizes: readonly Size[] }
  /** the shape of a value */
  | { readonly is: 'shape'; readonly of: string }
  | { readonly is: 'outer'; readonly name: string };

/** What is known of a value in the body, in every iteration of the loop. */
export type Value =
  | Known
  /** lifted: with an additional leading axis of size 1 */
  | { readonly is: 'row'; readonly row: Row; readonly lifted?: boolean }
  /** the iteration number, from 0, plus `plus` */
  | { readonly is: 'count'; readonly plus: number; readonly lifted?: boolean }
  /** true while iteration + plus < bound, for all limits */
  | { readonly is: 'limit'; readonly limits: readonly { readonly plus: number; readonly bound: Size }[] }
  | { readonly is: 'unknown'; readonly why: string };

/** Returns a single number or size. @throws RnnError if it is only known while the graph runs */
export function boundOf(value: Value): Size {
  if (value.is === 'const' && value.value.data.length === 1) return value.value.data[0];
  if (value.is === 'sizes' && value.sizes.length === 1) return value.sizes[0];
  throw notExpressible('the number of iterations is computed');
}

/** Returns the limits in a condition. @throws RnnError if it depends on anything but the iteration number */
export function limitsOf(value: Value): { plus: number; bound: Size }[] {
  if (value.is === 'const' && value.value.data.every(v => v !== 0)) return [];
  if (value.is === 'limit') return [...value.limits];
  throw notExpressible('the end of the loop is computed');
}
