import { el, scrolling } from './dom.js';

interface DataTable {
  /** what it shows, for a screen reader */
  readonly label: string;
  readonly kind: 'wide' | 'list';
  /** '' is a column without a heading */
  readonly heads: readonly string[];
  /** the heading of the column of numbers */
  readonly number: string;
  readonly rows: readonly (HTMLElement | false)[];
}

/** A table that scrolls in its own frame and can be reached with the keyboard. */
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
