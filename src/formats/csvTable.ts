import type { CsvError } from 'csv-parse';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { newBudget, reserve } from './bytes/budget.js';
import { type Decimals, newDecimals } from './bytes/decimals.js';
import { parseDecimal, parseSpecial } from './bytes/numberText.js';
import type { Limits } from './format.js';

// Longest record. csv-parse stops there instead of collecting a whole file into one line
export const MAX_LINE = 2 ** 26;

export interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A table while it is read: what the rows so far imply for those that follow. */
export interface TableState {
  readonly delimiter: string;
  readonly limits: Limits;
  readonly notes: string[];
  readonly decimals: Decimals;
  /** 0 before the first row of numbers */
  columns: number;
  /** whether the first column is an index and is skipped */
  hasIndex: boolean;
  /** a first row 0,1,2 …, which may be pandas' column numbers or data; the second row decides */
  undecided?: Row;
  rows: number;
  /** number of lines before the text being read */
  line: number;
  push(value: number): void;
}

export function newTable(given: Pick<TableState, 'delimiter' | 'limits' | 'notes' | 'push'>): TableState {
  return { ...given, decimals: newDecimals(), columns: 0, rows: 0, line: 0, hasIndex: false };
}

export function emptyTable(): RnnError {
  return new RnnError('format', 'E_CSV_EMPTY', 'line 1, column 1: no numbers in the file', { expected: 'rows of numbers' });
}

/** Reads the records of a text, which starts at the beginning of a line. @throws RnnError E_CSV_… (format) with line and column, E_LIMIT_BYTES (limit) */
export async function readRecords(text: string, state: TableState): Promise<void> {
  checkLineEnds(text, state.line);
  const { delimiter, limits } = state;
  const budget = newBudget(limits);
  await splitRows(text, delimiter, state.line, row => {
    if (state.columns === 0 && !state.undecided && isNames(row, state)) return;
    if (state.undecided) decide(text, row, state);
    else if (state.rows === 0) seeIndex(row, state);
    takeRow(text, row, state);
    reserve(budget, BigInt(state.columns), 'f64');
    budget.tensors = 0; // a row does not count as a tensor
  });
}

/** Ends a table: a first row that is still undecided is data. @throws RnnError E_CSV_… (format) */
export function finishTable(text: string, state: TableState): void {
  if (state.undecided) takeRow(text, state.undecided, state);
  state.undecided = undefined;
}

/** Whether the first row is a header, or undecided until the next row. */
function isNames(row: Row, state: TableState): boolean {
  const { cells, line } = row;
  if (cells.length > 1 && cells.every((cell, i) => cell === String(i))) {
    state.undecided = { cells, line: line + state.line };
    return true;
  }
  const named = cells.slice(1);
  state.hasIndex = cells[0] === '' && named.length > 0 && (isHeader(named) || named.every((cell, i) => cell === String(i)));
  if (!state.hasIndex && !isHeader(cells)) return false;
  state.columns = cells.length - (state.hasIndex ? 1 : 0);
  const names = escapeText(cells.filter(cell => cell !== '').join(', '), 80);
  state.notes.push(`line ${line + state.line} names the columns and was skipped: ${names}`);
  if (state.hasIndex) state.notes.push("the first column is the index that pandas' to_csv writes, and was left out");
  return true;
}

/** Decides on an undecided first row: it is a header if all numbers of the second row have a decimal point. */
function decide(text: string, row: Row, state: TableState): void {
  const first = state.undecided!;
  const { cells } = row;
  if (isPrintedRow(cells, first.cells.length, state)) {
    state.columns = first.cells.length;
    state.undecided = undefined;
    state.notes.push(`line ${first.line} has the column numbers of a printed DataFrame, and was skipped`);
    seeIndex(row, state);
    return;
  }
  if (cells.length === first.cells.length && cells.every(cell => /[.eE]|^-?(nan|inf)$/i.test(cell))) {
    state.notes.push(`line ${first.line} has the column numbers that pandas' to_csv writes, and was skipped`);
    state.columns = first.cells.length;
    state.undecided = undefined;
  } else finishTable(text, state);
}

/** Recognises a printed DataFrame: below the column names, every row starts with its index. */
function seeIndex({ cells }: Row, state: TableState): void {
  if (!isPrintedRow(cells, state.columns, state)) return;
  state.hasIndex = true;
  state.notes.push('the first column is the index of a printed DataFrame, and was left out');
}

function isPrintedRow(cells: readonly string[], columns: number, { delimiter }: TableState): boolean {
  return delimiter === ' ' && columns > 0 && cells.length === columns + 1 && cells[0] === '0';
}

function takeRow(text: string, row: Row, state: TableState): void {
  const cells = state.hasIndex ? row.cells.slice(1) : row.cells;
  if (state.columns === 0) state.columns = cells.length;
  if (cells.length !== state.columns) {
    const at = Math.min(state.columns, cells.length) + (state.hasIndex ? 1 : 0);
    throw new RnnError(
      'format',
      'E_CSV_RAGGED',
      `${position(text, row, at, state)}: ${counted(cells.length)}, but the first row has ${state.columns}`,
      {
        expected: `${state.columns} columns`,
        found: counted(cells.length),
        fix: 'write the same number of values in every row, and nan for a missing one',
      },
    );
  }
  for (let i = 0; i < cells.length; i++) state.push(parseCell(text, row, i + (state.hasIndex ? 1 : 0), state));
  state.rows++;
}

/** Splits records: with csv-parse if there are quotes, else at the delimiters. */
async function splitRows(text: string, delimiter: string, before: number, take: (row: Row) => void): Promise<void> {
  if (delimiter === ' ' || !text.includes('"')) {
    splitLines(text, delimiter, before, take);
    return;
  }
  const { parse } = await import('csv-parse/sync');
  try {
    parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
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
    throw syntaxError((lines ?? 1) + before, QUOTE_ERRORS.get(code) ?? escapeText(message, 100));
  }
}

function splitLines(text: string, delimiter: string, before: number, take: (row: Row) => void): void {
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const content = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    line++;
    if (content.length > MAX_LINE) throw syntaxError(line + before, TOO_LONG);
    const cells = delimiter === ' ' ? content.trim().split(/[ \t]+/) : content.split(delimiter).map(cell => cell.trim());
    if ((cells.length > 1 || cells[0] !== '') && !cells[0].startsWith('#')) take({ cells, line });
  }
}

const TOO_LONG = `a line of more than ${MAX_LINE} characters`;
const QUOTE_ERRORS: ReadonlyMap<string, string> = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'a quote is opened and never closed'],
  ['INVALID_OPENING_QUOTE', 'a quote stands in the middle of a cell'],
  ['CSV_INVALID_CLOSING_QUOTE', 'text follows a closing quote'],
  ['CSV_MAX_RECORD_SIZE', TOO_LONG],
]);

export function lineTooLong(line: number): RnnError {
  return syntaxError(line, TOO_LONG);
}

function syntaxError(line: number, what: string): RnnError {
  return new RnnError('format', 'E_CSV_SYNTAX', `line ${line}: ${what}`, { fix: 'cells are plain numbers; quotes are not needed' });
}

function parseCell(text: string, row: Row, column: number, state: TableState): number {
  const cell = row.cells[column];
  const numeral = state.delimiter !== ',' && DECIMAL_COMMA.test(cell) ? cell.replace(',', '.') : cell;
  const value = parseSpecial(numeral) ?? parseDecimal(numeral);
  if (typeof value === 'number') {
    state.decimals.see(numeral);
    if (numeral !== cell && !state.notes.includes(COMMAS)) state.notes.push(COMMAS);
    return value;
  }
  const found = `'${escapeText(cell, 40)}'`;
  const where = position(text, row, column, state);
  if (cell === '')
    throw new RnnError('format', 'E_CSV_CELL', `${where}: an empty cell`, {
      expected: 'a number',
      found: 'nothing',
      fix: `write nan where a value is missing${column > 0 && column === row.cells.length - 1 ? `, or drop the delimiter at the end of the line` : ''}`,
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
    { fix: 'save the file with \\n or \\r\\n line ends' },
  );
}

const COMMAS = 'the numbers have decimal commas: 0,5 is read as 0.5';
const DECIMAL_COMMA = /^-?\d+,\d+(?:[eE][+-]?\d+)?$/;

function hint(cell: string, line: number): string {
  if (DECIMAL_COMMA.test(cell)) return 'a decimal comma? write 1.5, not 1,5';
  if (/^[-+]?0[xX]/.test(cell)) return 'hexadecimal is not read';
  if (/^\.{2,3}$/.test(cell)) return 'pandas left rows out: df.to_csv("y.csv") writes all of them';
  if (/^(?:na|n\/a|#n\/a|nul+|none|missing|[-?.]+)$/i.test(cell)) return 'write nan where a value is missing';
  if (/^[-+]?\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d*)?$/.test(cell)) return 'write numbers without separators of thousands: 1234.56';
  if (/^\d{1,4}[-/:]\d{1,2}|^\d{1,2}\.\d{1,2}\.\d{4}/.test(cell)) return 'leave out the column with the time, or write it as a number';
  if (/^[-+\d.]+%$/.test(cell)) return 'write 0.01, not 1%';
  if (line > 1) return 'keep the numbers alone: in Python np.savetxt("x.csv", x, delimiter=",")';
  return /^\d/.test(cell)
    ? 'keep the numbers alone: of a printed array what print(y) shows'
    : 'a header line is skipped only if every cell in it is a name';
}

function isHeader(cells: readonly string[]): boolean {
  return cells.every(cell => /^[\p{L}_]/u.test(cell) && parseSpecial(cell) === undefined);
}

/** Formats where cell number `index` starts, `line 3, column 7`: the line in the file and the character in the line. */
function position(text: string, row: Row, index: number, { delimiter, line: before }: TableState): string {
  const line = text.split('\n', row.line)[row.line - 1] ?? '';
  let at = 0;
  for (let i = 0; i < index; i++) {
    const next = nextCell(line, at, delimiter);
    if (next < 0) return `line ${row.line + before}, column ${line.replace(/\r$/, '').length + 1}`;
    at = next;
  }
  return `line ${row.line + before}, column ${at + 1}`;
}

/** Index at which the next cell after `at` starts; -1 if there is none. Consecutive spaces are one delimiter; leading spaces are none. */
function nextCell(line: string, at: number, delimiter: string): number {
  if (delimiter !== ' ') return line.indexOf(delimiter, at) + 1 || -1;
  const cell = /^\s*\S+\s+(?=\S)/.exec(line.slice(at));
  return cell ? at + cell[0].length : -1;
}

function counted(n: number): string {
  return n === 1 ? '1 column' : `${n} columns`;
}

/**
 * Returns the delimiter of the first line that is not a comment. With a semicolon, commas are decimal commas; a tab likewise wins over commas;
 * spaces are the delimiter if there is nothing else between the numbers.
 */
export function findDelimiter(text: string): string {
  const first = /^(?:[^\S\n]*(?:#[^\n]*)?\n)*([^\n]*)/.exec(text.slice(0, 2 ** 16))?.[1].trim() ?? '';
  if (first.includes(';')) return ';';
  if (first.includes('\t')) return first.includes(',') && !/\d,\d/.test(first) ? ',' : '\t';
  if (first.includes(',')) return ',';
  // a printed DataFrame: a line of column names, then its first row
  const isPrinted = /^[A-Za-z_]\S*(?: +[A-Za-z_]\S*)*$/.test(first) && /^[^\n]*\n0 +[-+.\d]/.test(text.trimStart());
  return isPrinted || /^[-+.\d]\S* +[-+.\dni]/i.test(first) ? ' ' : ',';
}
