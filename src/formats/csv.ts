import { RnnError } from '../errors.js';
import { checkShape, newBudget, reserve } from './bytes/budget.js';
import { Growing } from './bytes/growing.js';
import { formatNumber } from './bytes/numberText.js';
import { decodeText } from './bytes/utf8.js';
import { emptyTable, findDelimiter, finishTable, newTable, readRecords } from './csvTable.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { type ByteSource, readAll, readUpTo } from './source.js';
import { CsvRows } from './stream/csvRows.js';

/**
 * Numbers with commas, semicolons, tabs or spaces between them: one tensor `csv` of shape [rows, columns]. csv-parse splits cells and quotes;
 * what a cell may be is decided here: a decimal numeral, nan, or inf. Lines that begin with # are comments (np.savetxt). A line of names, or
 * of pandas' column numbers, is skipped with a note, and so is the column of pandas' index.
 */
export const csv: Format = {
  name: 'csv',
  extensions: ['csv', 'tsv'],
  sniff: looksLikeCsv,
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const bytes = readAll(source);
    const quick = bytes.length >= LARGE ? await readRows(bytes, limits, notes) : undefined;
    const { tensor, decimals } = quick ?? (await readTable(decodeText(bytes), limits, notes));
    return { format: 'csv', tensors: new Map([['csv', tensor]]), metadata: new Map(), decimals: new Map([['csv', decimals ?? 0]]), notes };
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

/** Bytes from which on the time of reading shows. */
const LARGE = 2 ** 18;

interface Table {
  readonly tensor: FileTensor;
  readonly decimals: number | undefined;
}

/** @throws RnnError E_CSV_… (format) with line and column, E_LIMIT_BYTES (limit) */
async function readTable(text: string, limits: Limits, notes: string[]): Promise<Table> {
  const values = new Growing();
  const state = newTable({
    delimiter: findDelimiter(text),
    limits,
    notes,
    push: (value: number) => values.push(value),
  });
  await readRecords(text, state);
  finishTable(text, state);
  if (state.rows === 0) throw emptyTable();
  checkShape([state.rows, state.columns], limits);
  const tensor: FileTensor = { shape: [state.rows, state.columns], data: values.finish(), dtype: 'f64' };
  return { tensor, decimals: state.decimals.most };
}

/**
 * A large table as the rows of one piece, plain numerals byte by byte.
 * @returns undefined where something is wrong, which the reader of records says
 */
async function readRows(bytes: Uint8Array, limits: Limits, notes: string[]): Promise<Table | undefined> {
  const rows = new CsvRows(limits, true);
  try {
    await rows.push(bytes);
    await rows.end();
    const { shape, data } = rows.take(rows.available);
    checkShape(shape, limits);
    reserve(newBudget(limits), BigInt(data.length), 'f64');
    notes.push(...rows.notes);
    return { tensor: { shape, data: data.slice(), dtype: 'f64' }, decimals: rows.decimals };
  } catch (error) {
    if (error instanceof RnnError) return undefined;
    throw error;
  }
}

const CSV_START = /^(?:[^\S\n]*(?:#[^\n]*)?\n)*[\s"]*(?:[-+.\d]|nan|-?inf|[A-Za-z_][\w .-]*["\s]*[,;\t]|[,;\t][\w"])/i;

function looksLikeCsv(source: ByteSource): boolean {
  const start = readUpTo(source, 0, 256);
  if (start.length === 0 || start.includes(0)) return false;
  return CSV_START.test(new TextDecoder().decode(start));
}
