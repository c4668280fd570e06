import { smallTexts } from './numbers.js';
import { backgroundOf, type Depth, position, type Scale } from './palette.js';
import { gathered, type Panel } from './panels.js';
import { displayWidth, pad } from './text.js';

/**
 * Heat maps for a terminal: units down, steps across. With 256 colours or more, a cell is a coloured square; with sixteen or none, it is a
 * digit 0 … 9 with its sign, where 9 is the end of the scale. Without colour, the output is ASCII.
 */
export interface HeatMapOptions {
  readonly width: number;
  readonly depth: Depth;
  /** most rows of one map */
  readonly rows: number;
}

const GAP = 3;

/** Puts as many panels side by side as fit on a line, and the others below. */
export function heatMapsText(panels: readonly Panel[], options: HeatMapOptions): string {
  const blocks = panels.map(panel => block(panel, options));
  const lines: string[] = [];
  for (let from = 0; from < blocks.length; ) {
    let to = from + 1;
    let used = blocks[from].width;
    while (to < blocks.length && used + GAP + blocks[to].width <= options.width) used += GAP + blocks[to++].width;
    const together = blocks.slice(from, to);
    const height = Math.max(...together.map(b => b.lines.length));
    for (let row = 0; row < height; row++) {
      lines.push(
        together
          .map(b => padTo(b.lines[row] ?? '', b.width))
          .join(' '.repeat(GAP))
          .trimEnd(),
      );
    }
    lines.push('');
    from = to;
  }
  return lines.map(line => `${line}\n`).join('');
}

interface Block {
  readonly lines: readonly string[];
  readonly width: number;
}

function block(whole: Panel, { width, depth, rows }: HeatMapOptions): Block {
  const label = String(whole.M).length + 2;
  // two columns make a coloured cell about square; a digit needs its sign, and a space if there is room
  const digits = depth < 2;
  const fits = (cell: number) => whole.T * cell <= width - label;
  const cell = digits ? (fits(3) ? 3 : 2) : fits(2) ? 2 : 1;
  const { panel, steps, units } = gathered(whole, Math.max(1, Math.floor((width - label) / cell)), rows);
  const lines = [
    ` ${whole.title}   ${rangeText(whole.scale, digits, depth)}`,
    ...Array.from({ length: panel.M }, (_, m) => `${rowLabel(m, units, label)}${rowText(panel, m, cell, depth)}`),
    `${' '.repeat(label)}${axisText(panel.T, steps, cell)}`,
    `${' '.repeat(label)}${captionText(whole, steps, units)}`,
  ];
  return { lines, width: Math.max(...lines.map(visibleWidth)) };
}

function rangeText(scale: Scale, digits: boolean, depth: Depth): string {
  const { low, high } = scale;
  const [from, to] = smallTexts([low, high]);
  if (digits) return `9 is ${to}${low < 0 ? `, -9 is ${from}` : ''}`;
  const ramp = Array.from({ length: RAMP }, (_, i) => `\u001b[0;${backgroundOf(low + ((high - low) * i) / (RAMP - 1), scale, depth)}m `);
  return `${from} ${ramp.join('')}\u001b[0m ${to}`;
}

/** Cells of the legend, from the lowest colour to the highest; the number is odd, so that one shows the middle. */
const RAMP = 7;

function rowLabel(m: number, units: number, width: number): string {
  return pad(`${m * units + 1} `, width, 'right');
}

function rowText(panel: Panel, m: number, cell: number, depth: Depth): string {
  let text = '';
  let open = '';
  for (let t = 0; t < panel.T; t++) {
    const x = panel.value(t, m);
    const codes = backgroundOf(x, panel.scale, depth);
    const shown = depth < 2 ? digitText(x, panel.scale).padStart(cell) : ' '.repeat(cell);
    text += codes === open ? shown : `\u001b[0;${codes}m${shown}`;
    open = codes;
  }
  return depth === 0 ? text : `${text}\u001b[0m`;
}

/** A digit of the scale with its sign: '-7', '3', '0'. */
function digitText(x: number, scale: Scale): string {
  const at = position(x, scale);
  if (Number.isNaN(at)) return '?';
  return String(scale.kind === 'sequential' ? Math.round(at * 9) : Math.round((2 * at - 1) * 9));
}

/** As many step numbers as fit, below their columns: '1       5         10'. */
function axisText(T: number, steps: number, cell: number): string {
  const widest = String(T * steps).length + 1;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find(n => n * cell >= widest) ?? T;
  let text = '';
  for (let t = 0; t < T; t++) {
    const shown = t === 0 || (t + 1) % every === 0;
    const number = String(t * steps + 1);
    const end = (t + 1) * cell;
    // a number ends where its column ends
    if (shown && end - number.length >= (text === '' ? 0 : text.length + 1)) text = text.padEnd(Math.max(0, end - number.length)) + number;
  }
  return text;
}

function captionText({ T, M }: Panel, steps: number, units: number): string {
  const blocks = [steps > 1 ? `${steps} steps a column` : '', units > 1 ? `${units} units a row` : ''].filter(Boolean);
  return `T=${T} across, M=${M} down${blocks.length > 0 ? ` (means of ${blocks.join(', ')})` : ''}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are the subject
const CODES = /\u001b\[[\d;]*m/g;

function visibleWidth(line: string): number {
  return displayWidth(line.replace(CODES, ''));
}

function padTo(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - visibleWidth(line)));
}
