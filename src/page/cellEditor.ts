import { el } from './dom.js';
import type { Layout, Scroll } from './heatMapDraw.js';

/** A field over a cell of a heat map, to edit its number. */
export interface Editing {
  /** the cell by name: 'k = 1, j = 2' */
  readonly label: string;
  readonly value: number;
  readonly row: number;
  readonly column: number;
  readonly done: (value: number) => void;
}

/** Opens the field. @param frame the element that gets the focus back */
export function editCell(
  frame: HTMLElement,
  { cell, left, top }: Layout,
  scroll: Scroll,
  { label, value, row, column, done }: Editing,
): void {
  const input = numberField(`new value of ${label}`, value, next => {
    frame.focus({ preventScroll: true });
    if (next !== null) done(next);
  });
  input.style.left = `${Math.max(0, left + column * cell.width - scroll.left - 8)}px`;
  input.style.top = `${top + row * cell.height - scroll.top - 4}px`;
  frame.append(input);
  input.select();
  input.focus({ preventScroll: true });
}

/** A field to edit a number. Enter or leaving it accepts the number, Escape does not. @param done null: unchanged */
function numberField(label: string, value: number, done: (value: number | null) => void): HTMLInputElement {
  const input = el('input', { class: 'cell-editor', type: 'text', inputmode: 'decimal', 'aria-label': label });
  input.value = String(value);
  let finished = false;
  const finish = (keep: boolean) => {
    if (finished) return;
    finished = true;
    const text = input.value.trim().replace(',', '.');
    input.remove();
    done(keep && text !== '' && !Number.isNaN(Number(text)) ? Number(text) : null);
  };
  input.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter') finish(true);
    else if (event.key === 'Escape') finish(false);
  });
  input.addEventListener('blur', () => finish(true));
  return input;
}
