import { el, scrolling } from './dom.js';

interface DataTable {
  /** description for screen readers */
  readonly label: string;
  readonly kind: 'wide' | 'list';
  /** '' is a column without a heading */
  readonly heads: readonly string[];
  /** heading of the column with numbers */
  readonly number: string;
  readonly rows: readonly (HTMLElement | false)[];
}

/** A table that scrolls in its own frame and is reachable by keyboard. */
export function dataTable({ label, kind, heads, number, rows }: DataTable): HTMLElement {
  const headings = heads.map(text =>
    text === '' ? el('td', {}) : el('th', { scope: 'col', class: text === number ? 'number' : '' }, text),
  );
  return scrolling(
    `table-scroll ${kind}`,
    label,
    el('table', { class: 'layers' }, el('thead', {}, el('tr', {}, ...headings)), el('tbody', {}, ...rows)),
  );
}
