import { el } from './dom.js';
import type { Shown } from './grid.js';
import { numberText } from './text.js';

const MOST = { rows: 60, columns: 30 };

/** The numbers of a heat map as a table: all, or those around the selected cell where they are many. */
export function gridTable({ grid, selected }: Shown, label: string): HTMLElement {
  const { rows, columns } = grid;
  const down = range(rows.length, selected?.[0] ?? 0, MOST.rows);
  const across = range(columns.length, selected?.[1] ?? 0, MOST.columns);
  const part = down.length < rows.length || across.length < columns.length;
  const where = part ? `: ${rows.name}s ${span(down)} of ${rows.length}, ${columns.name}s ${span(across)} of ${columns.length}` : '';
  const each = grid.groups ? columns.length / grid.groups.length : 0;
  const head = (column: number) => (each ? `${grid.groups![Math.floor(column / each)]} ${(column % each) + 1}` : String(column + 1));
  return el(
    'div',
    { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': `${label} as a table` },
    el(
      'table',
      {},
      el('caption', {}, `${label}${where}`),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, `${rows.index} \\ ${columns.index}`),
          ...across.map(c => el('th', { scope: 'col' }, head(c))),
        ),
      ),
      el(
        'tbody',
        {},
        ...down.map(r =>
          el('tr', {}, el('th', { scope: 'row' }, String(r + 1)), ...across.map(c => el('td', {}, numberText(grid.value(r, c), 6)))),
        ),
      ),
    ),
  );
}

function range(length: number, around: number, most: number): number[] {
  const from = Math.max(0, Math.min(around - Math.floor(most / 2), length - most));
  return Array.from({ length: Math.min(length, most) }, (_, i) => from + i);
}

function span(places: readonly number[]): string {
  return `${places[0] + 1} … ${places[places.length - 1] + 1}`;
}
