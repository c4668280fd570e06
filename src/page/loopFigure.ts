import { symmetric } from '../report/palette.js';
import type { Tensor } from '../tensor/tensor.js';
import { cellColour, css, isDark } from './colours.js';
import { svg } from './dom.js';

/**
 * Two consecutive samples, each unrolled; the mistake is in where the second one starts. Kept: it continues from the last h of the first.
 * Reset: it starts from zero.
 */
const PITCH = 88;
const BOX = { width: 68, height: 36 };
const LEFT = 150;
const ROW = 120;
const TOP = 26;
const HEIGHT = ROW + BOX.height + 2 * TOP;

/** @param h [samples, T, M] of the loop that is shown @param at index of the second sample in h @param sample its number, from 0 */
export function loopFigure(h: Tensor, at: number, sample: number, kept: boolean, room: number): SVGElement {
  const [, T, M] = h.shape;
  const most = Math.max(3, Math.floor((room - LEFT - 120) / PITCH));
  const steps: (number | null)[] =
    T <= most ? Array.from({ length: T }, (_, t) => t) : [...Array.from({ length: most - 2 }, (_, t) => t), null, T - 1];
  const x = (i: number) => LEFT + PITCH / 2 + i * PITCH;
  const width = x(steps.length - 1) + 110;
  const drawing = svg('svg', {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    width,
    height: HEIGHT,
    role: 'img',
    'aria-label': description(sample, kept),
  });
  drawing.append(svg('defs', {}, head('loop-head', 'arrow-head'), head('bad-head', 'bad-head')));
  [sample - 1, sample].forEach((n, row) => {
    const y = TOP + row * ROW;
    const middle = y + BOX.height / 2;
    drawing.append(text(16, middle - 2, `sample ${n + 1}`, 'label name'));
    const carried = row === 1 && kept;
    if (!carried)
      drawing.append(text(LEFT - 46, middle + 4, 'h = 0', row === 1 ? 'label right middle strong' : 'label maths-small middle'));
    if (!carried) drawing.append(arrow(LEFT - 24, middle, x(0) - BOX.width / 2, middle, row === 1 ? 'arrow right' : 'arrow'));
    steps.forEach((t, i) => {
      if (t === null) drawing.append(text(x(i), middle + 5, '⋯', 'label dots middle'));
      else drawing.append(...boxAt(h, at - 1 + row, t, x(i), y, M));
      if (i > 0) drawing.append(arrow(x(i - 1) + half(steps[i - 1]), middle, x(i) - half(t), middle, 'arrow'));
    });
  });
  const from = { x: x(steps.length - 1) + BOX.width / 2, y: TOP + BOX.height / 2 };
  const to = { x: x(0) - BOX.width / 2, y: TOP + ROW + BOX.height / 2 };
  const turn = TOP + BOX.height + 38;
  const path = `M${from.x} ${from.y} h24 v${turn - from.y} H${LEFT - 34} V${to.y} H${to.x}`;
  if (kept)
    drawing.append(
      svg('path', { class: 'arrow wrong', d: path, 'marker-end': 'url(#bad-head)' }),
      text((LEFT + from.x) / 2, turn - 7, `the last h of sample ${sample}`, 'label wrong middle'),
    );
  else drawing.append(text(from.x + 12, from.y + 4, '✕', 'label right strong'), text(from.x + 30, from.y + 4, 'forgotten', 'label right'));
  return drawing;
}

function half(step: number | null): number {
  return step === null ? 14 : BOX.width / 2;
}

function description(sample: number, kept: boolean): string {
  return kept
    ? `sample ${sample + 1} starts with the last h of sample ${sample}`
    : `sample ${sample + 1} starts with h = 0, as sample ${sample} does`;
}

function boxAt({ data, shape: [, T] }: Tensor, n: number, t: number, x: number, y: number, M: number): SVGElement[] {
  const count = Math.min(M, 12);
  const each = Math.min(12, (BOX.width - 10) / count);
  const start = x - (each * count) / 2;
  const dark = isDark();
  const cells = Array.from({ length: count }, (_, m) =>
    svg('rect', {
      x: start + m * each,
      y: y + 20,
      width: Math.max(1, each - 1),
      height: 9,
      fill: css(cellColour(data[(n * T + t) * M + m], symmetric(1), dark)),
    }),
  );
  return [
    svg('g', { class: 'box recurrent still' }, svg('rect', { x: x - BOX.width / 2, y, width: BOX.width, height: BOX.height, rx: 7 })),
    text(x, y + 15, `t = ${t + 1}`, 'label small middle'),
    ...cells,
  ];
}

function head(id: string, kind: string): SVGElement {
  const shape = svg('path', { d: 'M0 0 L7 3.5 L0 7 z', class: kind });
  return svg('marker', { id, markerWidth: 7, markerHeight: 7, refX: 6.4, refY: 3.5, orient: 'auto', markerUnits: 'userSpaceOnUse' }, shape);
}

function arrow(x1: number, y1: number, x2: number, y2: number, kind: string): SVGElement {
  return svg('line', { class: kind, x1, y1, x2, y2, 'marker-end': 'url(#loop-head)' });
}

function text(x: number, y: number, content: string, kind: string): SVGElement {
  return svg('text', { x, y, class: kind }, content);
}
