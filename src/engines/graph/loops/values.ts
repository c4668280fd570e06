import type { GraphValue } from '../../../ops/value.js';
import { notExpressible } from '../notExpressible.js';
import type { Row } from './rows.js';

/** A number, or the name of an axis whose size is open. */
export type Size = number | string;

/** What is known of a value of the graph around a loop: its numbers, the sizes that it holds, or its name alone. */
export type Known =
  | { readonly is: 'const'; readonly value: GraphValue }
  | { readonly is: 'sizes'; readonly sizes: readonly Size[] }
  /** the shape of a value */
  | { readonly is: 'shape'; readonly of: string }
  | { readonly is: 'outer'; readonly name: string };

/** What a value of a body is in every round of the loop. */
export type Value =
  | Known
  /** lifted: with an axis of size 1 before it */
  | { readonly is: 'row'; readonly row: Row; readonly lifted?: boolean }
  /** the number of the round, from 0, and this */
  | { readonly is: 'count'; readonly plus: number; readonly lifted?: boolean }
  /** true while every round + plus < bound */
  | { readonly is: 'limit'; readonly limits: readonly { readonly plus: number; readonly bound: Size }[] }
  | { readonly is: 'unknown'; readonly why: string };

/** One number. @throws RnnError where it is computed while running */
export function boundOf(value: Value): Size {
  if (value.is === 'const' && value.value.data.length === 1) return value.value.data[0];
  if (value.is === 'sizes' && value.sizes.length === 1) return value.sizes[0];
  throw notExpressible('how many rounds there are is computed');
}

/** @throws RnnError where a condition is none on the number of rounds */
export function limitsOf(value: Value): { plus: number; bound: Size }[] {
  if (value.is === 'const' && value.value.data.every(v => v !== 0)) return [];
  if (value.is === 'limit') return [...value.limits];
  throw notExpressible('when the loop ends is computed');
}
