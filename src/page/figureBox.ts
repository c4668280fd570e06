import { isSequence } from '../report/dims.js';
import type { LayerRow } from '../run/result.js';
import { cellColour, css, fitted, isDark } from './colours.js';
import { type Attributes, svg } from './dom.js';
import { type Column, SYMBOLIC } from './figureColumns.js';
import { label } from './figureParts.js';
import type { Figure } from './figureView.js';
import { shownName } from './text.js';

export const BOX = { width: 62, height: 40 };
export const GAP = 50;
export const WAY_GAP = 16;

interface Box {
  readonly layer: LayerRow;
  readonly way: number;
  /** null: one box for all steps */
  readonly column: Column | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A layer at a step: a button, with its values as a strip of cells. */
export function box(figure: Figure, { layer, way, column, x, y, width }: Box): void {
  const { drawing, actions, marks, strips } = figure;
  const recurrent = layer.returnSequences !== null;
  // an operator is labelled with its function
  const name = recurrent ? (layer.kind === 'rnn' ? 'RNN' : layer.kind.toUpperCase()) : layer.kind === 'op' ? layer.kerasClass : layer.kind;
  const family = recurrent ? 'recurrent' : layer.kind === 'dense' ? 'dense' : 'other';
  const stepNow = () => (column ? column.step : null);
  const act = () => actions.choose(layer.name, way, stepNow());
  // a box for all steps has no single value of a sequence
  const hidden = column === null && isSequence(layer.output);
  const values = () => (hidden ? undefined : figure.view.strip(layer.name, way, stepNow() ?? (figure.view.steps(layer.name) ?? 1) - 1));
  strips.push({ values, of: `${layer.name} ${way}`, x: x + 7, y: y + BOX.height - 15, width: width - 14 });
  const kind = name.length > 7 && width === BOX.width ? 'kind middle long' : 'kind middle';
  const text = label(x + width / 2, y + BOX.height / 2 + 4.5, shownName(name, 10), kind);
  const node = svg('g', { role: 'button', on: pressed(act) }, svg('rect', { x, y, width, height: BOX.height, rx: 7 }), text);
  drawing.append(node);
  let states: readonly string[] = [];
  marks.push(now => {
    const step = stepNow();
    const chosen = layer.name === now.layer && way === now.way;
    const here = chosen && (step === null || step === now.step);
    const filled = (values()?.length ?? 0) > 0;
    const next = [String(step), `box ${family}${chosen ? ' chosen' : ''}${here ? ' here' : ''}`, String(filled)];
    const [sameStep, sameClass, sameFill] = next.map((state, i) => state === states[i]);
    states = next;
    if (!sameStep) {
      node.setAttribute('aria-label', calledAt(layer, way, step, name));
      node.setAttribute('data-key', `box-${layer.name}-${way}-${step}`);
    }
    if (!sameFill) text.setAttribute('y', String(y + (filled ? 17 : BOX.height / 2 + 4.5)));
    if (sameClass) return;
    node.setAttribute('class', next[1]);
    // if no step is selected, the first box of a layer receives the keyboard focus
    node.setAttribute('tabindex', here || (now.step < 0 && !(step !== null && step > 0)) ? '0' : '-1');
    node.setAttribute('aria-pressed', String(here));
  });
}

/** Listeners that make a drawing act as a button: a click, Enter or Space. */
function pressed(act: () => void): NonNullable<Attributes['on']> {
  return {
    click: act,
    keydown(event) {
      const { key } = event as KeyboardEvent;
      if (key !== 'Enter' && key !== ' ') return;
      event.preventDefault();
      event.stopPropagation();
      act();
    },
  };
}

/** 'lstm_1 backwards, step 3' */
function calledAt(layer: LayerRow, way: number, step: number | null, name: string): string {
  const direction = layer.bidirectional ? (way === 0 ? ' forwards' : ' backwards') : '';
  const place = `${shownName(layer.name, 30)}${direction}${step === null ? '' : `, step ${step === SYMBOLIC ? 'T' : step + 1}`}`;
  return place.toLowerCase().includes(name.toLowerCase()) ? place : `${place}, ${shownName(name, 10)}`;
}

const MOST_CELLS = 16;

/** Draws the strips of all boxes on one canvas over the drawing. */
export function stripsOn(canvas: HTMLCanvasElement, { strips, width, height }: Figure): void {
  const context = canvas.getContext('2d')!;
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    Object.assign(canvas, { width: wide, height: high });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const dark = isDark();
  const shown = strips.map(strip => ({ ...strip, values: strip.values() ?? [] }));
  // all steps of a layer share one scale
  const scales = new Map(
    [...new Set(shown.map(({ of }) => of))].map(name => [name, fitted(shown.flatMap(s => (s.of === name ? Array.from(s.values) : [])))]),
  );
  for (const { values, of, x, y, width: room } of shown) {
    const count = Math.min(values.length, MOST_CELLS);
    const each = Math.min(14, room / count);
    const start = x + (room - each * count) / 2;
    for (let k = 0; k < count; k++) {
      context.fillStyle = css(cellColour(values[k], scales.get(of)!, dark));
      context.fillRect(start + k * each, y, Math.max(1, each - 1), 8);
    }
  }
}
