import type { How, WorkingStep } from '../run/result.js';
import { el } from './dom.js';
import { formula, roleOf } from './formula.js';
import { numberText } from './text.js';

/** The terms of a line of the hand calculation. */

export type Point = (names: readonly string[] | null) => void;

/** What is made of several terms. */
type Terms = Extract<How, { kind: 'products' | 'sum' }>;

const MOST_TERMS = 24;

export function termCount(how: How): number {
  return how.kind === 'products' ? how.terms.length : how.kind === 'sum' ? how.addends.length : 1;
}

/** The same for lines that differ in nothing but their numbers. */
export function likeness(how: How): string {
  if (how.kind === 'products') return `${how.terms.length} ${how.terms[0]?.left} ${how.terms[0]?.right}`;
  return how.kind === 'sum' ? `${how.addends.map(({ label }) => label).join(' ')} ${how.limit}` : `${how.kind} ${how.name}`;
}

export function termsTable(how: Terms, point: Point): { readonly node: HTMLElement; update(how: Terms): void } {
  const count = termCount(how);
  const body = el('tbody', {}, ...rowsOf(how, 0, MOST_TERMS, point));
  const note = how.kind === 'sum' && how.limit !== null && el('p', { class: 'note' }, `held within ±${how.limit}`);
  const more = el('button', { type: 'button', class: 'quiet' }, `all ${count} terms`);
  const node = el('div', { class: 'terms' }, el('table', { class: how.kind }, body), count > MOST_TERMS && more, note);
  let latest = how;
  const update = (next: Terms) => {
    latest = next;
    [...body.rows].forEach((row, k) => {
      const numbers = row.querySelectorAll('.number');
      numbersOf(next, k).forEach((x, i) => {
        numbers[i].textContent = numberText(x);
      });
    });
  };
  more.addEventListener('click', () => {
    body.append(...rowsOf(latest, MOST_TERMS, count, point));
    update(latest);
    more.remove();
    node.classList.add('long');
    node.tabIndex = 0;
  });
  return { node, update };
}

function numbersOf(how: Terms, k: number): number[] {
  if (how.kind === 'sum') return [how.addends[k].value];
  const { a, b } = how.terms[k];
  return [a, b, a * b];
}

function rowsOf(how: Terms, from: number, to: number, point: Point): HTMLElement[] {
  const sign = (text: string) => el('td', { class: 'sign' }, text);
  if (how.kind === 'sum')
    return how.addends
      .slice(from, to)
      .map(({ label }, i) =>
        el('tr', {}, sign(from + i === 0 ? '' : '+'), el('td', { class: 'from' }, formula(label)), el('td', { class: 'number' })),
      );
  return how.terms.slice(from, to).map(({ left, right }) => {
    const factor = (name: string) => [el('td', { class: 'from' }, indexed(name)), el('td', { class: `number role-${roleOf(name)}` })];
    return el('tr', pointing([left, right], point), ...factor(left), sign('×'), ...factor(right), sign('='), el('td', { class: 'number' }));
  });
}

/** 'Wx_i[1,2]' with its place small behind it */
function indexed(name: string): HTMLElement {
  const [, label, index = ''] = /^(.*?)(\[[\d,]+\])?$/.exec(name)!;
  return el('span', {}, formula(label), el('span', { class: 'index' }, index));
}

export function pointing(names: readonly string[], point: Point): { on: Record<string, () => void> } {
  return { on: { pointerenter: () => point(names), pointerleave: () => point(null) } };
}

/** The names of the numbers that the unit reads, the first and the last of each row: where they stand is outlined. */
export function namesRead(step: WorkingStep, unit: number): [from: string, to: string][] {
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
