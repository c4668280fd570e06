import type { HandLine, HandStep, How } from '../run/result.js';
import { el, replace } from './dom.js';
import { formula } from './formula.js';
import { lineKey, type Point, pointListeners, termCount, termsTable } from './handTerms.js';
import { numberText, shownName } from './text.js';

/**
 * The hand calculation of one unit at one step: every product, sum and function behind its numbers, each with the place it is read from.
 * From step to step, the numbers change and everything around them stays.
 */
export interface ByHand {
  readonly node: HTMLElement;
  /** @param unit from 0 @param note text in place of a missing calculation */
  show(step: HandStep | undefined, unit: number, note: string): void;
}

/** Updates a line to other numbers of the same kind. */
type Update = (value: number, how: How, unit: number) => void;

/** Lists with at least this many terms are folded; in a narrow window, shorter ones too. */
const foldFrom = () => (matchMedia('(max-width: 640px)').matches ? 16 : 60);

export function byHand(point: Point): ByHand {
  const node = el('section', { class: 'hand', 'aria-label': 'by hand' });
  const where = el('p', { class: 'where' });
  /** lines that the reader has folded or unfolded, by label */
  const folded = new Map<string, boolean>();
  let made = '';
  let updates: readonly Update[] = [];
  return {
    node,
    show(step, unit, note) {
      const lines = step?.lines.filter(line => unit < line.values.length) ?? [];
      const hows = lines.map(line => line.how(unit));
      const wanted = step ? [step.layer, step.direction, step.masked, ...step.equations, ...hows.map(lineKey)].join('\n') : note;
      if (wanted !== made) {
        made = wanted;
        const fold = hows.reduce((sum, how) => sum + termCount(how), 0) > foldFrom();
        const built = lines.map((line, i) => lineOf(line, hows[i], { last: i === lines.length - 1, fold, folded, point }));
        updates = built.map(({ update }) => update);
        const equations = step?.equations.map(line => el('p', {}, formula(line))) ?? [];
        replace(
          node,
          el('h2', {}, 'By hand'),
          ...(step ? [where, el('div', { class: 'equations' }, ...equations)] : [el('p', { class: 'note' }, note)]),
          step?.masked && el('p', { class: 'note' }, 'This step is padding: nothing is computed, the states are kept.'),
          ...(step?.masked ? [] : built.map(line => line.node)),
        );
      }
      for (const [i, update] of updates.entries()) update(lines[i].values[unit], hows[i], unit);
      if (step) replace(where, ...whereOf(step, unit, lines[lines.length - 1]));
    },
  };
}

function whereOf({ layer, direction, step, steps }: HandStep, unit: number, result: HandLine | undefined): (HTMLElement | string)[] {
  return [
    el('b', {}, shownName(layer, 40)),
    direction ? ` ${direction}s` : '',
    step === null ? '' : `, step t = ${step} of ${steps}`,
    `, unit ${unit + 1} of ${result?.values.length ?? 0}`,
  ];
}

interface LineOptions {
  /** whether this is the result */
  readonly last: boolean;
  readonly fold: boolean;
  readonly folded: Map<string, boolean>;
  readonly point: Point;
}

interface Line {
  readonly node: HTMLElement;
  readonly update: Update;
}

function lineOf({ label, role }: HandLine, how: How, { last, fold, folded, point }: LineOptions): Line {
  const value = el('span', { class: 'value' });
  const index = el('span', { class: 'index' });
  const name = el('span', { class: 'name' }, formula(label), index);
  const show = (next: number, unit: number) => {
    value.textContent = numberText(next, 7);
    index.textContent = `[${unit + 1}]`;
  };
  const kind = `line ${role}${last ? ' last' : ''}`;
  if (how.kind === 'number' || how.kind === 'function') return plainLine(how, kind, name, value, { show, point });
  let latest = how;
  let terms: ReturnType<typeof termsTable> | undefined;
  const node = el('details', { class: kind }, el('summary', { 'data-key': `line-${label}` }, name, value));
  // folded terms are only created when unfolded
  const unfolded = () => {
    if (!node.open) return;
    if (!terms) {
      terms = termsTable(latest, point);
      node.append(terms.node);
    }
    terms.update(latest);
  };
  node.open = !(folded.get(label) ?? (fold && role === 'part'));
  node.addEventListener('toggle', () => {
    folded.set(label, !node.open);
    unfolded();
  });
  return {
    node,
    update(next, of, unit) {
      show(next, unit);
      latest = of as typeof how;
      unfolded();
    },
  };
}

/** A line without terms: a number that is read, or a function of the line above. */
function plainLine(
  how: How,
  kind: string,
  name: HTMLElement,
  value: HTMLElement,
  { show, point }: { show(value: number, unit: number): void; readonly point: Point },
): Line {
  const argument = el('span', {});
  const shown = how.kind === 'function' && el('span', { class: 'how' }, formula(how.name), '(', argument, ') =');
  let place = '';
  const pointed = how.kind === 'number' ? pointListeners(() => [place], point) : {};
  return {
    node: el('div', { class: `${kind} plain`, tabindex: how.kind === 'number' ? 0 : undefined, ...pointed }, name, shown, value),
    update(next, of, unit) {
      show(next, unit);
      if (of.kind === 'function') argument.textContent = numberText(of.argument, 7);
      else if (of.kind === 'number') place = of.name;
    },
  };
}
