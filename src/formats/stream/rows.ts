import type { FileTensor } from '../format.js';

/**
 * Reads samples from bytes that arrive in pieces, for files larger than memory, with the same numbers, notes and errors as the format's
 * whole-file reader.
 */
export interface RowReader {
  readonly format: string;
  /** whether its rows are steps, not samples */
  readonly isTable: boolean;
  /** number of samples, once known from the file; null if only its end tells (text) */
  readonly total: number | null;
  /** shape of one sample, once known: [T, D], or [D] for the rows of a table */
  readonly sampleShape: readonly number[] | null;
  /** axes of the file's array, once known */
  readonly rank: number;
  /** number of whole samples that `take` can return now */
  readonly available: number;
  /** why this file cannot be read in pieces, once known */
  readonly obstacle: string | null;
  readonly notes: readonly string[];
  /** names of the arrays in a file that names them, once known: of the one that is read, and of all */
  readonly names?: { readonly picked: string; readonly all: readonly string[] };
  /**
   * Adds the next bytes of the file, which must not change until the next push.
   * @param headroom number of bytes before them, in the same buffer, that may be overwritten
   * @throws RnnError as the format's own reader
   */
  push(bytes: Uint8Array, headroom?: number): void | Promise<void>;
  /** Ends the file. @throws RnnError if it ends too early or contains nothing */
  end(): void | Promise<void>;
  /**
   * Skips the next `count` samples; present if their place in the file can be computed. Called once the header is known and before anything is
   * taken. @returns the file offset of the next bytes to push
   */
  skip?(count: number): number;
  /** Returns the next `count` samples, [count, ...sampleShape]; at most `available`. The numbers are valid until the next push. */
  take(count: number): FileTensor;
}
