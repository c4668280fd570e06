import type { FloatArray } from '../tensor/tensor.js';

/** Draws every element separately, in order; returns the array. */
export function fill<A extends FloatArray>(values: A, next: () => number): A {
  for (let i = 0; i < values.length; i++) values[i] = next();
  return values;
}
