import type { Assumption } from '../../model/assumptions.js';

/** Parts of the documents of several commands. */

/** Exact: a number while it is a safe integer, a bigint beyond. */
export type Count = number | bigint;

/** The part that is in the document of every command that computes. */
export interface Result<Schema> {
  readonly schema: Schema;
  readonly version: string;
  readonly notes: readonly string[];
}

export interface Assuming<Schema> extends Result<Schema> {
  /** facts that can change y and that neither the file nor a flag gives */
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
