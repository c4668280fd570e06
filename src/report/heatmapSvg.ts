import { smallText } from './numbers.js';
import { colourOf, type Rgb, type Scale } from './palette.js';
import { gathered, type Panel } from './panels.js';
import { FAINT, LINE, rect, svgDocument, text } from './svg.js';

/** Heat maps as an SVG: a panel for each gate and state, units down, steps across, a colour bar beside each. */

const PANELS_ACROSS = 3;
const MARGIN = 24;
const LEFT = 46;
const RIGHT = 62;
const TOP = 30;
const BOTTOM = 42;
/** approximate size of a panel's cells, in pixels */
const ROOM = { width: 260, height: 180 };
/** if there are more cells, they are averaged, so that a cell remains at least half a pixel wide */
const MOST = { columns: 520, rows: 360 };

/** Arranges heat maps in rows as an SVG document. */
export function heatMapsSvg(panels: readonly Panel[], title: string): string {
  const drawn = panels.map(draw);
  const width = Math.max(...drawn.map(panel => panel.width), 0);
  const height = Math.max(...drawn.map(panel => panel.height), 0);
  const across = Math.min(PANELS_ACROSS, Math.max(1, drawn.length));
  const down = Math.ceil(drawn.length / across);
  const body = [text(MARGIN, MARGIN + 6, title, { size: 15, bold: true })];
  drawn.forEach((panel, i) => {
    const x = MARGIN + (i % across) * width;
    const y = MARGIN + 20 + Math.floor(i / across) * height;
    body.push(`<g transform="translate(${x} ${y})">`, ...panel.body, '</g>');
  });
  return svgDocument(2 * MARGIN + across * width, 2 * MARGIN + 20 + down * height, title, body);
}

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly body: readonly string[];
}

function draw(whole: Panel): Drawn {
  const { panel, steps, units } = gathered(whole, MOST.columns, MOST.rows);
  const side = Math.min(26, ROOM.width / panel.T, ROOM.height / panel.M);
  const cell = { width: Math.max(side, Math.min(26, ROOM.width / panel.T)), height: Math.max(side, Math.min(26, ROOM.height / panel.M)) };
  const width = panel.T * cell.width;
  const height = panel.M * cell.height;
  const body = [text(LEFT, 18, whole.title, { size: 13, bold: true })];
  for (let m = 0; m < panel.M; m++) {
    for (let t = 0; t < panel.T; t++) {
      // cells overlap slightly, because renderers otherwise show seams
      const fill = hex(colourOf(panel.value(t, m), panel.scale));
      body.push(rect(LEFT + t * cell.width, TOP + m * cell.height, cell.width + 0.3, cell.height + 0.3, fill));
    }
  }
  body.push(rect(LEFT, TOP, width, height, 'none', LINE));
  body.push(...axes(whole, steps, units, cell, width, height), ...colourBar(panel.scale, LEFT + width + 12, Math.max(60, height)));
  return { width: LEFT + width + RIGHT, height: TOP + Math.max(60, height) + BOTTOM, body };
}

function axes(
  { T, M }: Panel,
  steps: number,
  units: number,
  cell: { width: number; height: number },
  width: number,
  height: number,
): string[] {
  const small = { size: 10, colour: FAINT };
  const parts = ticks(T, width, 24).map(t =>
    text(LEFT + ((t - 0.5) * cell.width) / steps, TOP + height + 13, String(t), { ...small, anchor: 'middle' }),
  );
  parts.push(
    ...ticks(M, height, 14).map(m => text(LEFT - 6, TOP + ((m - 0.5) * cell.height) / units + 3.5, String(m), { ...small, anchor: 'end' })),
  );
  parts.push(text(LEFT + width / 2, TOP + height + 29, `step t   (T = ${T})`, { size: 11, colour: FAINT, anchor: 'middle' }));
  parts.push(text(13, TOP + height / 2, `unit m   (M = ${M})`, { size: 11, colour: FAINT, anchor: 'middle', rotate: -90 }));
  return parts;
}

/** Tick positions: 1 and the multiples of a round number, at least `room` pixels apart. */
function ticks(count: number, pixels: number, room: number): number[] {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find(step => (step * pixels) / count >= room) ?? count;
  const round = Array.from({ length: Math.floor(count / every) }, (_, i) => (i + 1) * every);
  return round[0] === 1 ? round : [1, ...round.filter(t => ((t - 1) * pixels) / count >= room)];
}

const BAR_STEPS = 32;

function colourBar(scale: Scale, x: number, height: number): string[] {
  const step = height / BAR_STEPS;
  const at = (i: number) => scale.high - ((i + 0.5) / BAR_STEPS) * (scale.high - scale.low);
  const bar = Array.from({ length: BAR_STEPS }, (_, i) => rect(x, TOP + i * step, 10, step + 0.3, hex(colourOf(at(i), scale))));
  const label = (value: number, y: number) => text(x + 15, y, smallText(value, 3), { size: 10, colour: FAINT });
  const middle = (scale.low + scale.high) / 2;
  return [
    ...bar,
    rect(x, TOP, 10, height, 'none', LINE),
    label(scale.high, TOP + 8),
    label(middle, TOP + height / 2 + 3.5),
    label(scale.low, TOP + height),
  ];
}

function hex([r, g, b]: Rgb): string {
  return `#${[r, g, b].map(v => v.toString(16).padStart(2, '0')).join('')}`;
}
