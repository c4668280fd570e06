import { within } from '../../errors.js';
import { shownPath } from '../../escape.js';
import type { FileTensor } from '../../formats/format.js';
import { tooSlow } from '../../formats/limits.js';
import { rowReaderFor } from '../../formats/stream/index.js';
import type { RowReader } from '../../formats/stream/rows.js';
import { openPieces, type Pieces } from '../files/files.js';
import { fileLimits } from '../limits.js';
import { INPUT_NAMES, splitError } from './input.js';

/** Reads the samples of an input file a few at a time: [n, T, D]. */
export interface Samples {
  readonly format: string;
  /** null: not known before the end of the file */
  readonly total: number | null;
  /** bytes of the file; undefined for standard input */
  readonly size: number | undefined;
  /** fraction of the file that has been read, 0 to 1; null for standard input */
  readonly part: number | null;
  readonly notes: readonly string[];
  /** names of the arrays in a file that names them */
  readonly names: RowReader['names'];
  /** rank of the array in the file */
  readonly rank: number;
  /** Skips the next `count` samples, or as many as there are. @returns how many. @throws RnnError as readArray */
  skip(count: number): Promise<number>;
  /** Reads until `count` samples are available. @returns how many are; fewer at the end. @throws RnnError as readArray */
  fill(count: number): Promise<number>;
  /** Returns `count` samples; their numbers are valid until the next fill. */
  take(count: number): FileTensor;
  /** Stops keeping what was read: it can no longer be given back. */
  commit(): void;
  /** @param giveBack whether the whole input will be read after all, so that standard input starts from its first byte again */
  close(giveBack?: boolean): Promise<void>;
}

// enough to detect a format, and for the header of any .npy
const START = 2 ** 16;

/**
 * @param steps T of a sample if the file is a table of rows [N·T, D]
 * @param least smaller files are not opened
 * @returns undefined if this file has to be read whole; standard input is then not consumed
 * @throws RnnError as readArray
 */
export function openSamples(path: string, steps: number | undefined, least: number): Promise<Samples | undefined> {
  return openRows(path, least, false, ({ sampleShape, isTable }) => {
    const rank = sampleShape?.length;
    if (rank === 2 || (rank === 1 && isTable && steps !== undefined)) return isTable ? steps : 1;
    return undefined;
  });
}

/** `openSamples` for the steps of a file's only sample, each taken as a sample: [1, n, D]. In a table, each row is a step. */
export function openSteps(path: string, least: number): Promise<Samples | undefined> {
  return openRows(path, least, true, ({ sampleShape }) => (sampleShape?.length === 1 ? null : undefined));
}

/**
 * @param rowsOf number of the reader's rows that make a sample; null: each is a step of the only sample; undefined: the file is not read in
 * pieces
 */
async function openRows(path: string, least: number, oneSample: boolean, rowsOf: (reader: RowReader) => number | null | undefined) {
  const source = await openPieces(path);
  if (!source) return undefined;
  const kept: Uint8Array[] = [];
  const clock = clockOf(fileLimits().pieces.seconds);
  const isLong = source.size === undefined || source.size >= least;
  const reader = isLong ? await readStart(path, source, kept, clock, oneSample).catch(closing(source)) : undefined;
  const rows = reader?.obstacle === null ? rowsOf(reader) : undefined;
  if (reader && rows !== undefined) return new SampleReader(path, source, reader, rows, kept, clock);
  await source.close(source.size === undefined ? Buffer.concat(kept) : undefined);
  return undefined;
}

/** Closes the source if reading fails. */
function closing(source: Pieces): (error: unknown) => Promise<never> {
  return async error => {
    await source.close();
    throw error;
  };
}

type Clock = (body: () => void | Promise<void>) => Promise<void>;

/** Adds up the time spent parsing, without waiting for bytes or computing. @throws RnnError E_LIMIT_TIME (limit) */
function clockOf(seconds: number): Clock {
  let spent = 0;
  return async body => {
    const started = performance.now();
    await body();
    spent += performance.now() - started;
    if (spent > 1000 * seconds) throw tooSlow(seconds, spent / 1000);
  };
}

/** Reads until the shape of a sample is known. */
async function readStart(
  path: string,
  source: Pieces,
  kept: Uint8Array[],
  clock: Clock,
  oneSample: boolean,
): Promise<RowReader | undefined> {
  let length = 0;
  for (let piece = await source.read(); piece; piece = await source.read()) {
    kept.push(piece.slice());
    length += piece.length;
    if (length >= START) break;
  }
  const start = Buffer.concat(kept);
  const nameHint = path === '-' ? undefined : path;
  return within(shownPath(path), async () => {
    const reader = rowReaderFor(start, fileLimits().read, { nameHint, size: source.size, names: INPUT_NAMES, oneSample });
    await clock(() => reader?.push(start));
    if (length < START) await reader?.end();
    return reader;
  });
}

class SampleReader implements Samples {
  private readonly where: string;
  /** number of the reader's rows in a sample */
  private readonly perSample: number;
  /** whether rows are the steps of one sample */
  private readonly asSteps: boolean;
  private kept: Uint8Array[] | null;
  private ended: boolean;
  private rows = 0;
  private bytes = 0;

  /** @param perSample null: rows are the steps of one sample */
  constructor(
    path: string,
    private readonly source: Pieces,
    private readonly reader: RowReader,
    perSample: number | null,
    kept: Uint8Array[],
    private readonly clock: Clock,
  ) {
    this.where = shownPath(path);
    this.perSample = perSample ?? 1;
    this.asSteps = perSample === null;
    this.kept = kept;
    this.ended = kept.reduce((sum, piece) => sum + piece.length, 0) < START;
  }

  get format(): string {
    return this.reader.format;
  }

  get total(): number | null {
    return this.reader.total;
  }

  get rank(): number {
    return this.reader.rank;
  }

  get size(): number | undefined {
    return this.source.size;
  }

  get part(): number | null {
    return this.source.size === undefined ? null : Math.min(1, this.bytes / this.source.size);
  }

  get notes(): readonly string[] {
    return this.reader.notes;
  }

  get names(): RowReader['names'] {
    return this.reader.names;
  }

  async skip(count: number): Promise<number> {
    if (count > 0 && this.reader.skip && this.source.size !== undefined) {
      this.source.seek(this.reader.skip(count * this.perSample));
      this.ended = false;
      return count;
    }
    let skipped = 0;
    while (skipped < count) {
      const some = Math.min(count - skipped, await this.fill(1));
      if (some === 0) break;
      this.take(some);
      skipped += some;
    }
    return skipped;
  }

  async fill(count: number): Promise<number> {
    while (!this.ended && this.available < count) {
      const piece = await this.source.read();
      if (piece) this.kept?.push(piece.slice());
      this.bytes += piece?.length ?? 0;
      await within(this.where, () => this.clock(() => (piece ? this.reader.push(piece, this.source.headroom) : this.reader.end())));
      this.ended = piece === undefined;
    }
    if (this.ended && this.available < count) this.checkRest();
    return this.available;
  }

  take(count: number): FileTensor {
    this.rows += count * this.perSample;
    const t = within(this.where, () => this.reader.take(count * this.perSample));
    if (this.asSteps) return { ...t, shape: [1, ...t.shape] };
    return this.reader.isTable ? { ...t, shape: [count, this.perSample, t.shape[1]] } : t;
  }

  commit(): void {
    this.kept = null;
  }

  async close(giveBack = false): Promise<void> {
    await this.source.close(giveBack && this.kept && this.source.size === undefined ? Buffer.concat(this.kept) : undefined);
  }

  private get available(): number {
    return Math.floor(this.reader.available / this.perSample);
  }

  /** Checks that no rows are left after the last whole sample. */
  private checkRest(): void {
    const rows = this.rows + this.reader.available;
    if (rows % this.perSample !== 0) throw splitError(rows, this.perSample);
  }
}
