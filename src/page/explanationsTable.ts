import type { ComparePage } from '../run/page/pageData.js';
import type { Explanation } from '../run/result.js';
import { button, cell, el, scrolling, tableRow } from './dom.js';
import { numberText } from './text.js';

interface Row {
  readonly code: string;
  readonly residual: number;
  readonly verdict: string;
  readonly why: string;
  /** undefined: the network as specified */
  readonly explanation?: Explanation;
}

const MOST_ROWS = 8;

/**
 * The tested mistakes with their residuals (the difference that remains if the mistake is simulated) as bars on a logarithmic scale.
 * @param pick shows the loops of another explanation, if there are several
 */
export function explanationsTable(
  { result, loops }: ComparePage,
  chosen: Explanation | undefined,
  pick: (explanation: Explanation) => void,
): HTMLElement[] {
  const { explanations, asSpecified, tried } = result;
  if (explanations.length === 0) return [];
  const rows: Row[] = explanations.map(explanation => ({ ...explanation, residual: Number(explanation.residual), explanation }));
  if (asSpecified !== null)
    rows.push({ code: 'as specified', residual: Number(asSpecified), verdict: '', why: 'The network as it is described.' });
  rows.sort((a, b) => a.residual - b.residual);
  const logs = rows.map(({ residual }) => Math.log10(Math.max(residual, 1e-17)));
  const [low, high] = [Math.min(...logs) - 0.5, Math.max(...logs)];
  const choosable = new Set(loops.length > 1 ? loops.map(({ code }) => code) : []);
  const cells = rows.map((row, i) => {
    const { code, explanation } = row;
    const click = explanation && choosable.has(code) ? () => pick(explanation) : undefined;
    const name = click
      ? button({ class: 'quiet', 'aria-pressed': explanation === chosen, 'data-key': `why-${code}` }, click, code)
      : el('code', {}, code);
    return rowOf(row, name, (logs[i] - low) / Math.max(1e-9, high - low));
  });
  const first = rows.findIndex(({ explanation }) => explanation === undefined);
  const shown = cells.filter((_, i) => i < MOST_ROWS || i === first);
  const body = el('tbody', {}, ...shown);
  const showAll = () => {
    body.replaceChildren(...cells);
    all.remove();
  };
  const all = button({ class: 'quiet' }, showAll, `all ${rows.length}`);
  const heads = { mistake: '', verdict: '', residual: 'number', 'by powers of ten': 'bar-cell', 'what it is': '' };
  const head = el('tr', {}, ...Object.entries(heads).map(([text, kind]) => el('th', { scope: 'col', class: kind }, text)));
  return [
    el('h2', {}, `${tried} explanations tested`),
    scrolling('table-scroll wide', 'explanations and their residuals', el('table', { class: 'explanations' }, el('thead', {}, head), body)),
    ...(cells.length > shown.length ? [all] : []),
  ];
}

function rowOf({ residual, verdict, why }: Row, name: HTMLElement, part: number): HTMLElement {
  const bar = el('span', { class: `bar-fill ${verdict || 'plain'}` });
  bar.style.width = `${100 * part}%`;
  return tableRow(
    {},
    name,
    cell('kind', verdict === 'rejected' ? '' : verdict),
    cell('number', numberText(residual, 2)),
    cell('bar-cell', el('span', { class: 'bar-back' }, bar)),
    cell('reason-cell', why.split('\n')[0]),
  );
}
