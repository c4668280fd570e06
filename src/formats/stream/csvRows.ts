import { decodeText } from '../bytes/utf8.js';
import { emptyTable, findDelimiter, finishTable, lineTooLong, MAX_LINE, newTable, readRecords, type TableState } from '../csvTable.js';
import type { FileTensor, Limits } from '../format.js';
import { PieceQueue } from './pieceQueue.js';
import { type PlainLines, readPlainLines } from './plainNumbers.js';
import type { RowReader } from './rows.js';

// the first line determines the delimiter; only this many bytes of it are looked at, as in the reader of whole tables
const FIRST_LINE = 2 ** 16;
/** how many values there must be room for before lines are read */
const ROOM = 2 ** 13;
const [LF, CR, QUOTE, SPACE, TAB, HASH] = [0x0a, 0x0d, 0x22, 0x20, 0x09, 0x23];

/**
 * Reads a table of numbers in pieces. Lines of plain numerals, which are nearly all, are parsed byte by byte; any other line (a header, quotes,
 * nan, an error) is passed to csvTable.ts as text. A whole file is one piece.
 */
export class CsvRows implements RowReader {
  readonly format = 'csv';
  readonly isTable = true;
  readonly rank = 2;
  readonly total = null;
  readonly obstacle = null;
  readonly notes: string[] = [];
  private readonly queue = new PieceQueue();
  private readonly limits: Limits;
  private state: TableState | undefined;
  private values = new Float64Array(2 ** 14);
  private from = 0;
  private to = 0;
  private taken = 0;
  /** number of bytes before those in the queue */
  private before = 0;

  /** @param counts whether to count the decimals of the numerals */
  constructor(
    limits: Limits,
    private readonly counts = false,
  ) {
    this.limits = limits;
  }

  get decimals(): number | undefined {
    return this.state?.decimals.most;
  }

  get sampleShape(): readonly number[] | null {
    return this.state && this.state.rows > 0 ? [this.state.columns] : null;
  }

  get available(): number {
    return this.state ? this.state.rows - this.taken : 0;
  }

  async push(bytes: Uint8Array, headroom = 0): Promise<void> {
    this.queue.push(bytes, headroom);
    await this.readLines(false);
  }

  async end(): Promise<void> {
    await this.readLines(true);
    if (this.state) finishTable('', this.state);
    if (!this.state || this.state.rows === 0) throw emptyTable();
  }

  take(count: number): FileTensor {
    const { columns } = this.state!;
    this.taken += count;
    this.from += count * columns;
    return { shape: [count, columns], dtype: 'f64', data: this.values.subarray(this.from - count * columns, this.from) };
  }

  /** Reads all complete lines, and at the end of the file the remainder. */
  private async readLines(atEnd: boolean): Promise<void> {
    const text = this.queue.peek();
    if (!this.state && !atEnd && !hasLine(text)) return;
    this.state ??= this.begin(text);
    const { state } = this;
    const end = text.lastIndexOf(LF) + 1;
    let done = 0;
    for (let records = 1; ; ) {
      const plain = this.readPlain(text, done, end);
      // a line that is not plain or not complete; as long as no plain line comes, more of them at a time
      records = plain > done ? 1 : Math.min(2 * records, 2 ** 10);
      const next = plain < (atEnd ? text.length : end) ? await this.readOther(text, plain, records, atEnd) : -1;
      done = Math.max(plain, next);
      if (next < 0) break;
    }
    this.queue.take(done);
    this.before += done;
    if (this.queue.length > MAX_LINE) {
      throw lineTooLong(state.line + 1);
    }
  }

  private begin(text: Uint8Array): TableState {
    const start = new TextDecoder().decode(text.subarray(0, FIRST_LINE));
    const push = (value: number): void => {
      this.makeRoom(1);
      this.values[this.to++] = value;
    };
    return newTable({ delimiter: findDelimiter(start), limits: this.limits, notes: this.notes, push });
  }

  /** @returns where the first line begins that is not plain */
  private readPlain(text: Uint8Array, from: number, end: number): number {
    const state = this.state!;
    const lines: PlainLines = { position: from, to: this.to, lines: state.line, rows: state.rows };
    // the number of columns is unknown before the first row, and a table with an index column is not plain
    while (state.columns > 0 && !state.hasIndex && lines.position < end) {
      this.makeRoom(Math.max(state.columns, ROOM));
      const before = lines.position;
      lines.to = this.to;
      readPlainLines(text, end, state.delimiter.charCodeAt(0), state.columns, this.values, lines);
      if (this.counts && !state.decimals.isKnown)
        for (const numeral of numerals(text.subarray(before, lines.position))) state.decimals.see(numeral);
      [this.to, state.line, state.rows] = [lines.to, lines.lines, lines.rows];
      if (lines.position === before) break;
    }
    return lines.position;
  }

  /** Reads lines, or quoted records that span several lines. @returns the end, after a line feed; -1 if it is not there yet */
  private async readOther(text: Uint8Array, from: number, most: number, atEnd: boolean): Promise<number> {
    const state = this.state!;
    let quotes = 0;
    let end = atEnd ? text.length : -1;
    let lines = 0;
    for (let at = from, records = 0, seen = 0; at < text.length && records < most; at++) {
      if (text[at] === QUOTE) quotes++;
      if (text[at] !== LF && (at < text.length - 1 || !atEnd)) continue;
      seen++;
      if (quotes % 2 !== 0) continue;
      [records, end, lines] = [records + 1, at + 1, seen];
    }
    if (end < 0) return -1;
    await readRecords(decodeText(text.subarray(from, end), this.before + from), state);
    state.line += lines;
    return end;
  }

  private makeRoom(count: number): void {
    if (this.to + count <= this.values.length) return;
    const rest = this.values.subarray(this.from, this.to);
    const longer = rest.length + count > this.values.length / 2 ? new Float64Array(2 * (this.values.length + count)) : this.values;
    if (longer === this.values) longer.copyWithin(0, this.from, this.to);
    else longer.set(rest);
    this.values = longer;
    [this.from, this.to] = [0, rest.length];
  }
}

/** Splits plain lines into numerals: the rest is spaces and delimiters. */
function numerals(lines: Uint8Array): string[] {
  return new TextDecoder('latin1').decode(lines).match(/[^\s,;]+/g) ?? [];
}

/** Whether the first line that is neither empty nor a comment is complete. */
function hasLine(text: Uint8Array): boolean {
  for (let from = 0, end = text.indexOf(LF); end >= 0; from = end + 1, end = text.indexOf(LF, from)) {
    const line = text.subarray(from, end);
    const first = line.find(byte => byte !== SPACE && byte !== TAB && byte !== CR);
    if (first !== undefined && first !== HASH) return true;
  }
  return text.length >= FIRST_LINE;
}
