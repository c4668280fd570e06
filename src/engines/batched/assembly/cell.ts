/** The recurrences with a fast path, numbered as in kernel.ts. */
export const enum Cell {
  rnn = 0,
  lstm = 1,
  gru = 2,
  /** GRU with the reset gate before the product */
  gruBefore = 3,
}

/**
 * Longest chain of a sum: longer sums are split into chains, because the rounding error of a chain grows with its length. The same number is in
 * matmul.ts.
 */
export const CHAIN: usize = 256;
