import { sizesText } from '../report/dims.js';
import { bytesText } from '../report/numbers.js';
import type { LayerRow, ShapesResult } from '../run/result.js';
import { dataTable } from './dataTable.js';
import { el } from './dom.js';
import { withNumbers } from './sizes.js';
import { shownName } from './text.js';

/** Layers, weights, shapes and counts with their arithmetic. */
export function layerTable(result: ShapesResult, choose: (layer: string) => void): HTMLElement {
  const { dims, totals, input } = result;
  const heads = ['layer', 'what', 'shape', '', 'parameters', 'how'];
  const rows: HTMLElement[] = [
    el('tr', {}, el('th', { scope: 'row' }, 'input'), el('td', {}, el('var', {}, 'x')), shapeCell(input.dims, true), sizesCell(input), el('td', { class: 'number' }, '–'), el('td', {})),
  ]; // biome-ignore format: a row
  for (const layer of result.layers) rows.push(...layerRows(layer, dims, choose));
  const total = el(
    'tr',
    { class: 'total' },
    el('th', { scope: 'row' }, 'total'),
    el('td', { colspan: 3 }),
    el('td', { class: 'number' }, countText(totals.params)),
    el('td', {}, `${bytesText(totals.bytes)} as float32`),
  );
  return dataTable({ label: 'layers, shapes and parameters', kind: 'wide', heads, number: 'parameters', rows: [...rows, total] });
}

/** The chosen layer stands out, here and in the picture. */
export function markLayer(table: HTMLElement, chosen: string): void {
  for (const row of table.querySelectorAll<HTMLElement>('tr[data-layer]')) {
    row.classList.toggle('chosen', row.dataset.layer === chosen);
    row.querySelector('button')?.setAttribute('aria-pressed', String(row.dataset.layer === chosen));
  }
}

function layerRows(layer: LayerRow, dims: ShapesResult['dims'], choose: (layer: string) => void): HTMLElement[] {
  const { name, weights, output, params, formula } = layer;
  const button = el(
    'button',
    { type: 'button', class: 'quiet', 'data-key': `row-${name}`, on: { click: () => choose(name) } },
    shownName(name, 30),
  );
  const of = weights.map((weight, i) =>
    el(
      'tr',
      { 'data-layer': name },
      i === 0 ? el('th', { scope: 'row' }, button) : el('td', {}),
      el('td', {}, el('var', {}, weight.name), weight.gates ? el('span', { class: 'gates' }, ` ${weight.gates.join(' ')}`) : ''),
      shapeCell(weight.dims, false),
      el('td', { class: 'sizes' }, weight.shape.join('×')),
      el('td', { class: 'number' }, countText(weight.count)),
      el('td', { class: 'how' }, ...howText(weight.formula, dims, weight.count)),
    ),
  );
  const what = layer.returnSequences === null ? '→ output' : layer.returnSequences ? '→ every h' : '→ last h';
  const last = el(
    'tr',
    { class: 'result', 'data-layer': name },
    weights.length === 0 ? el('th', { scope: 'row' }, button) : el('td', {}),
    el('td', {}, what),
    shapeCell(output.dims, true),
    sizesCell(output),
    el('td', { class: 'number' }, countText(params)),
    el('td', { class: 'how' }, ...(formula ? howText(formula, dims, params) : [])),
  );
  return [...of, last];
}

/** '4·M·(D + M + 1) = 4·5·(3 + 5 + 1) = 180' */
function howText(formula: string, dims: ShapesResult['dims'], count: number | bigint | null): (string | HTMLElement)[] {
  const numbers = withNumbers(formula, dims);
  const letters = lettersIn(withNumbers(formula, {}));
  return numbers === String(count) ? letters : [...letters, el('span', { class: 'worked' }, ` = ${numbers}`)];
}

/** Each letter in the colour of its axis. */
export function lettersIn(text: string): (string | HTMLElement)[] {
  return text.split(/([A-Z]\d*)/).map((part, i) => (i % 2 === 1 ? el('var', { class: `axis-${part.replace(/\d/g, '')}` }, part) : part));
}

function shapeCell(dims: readonly string[], batch: boolean): HTMLElement {
  const letters = dims.flatMap((dim, i) => [
    ...(i > 0 ? [batch ? ', ' : ' × '] : []),
    ...lettersIn(dim.replace(/^(\d+)\*?(?=[A-Z])/, '$1·')),
  ]);
  return el('td', { class: 'dims' }, ...(batch ? ['(', ...letters, ')'] : letters));
}

function sizesCell(shape: LayerRow['input']): HTMLElement {
  return el('td', { class: 'sizes' }, sizesText(shape));
}

/** Open where D is. */
export function countText(count: number | bigint | null): string {
  return count === null ? '?' : count.toLocaleString('en');
}
