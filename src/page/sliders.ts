import { el, newId } from './dom.js';
import type { Size } from './sizes.js';

/** The sizes as sliders, each with what one more of it would add. */
export interface Sliders {
  readonly node: HTMLElement;
  show(sizes: readonly Size[], effects: ReadonlyMap<string, Effect>): void;
}

/** What one more of a size adds; null: nothing to say while a size is symbolic. */
export interface Effect {
  readonly params: bigint | number | null;
  readonly macs: bigint | number | null;
}

/** Where the slider stops: every size that is small, and round ones. */
const STOPS = [
  ...Array.from({ length: 20 }, (_, i) => i + 1),
  24,
  28,
  32,
  40,
  48,
  64,
  80,
  96,
  100,
  128,
  160,
  200,
  256,
  300,
  384,
  512,
  768,
  1024,
];

export function sliders(change: (size: Size, value: number | null) => void): Sliders {
  const node = el('div', { class: 'sliders' });
  const rows = new Map<string, Row>();
  let order = '';
  return {
    node,
    show(sizes, effects) {
      const letters = sizes.map(({ letter }) => letter).join();
      if (letters !== order) {
        rows.clear();
        for (const size of sizes) rows.set(size.letter, rowFor(size.letter, change));
        node.replaceChildren(...[...rows.values()].map(row => row.node));
        order = letters;
      }
      for (const size of sizes) rows.get(size.letter)!.show(size, effects.get(size.letter));
    },
  };
}

interface Row {
  readonly node: HTMLElement;
  show(size: Size, effect: Effect | undefined): void;
}

function rowFor(letter: string, change: (size: Size, value: number | null) => void): Row {
  const id = newId('size');
  const kind = letter.replace(/\d/g, '');
  let size: Size;
  const label = el('label', { for: id });
  const slider = el('input', { id, type: 'range', min: 0, max: STOPS.length - 1, step: 1 });
  const number = el('input', { type: 'number', min: 1, max: 100000, step: 1, 'aria-label': `${letter} as a number` });
  const open = el(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': `any: leave ${letter} symbolic`, title: `leave ${letter} symbolic` },
    'any',
  );
  const effect = el('span', { class: 'effect' });
  slider.addEventListener('input', () => change(size, STOPS[Number(slider.value)]));
  number.addEventListener('change', () => {
    const value = Math.round(Number(number.value));
    if (Number.isFinite(value) && number.value !== '') change(size, Math.min(100_000, Math.max(size.least, value)));
  });
  open.addEventListener('click', () => change(size, size.value === null ? STOPS[Number(slider.value)] : null));
  const node = el('div', { class: `slider axis-${kind}` }, label, slider, number, open, effect);
  return {
    node,
    show(next, adds) {
      size = next;
      label.replaceChildren(el('var', {}, letter), ` ${next.meaning}`);
      if (next.value !== null && STOPS[Number(slider.value)] !== next.value) slider.value = String(nearest(next.value));
      node.classList.toggle('open', next.value === null);
      slider.setAttribute('aria-valuetext', next.value === null ? `${letter}, symbolic` : String(next.value));
      if (document.activeElement !== number || next.value === null) number.value = next.value === null ? '' : String(next.value);
      number.placeholder = next.value === null ? letter : '';
      open.hidden = !next.open;
      open.setAttribute('aria-pressed', String(next.value === null));
      effect.replaceChildren(...effectText(letter, adds));
    },
  };
}

function nearest(value: number): number {
  return STOPS.reduce((best, stop, i) => (Math.abs(stop - value) < Math.abs(STOPS[best] - value) ? i : best), 0);
}

/** '+1: parameters stay, multiply-adds +40' */
function effectText(letter: string, effect: Effect | undefined): (string | HTMLElement)[] {
  if (!effect) return [];
  const of = (value: bigint | number | null) =>
    value === null ? '?' : Number(value) === 0 ? 'stay' : `+${Number(value).toLocaleString('en')}`;
  const params = el('b', { class: effect.params !== null && Number(effect.params) === 0 ? 'stays' : '' }, of(effect.params));
  return [`one more ${letter}: parameters `, params, ', multiply-adds ', el('b', {}, of(effect.macs))];
}
