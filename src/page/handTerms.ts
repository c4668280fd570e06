import type { HandStep, How } from '../run/result.js';
import { button, cell, el } from './dom.js';
import { formula, roleOf } from './formula.js';
import { numberText } from './text.js';

/** The terms behind a number of the hand calculation. */

export type Point = (names: readonly string[] | null) => void;

/** A number that is made of several terms. */
type Terms = Extract<How, { kind: 'products' | 'sum' }>;

const MOST_TERMS = 24;

/** Number of products or addends that a number is the sum of; 1 for other numbers. */
export function termCount(how: How): number {
  return how.kind === 'products' ? how.terms.length : how.kind === 'sum' ? how.addends.length : 1;
}

/** A key that is equal for two lines if only their numbers and indices differ. */
export function lineKey(how: How): string {
  if (how.kind === 'products') return [how.terms.length, how.terms[0]?.left, how.terms[0]?.right].join(' ').replace(/\[[^\]]*\]/g, '');
  return how.kind === 'sum' ? `${how.addends.map(({ label }) => label).join(' ')} ${how.limit}` : how.kind;
}

/** A table of the terms of a number; `update` fills it for another unit or step. */
export function termsTable(how: Terms, point: Point): { readonly node: HTMLElement; update(how: Terms): void } {
  const count = termCount(how);
  let latest = how;
  const pointAt = (k: number) =>
    pointListeners(() => (latest.kind === 'products' ? [latest.terms[k].left, latest.terms[k].right] : []), point);
  const body = el('tbody', { on: { keydown: walkRows } }, ...rowsOf(how, 0, MOST_TERMS, pointAt));
  if (how.kind === 'products') body.rows[0]?.setAttribute('tabindex', '0');
  const note = how.kind === 'sum' && how.limit !== null && el('p', { class: 'note' }, `held within ±${how.limit}`);
  const showAll = () => {
    body.append(...rowsOf(latest, MOST_TERMS, count, pointAt));
    update(latest);
    more.remove();
    node.classList.add('long');
    node.tabIndex = 0;
  };
  const more = button({ class: 'quiet' }, showAll, `all ${count} terms`);
  const node = el('div', { class: 'terms' }, el('table', { class: how.kind }, body), count > MOST_TERMS && more, note);
  const update = (next: Terms) => {
    latest = next;
    [...body.rows].forEach((row, k) => {
      const [numbers, places] = ['.number', '.index'].map(kind => row.querySelectorAll(kind));
      for (const [i, x] of numbersOf(next, k).entries()) numbers[i].textContent = numberText(x);
      if (next.kind === 'products')
        for (const [i, name] of [next.terms[k].left, next.terms[k].right].entries()) places[i].textContent = split(name)[1];
    });
  };
  return { node, update };
}

/** Moves between rows with the arrow keys. */
function walkRows(event: Event): void {
  const { key, target } = event as KeyboardEvent;
  const row = target as HTMLElement;
  const next = key === 'ArrowDown' ? row.nextElementSibling : key === 'ArrowUp' ? row.previousElementSibling : null;
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  row.tabIndex = -1;
  (next as HTMLElement).tabIndex = 0;
  (next as HTMLElement).focus();
}

function numbersOf(how: Terms, k: number): number[] {
  if (how.kind === 'sum') return [how.addends[k].value];
  const { a, b } = how.terms[k];
  return [a, b, a * b];
}

function rowsOf(how: Terms, from: number, to: number, pointAt: (k: number) => ReturnType<typeof pointListeners>): HTMLElement[] {
  const sign = (text: string) => cell('sign', text);
  if (how.kind === 'sum')
    return how.addends
      .slice(from, to)
      .map(({ label }, i) => el('tr', {}, sign(from + i === 0 ? '' : '+'), cell('from', formula(label)), cell('number')));
  return how.terms.slice(from, to).map(({ left, right }, i) => {
    const factor = (name: string) => [
      cell('from', formula(split(name)[0]), el('span', { class: 'index' })),
      cell(`number role-${roleOf(name)}`),
    ];
    const cells = [...factor(left), sign('×'), ...factor(right), sign('='), cell('number')];
    return el('tr', { tabindex: -1, ...pointAt(from + i) }, ...cells);
  });
}

/** Splits 'Wx_i[1,2]' into name and place. */
function split(name: string): [name: string, place: string] {
  const [, label, place = ''] = /^(.*?)(\[[\d,]+\])?$/.exec(name)!;
  return [label, place];
}

/** Listeners that report the numbers under the pointer or the focus. @param names returns the current names of those numbers */
export function pointListeners(names: () => readonly string[], point: Point): { on: Record<string, () => void> } {
  const [here, gone] = [() => point(names()), () => point(null)];
  return { on: { pointerenter: here, pointerleave: gone, focus: here, blur: gone } };
}

/** Names of the numbers that the unit reads, as the first and last of each row, to be outlined. */
export function namesRead(step: HandStep, unit: number): [from: string, to: string][] {
  return step.lines.flatMap(line => {
    if (unit >= line.values.length) return [];
    const how = line.how(unit);
    if (how.kind === 'number') return [[how.name, how.name]];
    if (how.kind !== 'products' || how.terms.length === 0) return [];
    const [first, last] = [how.terms[0], how.terms[how.terms.length - 1]];
    return [
      [first.left, last.left],
      [first.right, last.right],
    ];
  });
}
