import { isSequence, sizesText, symbolsText } from '../report/dims.js';
import type { LayerRow } from '../run/result.js';
import { setText, svg } from './dom.js';
import type { Column } from './figureColumns.js';
import type { Figure } from './figureView.js';
import { shownName } from './text.js';

/** Arrows, labels and shapes of the unrolled network. */

export function arrowHead(): SVGElement {
  const head = svg('path', { d: 'M0 0 L7 3.5 L0 7 z', class: 'arrow-head' });
  return svg(
    'defs',
    {},
    svg(
      'marker',
      { id: 'head', markerWidth: 7, markerHeight: 7, refX: 6.4, refY: 3.5, orient: 'auto', markerUnits: 'userSpaceOnUse' },
      head,
    ),
  );
}

/** What is below a layer and gives it its values. */
export interface Giver {
  readonly top: number;
  readonly columns: readonly Column[];
  /** where its arrows begin: at each step, the first, the last, or both ends */
  readonly ends: 'each' | 'first' | 'last' | 'both';
  readonly label: string;
  readonly step: string;
  readonly names: ReadonlySet<string>;
}

/** Where the output of a layer is: at the last step, at the first if it reads backwards, at both if it is bidirectional. */
export function endsOf(layer: LayerRow): Giver['ends'] {
  if (isSequence(layer.output)) return 'each';
  if (layer.bidirectional) return 'both';
  return layer.options.goBackwards === true ? 'first' : 'last';
}

export function columnsAt(ends: Giver['ends'], columns: readonly Column[]): readonly Column[] {
  const all = columns.filter(column => column.step !== null);
  if (ends === 'each' || all.length === 1) return all;
  return { first: [all[0]], last: all.slice(-1), both: [all[0], all[all.length - 1]] }[ends];
}

export function line(x1: number, y1: number, x2: number, y2: number): SVGElement {
  return svg('line', { class: 'arrow', x1, y1, x2, y2, 'marker-end': 'url(#head)' });
}

export function label(x: number, y: number, text: string, kind: string): SVGElement {
  return svg('text', { x, y, class: `label ${kind}` }, text);
}

/** A letter with the column's number as a subscript, which follows the column: 'x₃'. */
export function indexed(column: Column, y: number, letter: string, marks: Figure['marks']): SVGElement {
  const index = svg('tspan', { dy: 4, class: 'sub' }, column.label);
  marks.push(() => setText(index, column.label));
  return svg('text', { x: column.x, y, class: 'label maths middle' }, letter, index);
}

export function kindText(layer: LayerRow): string {
  return `${layer.bidirectional ? 'both ways' : shownName(layer.kerasClass, 18)}`;
}

/** '(N, T, M) N×10×5' */
export function dimsText(shape: LayerRow['input']): string {
  return `${symbolsText(shape)}  ${sizesText(shape)}`;
}
