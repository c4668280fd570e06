import type { Assumption } from '../../model/assumptions.js';

/** What the documents of several commands hold. */

/** Exact: a number while it is a safe integer, a bigint beyond. */
export type Count = number | bigint;

/** What the document of every command that computes holds. */
export interface Result<Schema> {
  readonly schema: Schema;
  readonly version: string;
  readonly notes: readonly string[];
}

export interface Assuming<Schema> extends Result<Schema> {
  /** what can change y and neither the file nor a flag says */
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
