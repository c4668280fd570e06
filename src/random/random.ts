import type { FloatArray } from '../tensor/tensor.js';

/** A stream of random numbers. */
export interface RandomStream {
  /** next double in [0, 1) */
  uniform(): number;
  /** next standard normal double */
  normal(): number;
}

/** A stream from which inputs are drawn, in the order in which its library fills an array. */
export interface ArrayStream extends RandomStream {
  /** `count` standard normals as one call for an array draws them, in the precision of that library's default */
  normals(count: number): FloatArray;
  /** `count` whole numbers 0 … high − 1 as one call for an array draws them; high < 2^32 */
  integers(high: number, count: number): Float64Array;
}

/** A kind of stream, and how it is opened with the seed a user gave. */
export interface StreamKind<S extends RandomStream = RandomStream> {
  readonly name: string;
  /** versioned name of its sequence, 'seedrandom/v1': the numbers of a name never change; different numbers get a new name */
  readonly promise: string;
  /** @throws RnnError E_SEED if the seed is not valid for this generator */
  open(seed: string): S;
}
