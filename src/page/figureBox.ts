import type { LayerRow } from '../run/result.js';
import { cellColour, css, fitted, isDark } from './colours.js';
import { svg } from './dom.js';
import { SYMBOLIC } from './figureColumns.js';
import { label } from './figureParts.js';
import type { Figure } from './figureView.js';
import { shownName } from './text.js';

export const BOX = { width: 62, height: 40 };
export const GAP = 50;
export const WAY_GAP = 16;

interface Box {
  readonly layer: LayerRow;
  readonly way: number;
  readonly step: number | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A layer at a step, a button, with its values as a strip of cells. */
export function box({ drawing, view, actions, marks, strips }: Figure, { layer, way, step, x, y, width }: Box): void {
  const family = layer.returnSequences !== null ? 'recurrent' : layer.kind === 'dense' ? 'dense' : 'other';
  const name = layer.returnSequences === null ? layer.kind : layer.kind === 'rnn' ? 'RNN' : layer.kind.toUpperCase();
  const act = () => actions.choose(layer.name, way, step);
  const place = `${shownName(layer.name, 30)}${layer.bidirectional ? (way === 0 ? ' forwards' : ' backwards') : ''}${step === null ? '' : `, step ${step === SYMBOLIC ? 'T' : step + 1}`}`;
  const called = place.toLowerCase().includes(name.toLowerCase()) ? place : `${place}, ${shownName(name, 10)}`;
  const values = view.strip(layer.name, way, step ?? (view.steps(layer.name) ?? 1) - 1);
  if (values && values.length > 0) strips.push({ values, of: `${layer.name} ${way}`, x: x + 7, y: y + BOX.height - 15, width: width - 14 });
  const node = svg(
    'g',
    {
      role: 'button',
      'aria-label': called,
      'data-key': `box-${layer.name}-${way}-${step}`,
      on: {
        click: act,
        keydown: event => {
          const { key } = event as KeyboardEvent;
          if (key !== 'Enter' && key !== ' ') return;
          event.preventDefault();
          event.stopPropagation();
          act();
        },
      },
    },
    svg('rect', { x, y, width, height: BOX.height, rx: 7 }),
    label(
      x + width / 2,
      y + (values ? 17 : BOX.height / 2 + 4.5),
      shownName(name, 10),
      name.length > 7 && width === BOX.width ? 'kind middle long' : 'kind middle',
    ),
  );
  drawing.append(node);
  let state = '';
  marks.push(now => {
    const chosen = layer.name === now.layer && way === now.way;
    const here = chosen && (step === null || step === now.step);
    const next = `box ${family}${chosen ? ' chosen' : ''}${here ? ' here' : ''}`;
    if (next === state) return;
    state = next;
    node.setAttribute('class', next);
    node.setAttribute('tabindex', here ? '0' : '-1');
    node.setAttribute('aria-pressed', String(here));
  });
}

const MOST_CELLS = 16;

/** The strips of all boxes on one canvas over the drawing. */
export function stripsOn(canvas: HTMLCanvasElement, { strips, width, height }: Figure): void {
  const context = canvas.getContext('2d')!;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  context.scale(ratio, ratio);
  const dark = isDark();
  // one scale for all steps of a layer
  const scales = new Map(
    [...new Set(strips.map(({ of }) => of))].map(name => [name, fitted(strips.flatMap(s => (s.of === name ? Array.from(s.values) : [])))]),
  );
  for (const { values, of, x, y, width: room } of strips) {
    const count = Math.min(values.length, MOST_CELLS);
    const each = Math.min(14, room / count);
    const start = x + (room - each * count) / 2;
    for (let k = 0; k < count; k++) {
      context.fillStyle = css(cellColour(values[k], scales.get(of)!, dark));
      context.fillRect(start + k * each, y, Math.max(1, each - 1), 8);
    }
  }
}
