import type { CsvError } from 'csv-parse';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { checkShape, newBudget, reserve } from './bytes/budget.js';
import { formatNumber, parseDecimal, parseSpecial } from './bytes/numberText.js';
import { decodeText } from './bytes/utf8.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';

/**
 * Comma (or semicolon, or tab) separated numbers: one tensor `csv` of shape [rows, columns]. csv-parse splits cells and quotes; what a
 * cell may be is decided here: a decimal numeral, nan, or inf. One header line of names alone is skipped with a note.
 */
export const csv: Format = {
  name: 'csv',
  extensions: ['csv', 'tsv'],
  sniff: looksLikeCsv,
  async read(bytes: Uint8Array, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const tensor = await readTable(decodeText(bytes), limits, notes);
    return { format: 'csv', tensors: new Map([['csv', tensor]]), metadata: new Map(), notes };
  },
  async write(tensors: Map<string, FileTensor>): Promise<Uint8Array> {
    const [only] = tensors.values();
    if (tensors.size !== 1 || only.shape.length > 2 || only.shape.includes(0)) {
      throw new RnnError('format', 'E_CSV_SHAPE', 'a .csv holds one table of rows and columns', {
        found: [...tensors.values()].map(t => `[${t.shape.join(', ')}]`).join(' '),
        fix: 'write .npz or .json, or give two dimensions',
      });
    }
    const columns = only.shape.length === 2 ? only.shape[1] : 1;
    const lines: string[] = [];
    for (let at = 0; at < only.data.length; at += columns) {
      lines.push(Array.from(only.data.subarray(at, at + columns), formatNumber).join(','));
    }
    return new TextEncoder().encode(`${lines.join('\n')}\n`);
  },
};

// One record longer than this is no table; csv-parse stops there instead of collecting a whole file into one line
export const MAX_LINE = 2 ** 26;

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Numbers of an unknown count, outside the heap that a JavaScript array of as many would fill. */
class Growing {
  private data = new Float64Array(1024);
  private position = 0;

  push(value: number): void {
    if (this.position === this.data.length) {
      const more = new Float64Array(2 * this.data.length);
      more.set(this.data);
      this.data = more;
    }
    this.data[this.position++] = value;
  }

  finish(): Float64Array {
    return this.data.slice(0, this.position);
  }
}

/** A table while it is read: what the records before say of those that follow. */
export interface TableState {
  readonly delimiter: string;
  readonly limits: Limits;
  readonly notes: string[];
  /** 0 before the first record */
  columns: number;
  rows: number;
  /** lines of the file before the text */
  line: number;
  push(value: number): void;
}

/** @throws RnnError E_CSV_… (format) with line and column, E_LIMIT_BYTES (limit) */
async function readTable(text: string, limits: Limits, notes: string[]): Promise<FileTensor> {
  const values = new Growing();
  const state = {
    delimiter: findDelimiter(text),
    limits,
    notes,
    columns: 0,
    rows: 0,
    line: 0,
    push: (value: number) => values.push(value),
  };
  await readRecords(text, state);
  if (state.rows === 0) throw emptyTable();
  checkShape([state.rows, state.columns], limits);
  return { shape: [state.rows, state.columns], data: values.finish(), dtype: 'f64' };
}

export function emptyTable(): RnnError {
  return new RnnError('format', 'E_CSV_EMPTY', 'line 1, column 1: no numbers in the file', { expected: 'rows of numbers' });
}

/** The records of a text, which begins at the start of a line. @throws RnnError E_CSV_… (format) with line and column, E_LIMIT_BYTES (limit) */
export async function readRecords(text: string, state: TableState): Promise<void> {
  checkLineEnds(text, state.line);
  const { delimiter, limits, notes } = state;
  const budget = newBudget(limits);
  const take = (row: Row): void => {
    const { cells, line } = row;
    if (state.columns === 0) {
      state.columns = cells.length;
      if (isHeader(cells)) {
        notes.push(`line ${line + state.line} names the columns and was skipped: ${escapeText(cells.join(', '), 80)}`);
        return;
      }
    }
    const { columns } = state;
    if (cells.length !== columns) {
      const at = Math.min(columns, cells.length);
      throw new RnnError(
        'format',
        'E_CSV_RAGGED',
        `${position(text, row, at, state)}: ${counted(cells.length)}, but the first row has ${columns}`,
        {
          expected: `${columns} columns`,
          found: counted(cells.length),
        },
      );
    }
    reserve(budget, BigInt(columns), 'f64');
    budget.tensors = 0; // a row is no tensor of its own
    for (let i = 0; i < columns; i++) state.push(parseCell(text, row, i, state));
    state.rows++;
  };
  await splitRows(text, delimiter, state.line, take);
}

async function splitRows(text: string, delimiter: string, before: number, take: (row: Row) => void): Promise<void> {
  const { parse } = await import('csv-parse/sync');
  try {
    parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: MAX_LINE,
      on_record: (cells: string[], context: { lines: number }) => {
        take({ cells, line: context.lines });
        return null;
      },
    });
  } catch (error) {
    if (error instanceof RnnError) throw error;
    const { code, lines, message } = error as CsvError & { lines?: number };
    const what = QUOTE_ERRORS.get(code) ?? escapeText(message, 100);
    throw new RnnError('format', 'E_CSV_SYNTAX', `line ${(lines ?? 1) + before}: ${what}`, {
      fix: 'cells are plain numbers; quotes are not needed',
    });
  }
}

const QUOTE_ERRORS: ReadonlyMap<string, string> = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'a quote is opened and never closed'],
  ['INVALID_OPENING_QUOTE', 'a quote stands in the middle of a cell'],
  ['CSV_INVALID_CLOSING_QUOTE', 'text follows a closing quote'],
  ['CSV_MAX_RECORD_SIZE', `a line of more than ${MAX_LINE} characters`],
]);

function parseCell(text: string, row: Row, column: number, state: TableState): number {
  const cell = row.cells[column];
  const value = parseSpecial(cell) ?? parseDecimal(cell);
  if (typeof value === 'number') return value;
  const found = `'${escapeText(cell, 40)}'`;
  const where = position(text, row, column, state);
  if (cell === '')
    throw new RnnError('format', 'E_CSV_CELL', `${where}: an empty cell`, {
      expected: 'a number',
      found: 'nothing',
      fix: 'write nan where a value is missing',
    });
  if (value === 'range') throw new RnnError('format', 'E_CSV_NUMBER', `${where}: ${found} is beyond the largest double, 1.8e308`);
  if (value === 'precision') throw new RnnError('format', 'E_CSV_NUMBER', `${where}: ${found} has more digits than a double holds`);
  throw new RnnError('format', 'E_CSV_CELL', `${where}: ${found} is not a number`, {
    expected: 'a number',
    found,
    fix: hint(cell, row.line + state.line),
  });
}

function checkLineEnds(text: string, linesBefore: number): void {
  const at = /\r(?!\n)/.exec(text)?.index;
  if (at === undefined) return;
  const before = text.slice(0, at).split('\n');
  throw new RnnError(
    'format',
    'E_CSV_SYNTAX',
    `line ${before.length + linesBefore}, column ${before[before.length - 1].length + 1}: a carriage return without a line feed`,
    {
      fix: 'save the file with \\n or \\r\\n line ends',
    },
  );
}

function hint(cell: string, line: number): string | undefined {
  if (/^[-+]?\d+,\d+([eE][+-]?\d+)?$/.test(cell)) return 'a decimal comma? write 1.5, not 1,5';
  if (/^[-+]?0[xX]/.test(cell)) return 'hexadecimal is not read';
  return line === 1 ? 'a header line is skipped only if every cell in it is a name' : undefined;
}

function isHeader(cells: readonly string[]): boolean {
  return cells.every(cell => /^[\p{L}_]/u.test(cell) && parseSpecial(cell) === undefined);
}

/** `line 3, column 7`: the line of the file and the character in it at which cell number `index` begins. */
function position(text: string, row: Row, index: number, { delimiter, line: before }: TableState): string {
  const line = text.split('\n', row.line)[row.line - 1] ?? '';
  let at = 0;
  for (let i = 0; i < index; i++) {
    const next = line.indexOf(delimiter, at);
    if (next < 0) return `line ${row.line + before}, column ${line.replace(/\r$/, '').length + 1}`;
    at = next + 1;
  }
  return `line ${row.line + before}, column ${at + 1}`;
}

function counted(n: number): string {
  return n === 1 ? '1 column' : `${n} columns`;
}

/** Semicolon or tab where the first line has one and no comma, else the comma. A semicolon wins over commas: those are decimal then. */
export function findDelimiter(text: string): string {
  const first = /[^\r\n]+/.exec(text.slice(0, 2 ** 16))?.[0] ?? '';
  if (first.includes(';')) return ';';
  return first.includes('\t') && !first.includes(',') ? '\t' : ',';
}

const CSV_START = /^[\s"]*(?:[-+.\d]|nan|-?inf|[A-Za-z_][\w .-]*["\s]*[,;\t])/i;

function looksLikeCsv(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 256);
  if (start.length === 0 || start.includes(0)) return false;
  return CSV_START.test(new TextDecoder().decode(start));
}
