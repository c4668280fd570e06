/** The recurrences with a fast path; kernel.ts has the same numbers. */
export const enum Cell {
  rnn = 0,
  lstm = 1,
  gru = 2,
  /** GRU with the reset gate before the product */
  gruBefore = 3,
}
