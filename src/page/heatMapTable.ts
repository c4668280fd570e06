import { cell, changes, el, replace, scrolling, tableRow } from './dom.js';
import type { Grid, Shown } from './grid.js';
import { numberText } from './text.js';

const MOST = { rows: 60, columns: 30 };

/** The numbers of a heat map as a table, created when it is opened: all of them, or those around the selected cell if there are many. */
export function tableOf(label: () => string): { readonly node: HTMLElement; show(shown: Shown): void } {
  const node = el('details', { class: 'as-table' }, el('summary', {}, 'Table'));
  let shown: Shown | undefined;
  const isOther = changes();
  const draw = () => {
    if (!node.open || !shown) return;
    const { grid, selected } = shown;
    const down = range(grid.rows.length, selected?.[0] ?? 0, MOST.rows);
    const across = range(grid.columns.length, selected?.[1] ?? 0, MOST.columns);
    if (!isOther(grid, down[0], across[0])) return;
    replace(node, node.firstElementChild, gridTable(grid, down, across, label()));
  };
  node.addEventListener('toggle', draw);
  return {
    node,
    show(next) {
      shown = next;
      draw();
    },
  };
}

function gridTable(grid: Grid, down: readonly number[], across: readonly number[], label: string): HTMLElement {
  const { rows, columns } = grid;
  const part = down.length < rows.length || across.length < columns.length;
  const where = part ? `: ${rows.name}s ${span(down)} of ${rows.length}, ${columns.name}s ${span(across)} of ${columns.length}` : '';
  const each = grid.groups ? columns.length / grid.groups.length : 0;
  const head = (column: number) => (each ? `${grid.groups![Math.floor(column / each)]} ${(column % each) + 1}` : String(column + 1));
  const heads = [`${rows.index} \\ ${columns.index}`, ...across.map(head)].map(text => el('th', { scope: 'col' }, text));
  const numbers = (r: number) => across.map(c => cell('', numberText(grid.value(r, c), 6)));
  const body = down.map(r => tableRow({}, String(r + 1), ...numbers(r)));
  const caption = el('caption', {}, `${label}${where}`);
  return scrolling(
    'table-scroll',
    `${label} as a table`,
    el('table', {}, caption, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...body)),
  );
}

/** `most` indices around the selected one; neighbouring cells get the same range. */
function range(length: number, selected: number, most: number): number[] {
  const half = most / 2;
  const from = Math.max(0, Math.min(Math.floor(selected / half) * half - Math.floor(half / 2), length - most));
  return Array.from({ length: Math.min(length, most) }, (_, i) => from + i);
}

function span(places: readonly number[]): string {
  return `${places[0] + 1} … ${places[places.length - 1] + 1}`;
}
