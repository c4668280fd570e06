import { escapeText, plural } from '../escape.js';
import type { HandLine, HandStep, How } from '../run/result.js';
import { alignPoints, valueText } from './numbers.js';
import { type Column, drawTable, hasRoom, type Layout, type Table } from './table.js';

/** Options of the text report of `rnn-cli forward --trace`. */
export interface TraceOptions {
  readonly digits: number;
  /** most table lines; a step is never split */
  readonly rows: number;
  /** show the terms of this unit, counted from 1 */
  readonly unit?: number;
}

/** All lines of the hand calculation with their numbers, step by step: a table per step, or every term of one unit. */
export async function traceText(steps: Iterable<HandStep>, layout: Layout, options: TraceOptions): Promise<string> {
  const parts: string[] = [];
  let place = '';
  let rows = 0;
  for (const step of steps) {
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
function heading({ layer, direction, sample, step, steps }: HandStep, { paint }: Layout): string {
  const name = direction === null ? escapeText(layer, 60) : `${escapeText(layer, 60)} ${direction}`;
  return `${paint.strong(name)}   sample ${sample}${step === null ? '' : `, step ${step} of ${steps}`}`;
}

async function stepText(step: HandStep, layout: Layout, options: TraceOptions): Promise<string> {
  if (step.masked)
    return ` padding: nothing is computed, ${step.given
      .slice(1)
      .map(given => given.label)
      .join(' and ')} is kept\n`;
  if (options.unit === undefined) return vectorsTable(step, layout, options.digits);
  const widest = Math.max(...step.lines.map(line => line.values.length));
  if (options.unit > widest) return ` has ${plural(widest, 'unit')}, so there is no unit ${options.unit}\n`;
  return termsTable(step, options.unit, layout, options.digits);
}

/** One line per vector, one column per unit. If a box is too wide, tries without lines, then fewer digits, then only the first units. */
async function vectorsTable({ given, lines }: HandStep, layout: Layout, digits: number): Promise<string> {
  const all: readonly Pick<HandLine, 'label' | 'values'>[] = [...given, ...lines];
  const units = Math.max(...all.map(line => line.values.length));
  const labels = [...given.map(line => line.label), ...lines.map(lineLabel)];
  const groups = new Set([given.length, ...lines.flatMap(({ role }, i) => (role === 'result' ? [given.length + i + 1] : []))]);
  const tableOf = (count: number, places: number): Table => {
    const columns = Array.from({ length: count }, (_, k) =>
      alignPoints(all.map(({ values }) => (k < values.length ? valueText(values[k], places, false) : ''))),
    );
    const more = count < units ? ['…'] : [];
    return {
      columns: [
        { title: '', whole: true },
        ...columns.map((_, k): Column => ({ title: String(k + 1), align: 'right', whole: true })),
        ...more.map(title => ({ title })),
      ],
      rows: labels.map((label, i) => [label, ...columns.map(column => column[i]), ...more]),
      groups,
    };
  };
  const styles = layout.style === 'box' ? (['box', 'plain'] as const) : [layout.style];
  for (const places of [digits, Math.min(digits, 4)]) {
    for (const style of styles) {
      const table = tableOf(units, places);
      if (hasRoom(table, { ...layout, style })) return drawTable(table, { ...layout, style });
    }
  }
  const [style] = styles.slice(-1);
  let count = units - 1;
  while (count > 1 && !hasRoom(tableOf(count, digits), { ...layout, style })) count = Math.min(count - 1, Math.ceil(count / 1.1));
  const left = ` … ${plural(units - count, 'more column')} (--unit m shows one, --full prints all)\n`;
  return (await drawTable(tableOf(count, digits), { ...layout, style })) + left;
}

/** Label of a line: 'x_t·Wx', '+ bh', '= sum', 'h_t = tanh(sum)'. */
function lineLabel({ label, role, formula }: HandLine): string {
  if (role === 'sum') return `${label} of these`;
  return role === 'result' && formula !== '' ? `${label} = ${formula}` : label;
}

/** @param whole whether line names are never cut @param gap spaces before a number */
function termColumns(unit: number, whole: boolean, gap = 2): Column[] {
  const number = { align: 'right', whole: true, gap } as const;
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

/**
 * Shows the sum, product or function behind every number of one unit; if the line is too short, with fewer digits, closer together, and
 * finally cut.
 */
async function termsTable(step: HandStep, unit: number, layout: Layout, digits: number): Promise<string> {
  const own: Layout = { ...layout, style: layout.style === 'box' ? 'plain' : layout.style };
  const tables = [digits, Math.min(digits, 4)].map(count => termRowsOf(step, unit, count));
  const closer = [true, false].map(whole => ({ ...tables[1], columns: termColumns(unit, whole, 1) }));
  const table = [...tables, ...closer].find(each => hasRoom(each, own)) ?? closer[1];
  return drawTable(table, own);
}

function termRowsOf({ lines }: HandStep, unit: number, digits: number): Table {
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

function termRows(line: HandLine, unit: number, digits: number): string[][] {
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
      return how.terms.length === 1 ? rows : [...rows, ['', '', '', '', 'together', '', '=', value]];
    }
  }
}
