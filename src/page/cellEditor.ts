import { el } from './dom.js';

/** A field over a cell for its new number. Enter and leaving it keep the number, Escape does not. @param done null: nothing was changed */
export function cellEditor(label: string, value: number, done: (value: number | null) => void): HTMLInputElement {
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
