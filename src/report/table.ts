import { csvCell, markdownCell } from '../escape.js';
import { toAscii } from './ascii.js';
import { NO_PAINT, type Paint } from './paint.js';
import { type Align, cut, cutMiddle, displayWidth, foldText, pad } from './text.js';

/**
 * Tables in five styles. `plain` is columns and spaces, for pipes; `ascii` is the same in ASCII; `box` has lines, for terminals; `markdown`
 * is for pages, `csv` for other programs. Only this file loads chalk and cli-table3, and only when colours or boxes are drawn, because they
 * take time to start.
 */
export type Style = 'box' | 'plain' | 'ascii' | 'markdown' | 'csv';

export interface Layout {
  readonly style: Style;
  /** columns available; Infinity if lines are not limited */
  readonly width: number;
  readonly paint: Paint;
}

export const PLAIN: Layout = { style: 'plain', width: Number.POSITIVE_INFINITY, paint: NO_PAINT };

export interface Column {
  readonly title: string;
  readonly align?: Align;
  /** plain style: least width */
  readonly min?: number;
  /** plain style: spaces before the column, 2 by default */
  readonly gap?: number;
  /** if the line is too short, the column moves to a second table, with the `key` columns */
  readonly optional?: boolean;
  /** whether it identifies the row */
  readonly key?: boolean;
  /** whether it is never cut, such as numbers */
  readonly whole?: boolean;
  /** whether its texts are cut in the middle: names that differ at their ends */
  readonly path?: boolean;
  /** the paint of every cell, or a function of its text */
  readonly paint?: keyof Paint | ((cell: string) => keyof Paint);
}

export interface Table {
  readonly columns: readonly Column[];
  /** one cell per column */
  readonly rows: readonly (readonly string[])[];
  /** rows that begin a group, above which a line is drawn */
  readonly groups?: ReadonlySet<number>;
}

/** @returns lines, each ending with a newline */
export async function drawTable(table: Table, layout: Layout): Promise<string> {
  if (layout.style === 'markdown') return drawMarkdown(table);
  if (layout.style === 'csv') return drawCsv(table);
  const whole = layout.style === 'ascii' ? inAscii(table) : table;
  const fitted = fitToWidth(whole, layout);
  if (totalWidth(fitted, layout.style) > layout.width) return drawStacked(whole, layout);
  const draw = async (part: Table): Promise<string> =>
    layout.style === 'box' ? drawBox(part, layout.paint) : drawPlain(part, layout.paint);
  const left = whole.columns.length - fitted.columns.length;
  if (left === 0) return draw(fitted);
  const apart = whole.columns.filter(({ optional }) => optional).slice(-left);
  const below = withColumns(whole, apart);
  if (below.columns.some(({ key }) => key) && totalWidth(below, layout.style) <= layout.width)
    return `${await draw(fitted)}\n${await draw(below)}`;
  const note = ` … no room for ${apart.map(({ title }) => title).join(', ')} (--width ${totalWidth(whole, layout.style)} prints all)\n`;
  return (await draw(fitted)) + foldText(note, layout.width);
}

/**
 * A table of the key columns and the given ones, without rows that are empty there; the name of a group moves to its first remaining row.
 */
function withColumns({ columns, rows, groups = new Set() }: Table, apart: readonly Column[]): Table {
  const taken = columns.flatMap((column, i) => (column.key || apart.includes(column) ? [i] : []));
  const left: string[][] = [];
  const starts = new Set<number>();
  let name = '';
  let begins = false;
  rows.forEach((row, r) => {
    begins ||= groups.has(r);
    if (groups.has(r) || row[0] !== '') name = row[0];
    if (columns.every((column, i) => !apart.includes(column) || row[i] === '')) return;
    if (begins && left.length > 0) starts.add(left.length);
    left.push(taken.map(i => (i === 0 ? name : row[i])));
    [name, begins] = ['', false];
  });
  return { columns: taken.map(i => ({ ...columns[i], gap: Math.min(columns[i].gap ?? 2, 3) })), rows: left, groups: starts };
}

/** Whether the table fits the width as it is, with nothing cut or moved. */
export function hasRoom(table: Table, { style, width }: Layout): boolean {
  return style === 'markdown' || style === 'csv' || totalWidth(style === 'ascii' ? inAscii(table) : table, style) <= width;
}

/** Draws the cells of each row below each other, for lines that are too short for a table; an empty line separates the rows. */
function drawStacked({ columns, rows }: Table, { paint, width }: Layout): string {
  const label = Math.max(...columns.map(({ title }) => displayWidth(title)));
  const cellText = (cell: string, i: number): string =>
    cell.trim() === ''
      ? ''
      : foldText(
          ` ${paint.faint(pad(columns[i].title, label))} ${painted(cell.trim(), paintOfCell(columns[i], cell), paint)}\n`,
          width,
          label + 2,
        );
  return rows.map(row => row.map(cellText).join('')).join('\n');
}

/** Converts a table to ASCII, so that column widths are those of what is printed. */
function inAscii({ columns, rows, groups }: Table): Table {
  const titled = columns.map(column => ({ ...column, title: toAscii(column.title) }));
  return { columns: titled, rows: rows.map(row => row.map(toAscii)), groups };
}

function drawPlain({ columns, rows }: Table, paint: Paint): string {
  const widths = columnWidths(columns, rows, 'plain');
  const line = (cells: readonly string[], paintOf: (column: Column, cell: string) => keyof Paint | undefined): string => {
    const padded = cells.map((cell, i) => {
      const { align, gap = 2 } = columns[i];
      const colour = paintOf(columns[i], cell);
      const text = pad(cell, widths[i], align);
      return ' '.repeat(i === 0 ? 1 : gap) + (colour ? text.replace(cell.trim(), () => paint[colour](cell.trim())) : text);
    });
    return `${padded.join('').trimEnd()}\n`;
  };
  const header = line(
    columns.map(column => column.title),
    () => 'faint',
  );
  return header + rows.map(row => line(row, paintOfCell)).join('');
}

function drawMarkdown({ columns, rows }: Table): string {
  const safe = rows.map(row => row.map(cell => markdownCell(cell.trim())));
  const widths = columns.map((column, i) => Math.max(3, displayWidth(column.title), ...safe.map(row => displayWidth(row[i]))));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, i) => pad(cell, widths[i], columns[i].align)).join(' | ')} |\n`;
  const rule = columns.map((column, i) => (column.align === 'right' ? `${'-'.repeat(widths[i] - 1)}:` : '-'.repeat(widths[i])));
  return line(columns.map(column => column.title)) + line(rule) + safe.map(line).join('');
}

function drawCsv({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `${cells.map(text => csvCell(text.trim())).join(',')}\n`;
  return line(columns.map(column => column.title)) + rows.map(line).join('');
}

async function drawBox({ columns, rows, groups }: Table, paint: Paint): Promise<string> {
  const { default: CliTable } = await import('cli-table3');
  const table = new CliTable({
    head: columns.map(column => paint.faint(column.title)),
    colAligns: columns.map(column => column.align ?? 'left'),
    style: { head: [], border: [] },
    chars: { top: '─', bottom: '─' },
  });
  for (const row of rows) table.push(row.map((cell, i) => painted(cell, paintOfCell(columns[i], cell), paint)));
  return `${withoutInnerLines(table.toString().split('\n'), rows.length, groups).join('\n')}\n`;
}

function paintOfCell({ paint }: Column, cell: string): keyof Paint | undefined {
  return typeof paint === 'function' ? paint(cell) : paint;
}

function painted(cell: string, colour: keyof Paint | undefined, paint: Paint): string {
  return colour !== undefined && cell !== '' ? paint[colour](cell) : cell;
}

/** Removes the lines that cli-table3 draws under every row, except under the header and above a group. */
function withoutInnerLines(lines: readonly string[], rows: number, groups: ReadonlySet<number> = new Set()): string[] {
  const body = lines.slice(3);
  const kept = body.filter((_, i) => i % 2 === 0 || i === 2 * rows - 1 || groups.has((i + 1) / 2));
  return [...lines.slice(0, 3), ...kept];
}

/** Makes a table fit: reduces the gaps, then drops optional columns from the right, then cuts the widest texts. */
function fitToWidth(table: Table, layout: Layout): Table {
  if (layout.width === Number.POSITIVE_INFINITY) return table;
  let { columns, rows } = table;
  const total = (): number => totalWidth({ columns, rows }, layout.style);
  if (total() > layout.width) columns = columns.map(column => ({ ...column, gap: Math.min(column.gap ?? 2, 3) }));
  for (let i = columns.length - 1; i >= 0 && total() > layout.width; i--) {
    if (!columns[i].optional) continue;
    columns = columns.filter((_, k) => k !== i);
    rows = rows.map(row => row.filter((_, k) => k !== i));
  }
  for (let excess = total() - layout.width; excess > 0; excess = total() - layout.width) {
    const widths = columnWidths(columns, rows, layout.style).map((width, i) => (columns[i].whole ? 0 : width));
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] <= 8) break;
    const next = Math.max(...widths.filter((_, i) => i !== widest));
    const to = Math.max(8, widths[widest] - excess, Math.min(next, widths[widest] - 1));
    columns = columns.map((column, i) =>
      i === widest ? { ...column, title: cut(column.title, to), min: Math.min(column.min ?? 0, to) } : column,
    );
    rows = rows.map(row => row.map((cell, i) => (i === widest ? (columns[i].path ? cutMiddle : cut)(cell, to) : cell)));
  }
  return { columns, rows, groups: table.groups };
}

function totalWidth({ columns, rows }: Table, style: Style): number {
  return columnWidths(columns, rows, style).reduce((sum, width, i) => sum + width + border(columns[i], i, style), 1);
}

function border(column: Column, index: number, style: Style): number {
  if (style === 'box') return 3;
  return index === 0 ? 0 : (column.gap ?? 2);
}

function columnWidths(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): number[] {
  return columns.map(({ title, min = 0 }, i) => {
    const least = Math.max(style === 'box' ? 0 : min, displayWidth(title));
    return rows.reduce((width, row) => Math.max(width, displayWidth(row[i])), least);
  });
}

/** Colours for a terminal. @param level of chalk: 1 = 16 colours, 2 = 256, 3 = 24 bits */
export async function loadPaint(level: 1 | 2 | 3): Promise<Paint> {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level });
  return { strong: chalk.bold, faint: chalk.dim, good: chalk.green, bad: chalk.red, warn: chalk.yellow, name: chalk.cyan };
}
