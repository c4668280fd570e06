import { plural } from '../escape.js';
import type { TensorData } from '../run/result.js';
import { alignPoints, valueText } from './numbers.js';
import { type Column, drawTable, type Layout } from './table.js';

/** Tensors as tables of numbers: one row per sample, or per sample and step. Samples, steps and units count from 1, as in y_1 … y_T. */

export interface ValueOptions {
  readonly digits: number;
  /** most rows of one table; the others are counted */
  readonly rows: number;
  /** letters of the axes if known: 'N', 'T', 'K' */
  readonly dims?: readonly string[];
}

/** @param letter name of the last axis: 'y' gives y1, y2 …; @param t [N, K], [N, T, K] or of any other rank */
export async function valueTable(t: TensorData, letter: string, layout: Layout, { digits, rows, dims }: ValueOptions): Promise<string> {
  const width = t.shape.length === 0 ? 1 : t.shape[t.shape.length - 1];
  const leading = t.shape.slice(0, -1);
  const total = leading.reduce((product, n) => product * n, 1);
  const shown = layout.style === 'csv' ? total : Math.min(total, rows);
  const axes = axisNames(leading.length, dims);
  const fits = columnsThatFit(layout, axes.length, width, digits);
  const most = fits * Math.max(1, Math.floor(MOST_LINES / (shown + FRAME)));
  const cells = Math.min(width, most);
  const number = { align: 'right', whole: true } as const;
  const blocks: string[] = [];
  for (let from = 0; from < cells; from += fits) {
    const units = Array.from({ length: Math.min(fits, cells - from) }, (_, k) => from + k);
    const values = units.map(k =>
      alignPoints(Array.from({ length: shown }, (_, row) => valueText(t.data[row * width + k], digits, t.data instanceof Float32Array))),
    );
    const columns = [
      ...axes.map((title): Column => ({ title, ...number })),
      ...units.map((k): Column => ({ title: `${letter}${k + 1}`, ...number, gap: 3 })),
    ];
    const rows = Array.from({ length: shown }, (_, row) => [...position(row, leading), ...values.map(column => column[row])]);
    blocks.push(await drawTable({ columns, rows }, layout));
  }
  const more = (n: number, what: string) => (n === 0 ? [] : [plural(n, `more ${what}`)]);
  const left = [...more(total - shown, 'row'), ...more(width - cells, 'column')];
  const drawn = blocks.join('\n');
  return left.length > 0 && layout.style !== 'csv' ? `${drawn} … ${left.join(' and ')} (--full prints all)\n` : drawn;
}

/** Lines of columns that do not fit side by side and go below, limited to a screen or two. */
const MOST_LINES = 80;
/** Lines of a table in addition to its rows. */
const FRAME = 5;

/**
 * Names of the leading axes: samples, steps, or their number. Without letters, the first axis is samples and the second of two is steps.
 */
function axisNames(count: number, dims: readonly string[] = []): string[] {
  return Array.from({ length: count }, (_, i) => {
    // the axes of a graph that is run node by node have no meaning
    if (dims[i]?.startsWith('axis ')) return dims[i];
    if (dims[i] === 'N' || (i === 0 && dims[i] !== 'T' && !dims.includes('N'))) return 'sample';
    if (dims[i] === 'T' || (i === 1 && count === 2 && !dims.includes('T'))) return 'step';
    return `axis ${i + 1}`;
  });
}

/** Row number in C order -> position such as ['2', '7'], counted from 1. */
function position(row: number, leading: readonly number[]): string[] {
  const at: string[] = [];
  let rest = row;
  for (let axis = leading.length - 1; axis >= 0; axis--) {
    at.unshift(String((rest % leading[axis]) + 1));
    rest = Math.floor(rest / leading[axis]);
  }
  return at;
}

/** Number of columns that fit: a number has at most `digits` digits and eight more characters: sign, point, zeros, exponent. */
function columnsThatFit({ width, style }: Layout, axes: number, columns: number, digits: number): number {
  if (style === 'markdown' || style === 'csv' || !Number.isFinite(width)) return columns;
  const used = 4 + axes * 9;
  return Math.min(columns, Math.max(1, Math.floor((width - used) / (digits + 6))));
}
