import type { FileTensor } from '../format.js';

/**
 * Samples out of bytes that come in pieces, for files larger than memory. The same numbers, notes and errors as the whole-file reader of
 * that format gives.
 */
export interface RowReader {
  readonly format: string;
  /** its rows are steps, not samples */
  readonly isTable: boolean;
  /** samples there are, once the file has said so; null where only its end tells (text) */
  readonly total: number | null;
  /** shape of one sample, once known: [T, D], or [D] for the rows of a table */
  readonly sampleShape: readonly number[] | null;
  /** axes of the file's array, once known */
  readonly rank: number;
  /** whole samples that `take` can give now */
  readonly available: number;
  /** why this file cannot be read in pieces, once known */
  readonly obstacle: string | null;
  readonly notes: readonly string[];
  /**
   * The next bytes of the file, which stay as they are until the next push.
   * @param headroom bytes in front of them, in the same buffer, that may be written over
   * @throws RnnError as the format's own reader
   */
  push(bytes: Uint8Array, headroom?: number): void | Promise<void>;
  /** No more bytes will come. @throws RnnError where the file ends too early, or holds nothing */
  end(): void | Promise<void>;
  /**
   * Leaves the next `count` samples out, where their place in the file can be computed: @returns the offset at which the next bytes to push
   * begin. Called when the header is known and nothing was taken yet.
   */
  skip?(count: number): number;
  /** The next `count` samples, [count, ...sampleShape]; at most `available`. The numbers are valid until the next push. */
  take(count: number): FileTensor;
}
