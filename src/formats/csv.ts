import { RnnError } from '../errors.js';
import { checkShape, newBudget, reserve } from './bytes/budget.js';
import { formatNumber } from './bytes/numberText.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { type ByteSource, readAll, readUpTo } from './source.js';
import { CsvRows } from './stream/csvRows.js';

/**
 * Numbers separated by commas, semicolons, tabs or spaces: one tensor `csv` of shape [rows, columns]. A cell is a decimal numeral, nan or inf;
 * csv-parse splits records with quotes. Lines that start with # are comments (np.savetxt). A header line, of names or of pandas' column
 * numbers, is skipped with a note, and so is pandas' index column.
 */
export const csv: Format = {
  name: 'csv',
  extensions: ['csv', 'tsv'],
  sniff: looksLikeCsv,
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const rows = new CsvRows(limits, true);
    await rows.push(readAll(source));
    await rows.end();
    const { shape, data } = rows.take(rows.available);
    checkShape(shape, limits);
    reserve(newBudget(limits), BigInt(data.length), 'f64');
    const tensors = new Map([['csv', { shape, data: data.slice(), dtype: 'f64' } as FileTensor]]);
    return { format: 'csv', tensors, metadata: new Map(), decimals: new Map([['csv', rows.decimals ?? 0]]), notes: rows.notes };
  },
  write(tensors) {
    const [only] = tensors.values();
    if (tensors.size !== 1 || only.shape.length > 2 || only.shape.includes(0)) {
      throw new RnnError('format', 'E_CSV_SHAPE', 'a .csv holds one table of rows and columns', {
        found: [...tensors.values()].map(t => `[${t.shape.join(', ')}]`).join(' '),
        fix: 'write .npz or .json, which hold any shape',
      });
    }
    const columns = only.shape.length === 2 ? only.shape[1] : 1;
    const lines: string[] = [];
    for (let at = 0; at < only.data.length; at += columns) {
      lines.push(Array.from(only.data.subarray(at, at + columns), formatNumber).join(','));
    }
    return [new TextEncoder().encode(`${lines.join('\n')}\n`)];
  },
};

const CSV_START = /^(?:[^\S\n]*(?:#[^\n]*)?\n)*[\s"]*(?:[-+.\d]|nan|-?inf|[A-Za-z_][\w .-]*["\s]*[,;\t]|[,;\t][\w"])/i;
/** A printed DataFrame: a line of column names, then a row that starts with the index 0. */
const PRINTED_TABLE = /^\s*[A-Za-z_]\S*(?: +[A-Za-z_]\S*)*\s*\n0 +[-+.\d]/;

function looksLikeCsv(source: ByteSource): boolean {
  const start = readUpTo(source, 0, 256);
  if (start.length === 0 || start.includes(0)) return false;
  const text = new TextDecoder().decode(start);
  return CSV_START.test(text) || PRINTED_TABLE.test(text);
}
