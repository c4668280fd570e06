import type { Assumption } from '../../model/assumptions.js';

/** Parts of the documents of several commands. */

/** An exact count: a number up to the largest safe integer, a bigint beyond. */
export type Count = number | bigint;

/** The common part of the documents of all commands that compute. */
export interface Result<Schema> {
  readonly schema: Schema;
  readonly version: string;
  readonly notes: readonly string[];
}

export interface Assuming<Schema> extends Result<Schema> {
  /** facts that can change y and that neither the file nor a flag states */
  readonly assumptions: readonly Assumption[];
}

export interface DimsJson {
  readonly dims: readonly string[];
  /** null = symbolic */
  readonly shape: readonly (number | null)[];
}

/** Nested arrays of numbers; NaN and infinities are written as strings in JSON. */
export type Nested = number | readonly Nested[];

export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}
