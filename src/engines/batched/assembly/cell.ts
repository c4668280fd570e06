/** The recurrences with a fast path; kernel.ts has the same numbers. */
export const enum Cell {
  rnn = 0,
  lstm = 1,
  gru = 2,
  /** GRU with the reset gate before the product */
  gruBefore = 3,
}

/**
 * Terms that are summed one after the other before the sum is added to the rest: the rounding errors of a chain grow with its length. The same number
 * stands in matmul.ts.
 */
export const CHAIN: usize = 256;
