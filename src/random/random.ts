/**
 * A stream of random numbers. `promise` is the versioned name of the sequence: it never changes for a given name, a change gets a new name.
 */
export interface RandomStream {
  /** e.g. 'seedrandom/v1' */
  readonly promise: string;
  /** next double in [0, 1) */
  uniform(): number;
  /** next standard normal double */
  normal(): number;
}
