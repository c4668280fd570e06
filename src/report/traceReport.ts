import { escapeText } from '../escape.js';
import type { How, WorkingLine, WorkingStep } from '../run/result.js';
import { alignPoints, valueText } from './numbers.js';
import { type Column, drawTable, type Layout, type Table } from './table.js';
import { displayWidth } from './text.js';

/** `rnn-cli forward --trace` for people: the hand calculation, a table per step; with a unit, every term of its numbers. */
export interface TraceOptions {
  readonly digits: number;
  /** lines of tables at most; a step is never cut in two */
  readonly rows: number;
  /** one unit, counted from 1 */
  readonly unit?: number;
}

export async function traceText(working: Iterable<WorkingStep>, layout: Layout, options: TraceOptions): Promise<string> {
  const parts: string[] = [];
  let place = '';
  let rows = 0;
  for (const step of working) {
    if (rows >= options.rows) {
      parts.push(` … more steps follow (--step t shows one, --full prints all)\n`);
      break;
    }
    const here = `${step.sample} ${step.layer} ${step.direction}`;
    const equations = here === place ? '' : step.equations.map(line => `   ${line}\n`).join('');
    place = here;
    rows += step.lines.length + 1;
    parts.push(`${heading(step, layout)}\n${equations}\n${await stepText(step, layout, options)}`);
  }
  return parts.join('\n');
}

/** 'rnn_1   sample 1, step 2 of 10' */
function heading({ layer, direction, sample, step, steps }: WorkingStep, { paint }: Layout): string {
  const name = direction === null ? escapeText(layer, 60) : `${escapeText(layer, 60)} ${direction}`;
  return `${paint.strong(name)}   sample ${sample}${step === null ? '' : `, step ${step} of ${steps}`}`;
}

async function stepText(step: WorkingStep, layout: Layout, options: TraceOptions): Promise<string> {
  if (step.masked)
    return ` padding: nothing is computed, ${step.given
      .slice(1)
      .map(given => given.label)
      .join(' and ')} is kept\n`;
  if (options.unit === undefined) return vectorsTable(step, layout, options.digits);
  const widest = Math.max(...step.lines.map(line => line.values.length));
  if (options.unit > widest) return ` has ${widest} units, so there is no unit ${options.unit}\n`;
  return termsTable(step, options.unit, layout, options.digits);
}

/** A line per vector, a column per unit. */
async function vectorsTable({ given, lines }: WorkingStep, layout: Layout, digits: number): Promise<string> {
  const all: readonly Pick<WorkingLine, 'label' | 'values'>[] = [...given, ...lines];
  const width = Math.max(...all.map(line => line.values.length));
  const labels = [...given.map(line => line.label), ...lines.map(lineLabel)];
  const cells = columnsThatFit(layout, Math.max(...labels.map(displayWidth)), width, digits);
  const columns = Array.from({ length: cells }, (_, k) =>
    alignPoints(all.map(({ values }) => (k < values.length ? valueText(values[k], digits, false) : ''))),
  );
  const table = {
    columns: [
      { title: '', whole: true },
      ...columns.map((_, k): Column => ({ title: String(k + 1), align: 'right', whole: true, gap: 3 })),
      ...(cells < width ? [{ title: '…', gap: 3 }] : []),
    ],
    rows: labels.map((label, i) => [label, ...columns.map(column => column[i]), ...(cells < width ? ['…'] : [])]),
    groups: new Set([given.length, ...lines.flatMap(({ role }, i) => (role === 'result' ? [given.length + i + 1] : []))]),
  };
  const left =
    cells < width ? ` … ${width - cells} more column${width - cells === 1 ? '' : 's'} (--unit m shows one, --full prints all)\n` : '';
  return (await drawTable(table, layout)) + left;
}

/** 'x_t·Wx', '+ bh', '= sum', 'h_t = tanh(sum)' */
function lineLabel({ label, role, formula }: WorkingLine): string {
  if (role === 'sum') return `${label} of these`;
  return role === 'result' && formula !== '' ? `${label} = ${formula}` : label;
}

function columnsThatFit({ width, style }: Layout, label: number, columns: number, digits: number): number {
  if (style === 'markdown' || style === 'csv' || !Number.isFinite(width)) return columns;
  const fits = Math.floor((width - label - 6) / (digits + 6));
  return fits >= columns ? columns : Math.max(1, fits - 1);
}

/** @param whole names of lines are not cut */
function termColumns(unit: number, whole: boolean): Column[] {
  const number = { align: 'right', whole: true } as const;
  return [
    { title: `unit ${unit}`, whole },
    { title: 'from', whole },
    { title: 'value', ...number },
    { title: '', whole: true, gap: 1 },
    { title: 'times', whole, gap: 1 },
    { title: 'value', ...number },
    { title: '', whole: true, gap: 1 },
    { title: 'gives', ...number, gap: 1 },
  ];
}

/** Every number of one unit as the sum, product or function it is; with fewer digits where the line is too narrow for all of them. */
async function termsTable(step: WorkingStep, unit: number, layout: Layout, digits: number): Promise<string> {
  const fits = (table: Table) =>
    1 + table.columns.reduce((sum, { gap = 2 }, i) => sum + (i && gap) + Math.max(...table.rows.map(row => displayWidth(row[i]))), 0) <=
    layout.width;
  const tables = [digits, Math.min(digits, 4)].map(count => termRowsOf(step, unit, count));
  const table = tables.find(fits) ?? { ...tables[1], columns: termColumns(unit, false) };
  return drawTable(table, { ...layout, style: layout.style === 'box' ? 'plain' : layout.style });
}

function termRowsOf({ lines }: WorkingStep, unit: number, digits: number): Table {
  const rows: string[][] = [];
  const groups = new Set<number>();
  for (const line of lines) {
    if (unit > line.values.length) continue;
    if (rows.length > 0) groups.add(rows.length);
    rows.push(...termRows(line, unit, digits));
  }
  const numbers = [2, 5, 7];
  for (const column of numbers) {
    const aligned = alignPoints(rows.map(row => row[column]));
    rows.forEach((row, i) => {
      row[column] = aligned[i];
    });
  }
  return { columns: termColumns(unit, true), rows, groups };
}

function termRows(line: WorkingLine, unit: number, digits: number): string[][] {
  const text = (x: number): string => valueText(x, digits, false);
  const value = text(line.values[unit - 1]);
  const name = `${line.label}[${unit}]`.replace(/^(.*[\u00b7\u2299+ ].*)\[(\d+)\]$/, '($1)[$2]');
  const how: How = line.how(unit - 1);
  switch (how.kind) {
    case 'number':
      return [[name, '', '', '', '', '', '=', value]];
    case 'function':
      return [[name, how.name.trim(), text(how.argument), '', '', '', '=', value]];
    case 'sum': {
      const rows = how.addends.map((addend, i) => [
        '',
        addend.label,
        text(addend.value),
        i < how.addends.length - 1 ? '+' : '',
        '',
        '',
        '',
        '',
      ]);
      rows[0][0] = name;
      rows[rows.length - 1].splice(6, 2, '=', value);
      if (how.limit !== null) rows[rows.length - 1][4] = `held within ±${how.limit}`;
      return rows;
    }
    case 'products': {
      const rows = how.terms.map(({ left, a, right, b }) => ['', left, text(a), '×', right, text(b), '=', text(a * b)]);
      rows[0][0] = name;
      return how.terms.length === 1 ? rows : [...rows, ['', '', '', '', '', 'together', '=', value]];
    }
  }
}
