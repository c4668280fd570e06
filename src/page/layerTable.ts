import { sizesText } from '../report/dims.js';
import { bytesText } from '../report/numbers.js';
import type { LayerRow, ShapesResult } from '../run/result.js';
import { dataTable } from './dataTable.js';
import { button, cell, el, tableRow } from './dom.js';
import { withNumbers } from './sizes.js';
import { shownName } from './text.js';

/** Layers with their weights, shapes and counts, and the arithmetic behind the counts. */
export function layerTable(result: ShapesResult, choose: (layer: string) => void): HTMLElement {
  const { dims, totals, input } = result;
  const heads = ['layer', 'what', 'shape', '', 'parameters', 'how'];
  const rows: HTMLElement[] = [
    tableRow({}, 'input', cell('', el('var', {}, 'x')), shapeCell(input.dims, true), sizesCell(input), cell('number', '–'), cell('')),
  ];
  for (const layer of result.layers) rows.push(...layerRows(layer, dims, choose));
  const total = tableRow(
    { class: 'total' },
    'total',
    el('td', { colspan: 3 }),
    cell('number', countText(totals.params)),
    cell('', `${bytesText(totals.bytes)} as float32`),
  );
  return dataTable({ label: 'layers, shapes and parameters', kind: 'wide', heads, number: 'parameters', rows: [...rows, total] });
}

/** Highlights the chosen layer in the table. */
export function markLayer(table: HTMLElement, chosen: string): void {
  for (const row of table.querySelectorAll<HTMLElement>('tr[data-layer]')) {
    row.classList.toggle('chosen', row.dataset.layer === chosen);
    row.querySelector('button')?.setAttribute('aria-pressed', String(row.dataset.layer === chosen));
  }
}

function layerRows(layer: LayerRow, dims: ShapesResult['dims'], choose: (layer: string) => void): HTMLElement[] {
  const { name, weights, output, params, formula } = layer;
  const own = button({ class: 'quiet', 'data-key': `row-${name}` }, () => choose(name), shownName(name, 30));
  const heading = (isShown: boolean) => (isShown ? el('th', { scope: 'row' }, own) : cell(''));
  const of = weights.map((weight, i) =>
    el(
      'tr',
      { 'data-layer': name },
      heading(i === 0),
      cell('', el('var', {}, weight.name), weight.gates ? el('span', { class: 'gates' }, ` ${weight.gates.join(' ')}`) : ''),
      shapeCell(weight.dims, false),
      cell('sizes', weight.shape.join('×')),
      cell('number', countText(weight.count)),
      cell('how', ...howText(weight.formula, dims, weight.count)),
    ),
  );
  const what = layer.returnSequences === null ? '→ output' : layer.returnSequences ? '→ every h' : '→ last h';
  const last = el(
    'tr',
    { class: 'result', 'data-layer': name },
    heading(weights.length === 0),
    cell('', what),
    shapeCell(output.dims, true),
    sizesCell(output),
    cell('number', countText(params)),
    cell('how', ...(formula ? howText(formula, dims, params) : [])),
  );
  return [...of, last];
}

/** '4·M·(D + M + 1) = 4·5·(3 + 5 + 1) = 180' */
function howText(formula: string, dims: ShapesResult['dims'], count: number | bigint | null): (string | HTMLElement)[] {
  const numbers = withNumbers(formula, dims);
  const letters = lettersIn(withNumbers(formula, {}));
  return numbers === String(count) ? letters : [...letters, el('span', { class: 'worked' }, ` = ${numbers}`)];
}

/** Colours each letter like its axis. */
export function lettersIn(text: string): (string | HTMLElement)[] {
  return text.split(/([A-Z]\d*)/).map((part, i) => (i % 2 === 1 ? el('var', { class: `axis-${part.replace(/\d/g, '')}` }, part) : part));
}

function shapeCell(dims: readonly string[], batch: boolean): HTMLElement {
  const letters = dims.flatMap((dim, i) => [
    ...(i > 0 ? [batch ? ', ' : ' × '] : []),
    ...lettersIn(dim.replace(/^(\d+)\*?(?=[A-Z])/, '$1·')),
  ]);
  return cell('dims', ...(batch ? ['(', ...letters, ')'] : letters));
}

function sizesCell(shape: LayerRow['input']): HTMLElement {
  return cell('sizes', sizesText(shape));
}

/** A count; '?' if D is not known. */
export function countText(count: number | bigint | null): string {
  return count === null ? '?' : count.toLocaleString('en');
}
