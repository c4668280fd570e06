import type { How, WorkingLine, WorkingStep } from '../run/result.js';
import { el } from './dom.js';
import { formula, roleOf } from './formula.js';
import { numberText, shownName } from './text.js';

/** The hand calculation of one unit at one step: every product, sum and function behind its numbers, each with where it is read. */

export interface ByHandActions {
  /** the pointer or the focus is on a number that stands elsewhere: 'x_t[1]', 'Wx[1,2]'; null: on none */
  point(names: readonly string[] | null): void;
  /** lines that are folded, by label */
  readonly folded: Map<string, boolean>;
}

const MOST_TERMS = 24;
/** With more terms their lists are folded; sooner where the window is narrow. */
const foldFrom = () => (matchMedia('(max-width: 640px)').matches ? 16 : 60);

/** @param unit from 0 */
export function byHand(step: WorkingStep, unit: number, actions: ByHandActions): HTMLElement[] {
  const lines = step.lines.filter(line => unit < line.values.length);
  const result = lines[lines.length - 1];
  const terms = lines.reduce((sum, line) => sum + termCount(line.how(unit)), 0);
  const title = el(
    'p',
    { class: 'where' },
    el('b', {}, shownName(step.layer, 40)),
    step.direction ? ` ${step.direction === 'forward' ? 'forwards' : 'backwards'}` : '',
    step.step === null ? '' : `, step t = ${step.step} of ${step.steps}`,
    `, unit ${unit + 1} of ${result?.values.length ?? 0}`,
  );
  const equations = el('div', { class: 'equations' }, ...step.equations.map(line => el('p', {}, formula(line))));
  if (step.masked) return [title, equations, el('p', { class: 'note' }, 'This step is padding: nothing is computed, the states are kept.')];
  return [title, equations, ...lines.map(line => lineOf(line, unit, { line: line === result, fold: terms > foldFrom() }, actions))];
}

function lineOf(
  line: WorkingLine,
  unit: number,
  { line: isResult, fold }: { line: boolean; fold: boolean },
  actions: ByHandActions,
): HTMLElement {
  const how = line.how(unit);
  const value = el('span', { class: 'value' }, numberText(line.values[unit], 7));
  const name = el('span', { class: 'name' }, formula(line.label), el('span', { class: 'index' }, `[${unit + 1}]`));
  const kind = `line ${line.role}${isResult ? ' last' : ''}`;
  if (how.kind === 'number') return el('div', { class: `${kind} plain`, ...pointing([how.name], actions) }, name, value);
  if (how.kind === 'function') {
    const shown = el('span', { class: 'how' }, formula(how.name), `(${numberText(how.argument, 7)}) =`);
    return el('div', { class: `${kind} plain` }, name, shown, value);
  }
  const details = el(
    'details',
    { class: kind },
    el('summary', { 'data-key': `line-${line.label}` }, name, value),
    termsTable(how, actions),
  );
  details.open = !(actions.folded.get(line.label) ?? (fold && line.role === 'part'));
  details.addEventListener('toggle', () => actions.folded.set(line.label, !details.open));
  return details;
}

function termCount(how: How): number {
  return how.kind === 'products' ? how.terms.length : how.kind === 'sum' ? how.addends.length : 1;
}

function termsTable(how: Extract<How, { kind: 'products' | 'sum' }>, actions: ByHandActions): HTMLElement {
  const rows = (from: number, to: number) =>
    how.kind === 'products'
      ? how.terms
          .slice(from, to)
          .map(({ left, a, right, b }) =>
            el(
              'tr',
              pointing([left, right], actions),
              el('td', { class: 'from' }, indexed(left)),
              el('td', { class: `number role-${roleOf(left)}` }, numberText(a)),
              el('td', { class: 'sign' }, '×'),
              el('td', { class: 'from' }, indexed(right)),
              el('td', { class: `number role-${roleOf(right)}` }, numberText(b)),
              el('td', { class: 'sign' }, '='),
              el('td', { class: 'number' }, numberText(a * b)),
            ),
          )
      : how.addends
          .slice(from, to)
          .map(({ label, value }, i) =>
            el(
              'tr',
              {},
              el('td', { class: 'sign' }, from + i === 0 ? '' : '+'),
              el('td', { class: 'from' }, formula(label)),
              el('td', { class: 'number' }, numberText(value)),
            ),
          );
  const count = termCount(how);
  const table = el('table', { class: how.kind }, el('tbody', {}, ...rows(0, MOST_TERMS)));
  const note = how.kind === 'sum' && how.limit !== null ? el('p', { class: 'note' }, `held within ±${how.limit}`) : null;
  if (count <= MOST_TERMS) return el('div', { class: 'terms' }, table, note);
  const more = el('button', { type: 'button', class: 'quiet' }, `all ${count} terms`);
  const box = el('div', { class: 'terms' }, table, more, note);
  more.addEventListener('click', () => {
    table.tBodies[0].append(...rows(MOST_TERMS, count));
    more.remove();
    box.classList.add('long');
    box.tabIndex = 0;
  });
  return box;
}

/** 'Wx_i[1,2]' with its place small behind it */
function indexed(name: string): HTMLElement {
  const [, label, index = ''] = /^(.*?)(\[[\d,]+\])?$/.exec(name)!;
  return el('span', {}, formula(label), el('span', { class: 'index' }, index));
}

function pointing(names: readonly string[], { point }: ByHandActions): { on: Record<string, () => void> } {
  return { on: { pointerenter: () => point(names), pointerleave: () => point(null) } };
}

/** The names of every number that the unit reads: where they stand is outlined. */
export function namesRead(step: WorkingStep, unit: number): string[] {
  const names: string[] = [];
  for (const line of step.lines) {
    if (unit >= line.values.length) continue;
    const how = line.how(unit);
    if (how.kind === 'products') for (const { left, right } of how.terms) names.push(left, right);
    else if (how.kind === 'number') names.push(how.name);
  }
  return names;
}
